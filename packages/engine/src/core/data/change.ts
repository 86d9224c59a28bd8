/**
 * Change: what a watcher receives about one key, derived from one effect of one committed record.
 */

import type { ShardId } from '../protocol/ids.ts';
import { textOf } from './block.ts';
import type { ValueKind } from './operation.ts';
import type { PreviousValue, Record } from './record.ts';

/** `clear`: the whole shard was emptied; `key` is '' then. */
export type ChangeType = 'put' | 'delete' | 'expire' | 'evict' | 'clear';

export interface Change {
  readonly type: ChangeType;
  readonly key: string;
  /** Of a put; '' otherwise. */
  readonly value: string;
  readonly kind: ValueKind;
  readonly expiresAt: number;
  /** The seq of the record: grows with every change of a shard; all changes of one record have the same. */
  readonly version: number;
  readonly shard: ShardId;
  /** If requested: the previous value; null = none. */
  readonly previous: PreviousValue | null;
  /** Changes of one transaction carry the same mark, different from all others; 0 = of no transaction. */
  readonly transaction: number;
}

const NO_KIND: ValueKind = 0;
/** What a change counts for besides its strings. */
const CHANGE_BYTES = 100;

/** What holding a change counts for against a bound in bytes. */
export function bytesOfChange({ key, value, previous }: Change): number {
  return CHANGE_BYTES + key.length + value.length + (previous?.value.length ?? 0);
}

/** The changes in a record's effect, in order. */
export function changesOf(
  shard: ShardId,
  { seq, effect }: Pick<Record, 'seq' | 'effect'>,
  transaction: number,
): Change[] {
  const common = { shard, version: seq, transaction };
  switch (effect.type) {
    case 'none':
    case 'deadline':
    case 'patch':
      return [];
    case 'put': {
      const { key, kind, expiresAt, previous = null } = effect;
      return [{ type: 'put', key, value: textOf(effect.value), kind, expiresAt, previous, ...common }];
    }
    case 'remove': {
      const { key, cause: type, previous = null } = effect;
      return [{ type, key, value: '', kind: NO_KIND, expiresAt: 0, previous, ...common }];
    }
    case 'clear':
      return [{ type: 'clear', key: '', value: '', kind: NO_KIND, expiresAt: 0, previous: null, ...common }];
    case 'many':
      return effect.effects.flatMap((part) => changesOf(shard, { seq, effect: part }, transaction));
  }
}
