/**
 * ChangeReader: a change as the core tells it to the one a watcher's user sees.
 */
import type { Change as CoreChange } from '../../core/data/change.ts';
import { decodeKey, oneByteToBytes } from '../codec/keys.ts';
import { decodeValue } from '../codec/values.ts';
import type { Key } from '../store/store.ts';
import type { Change } from '../store/store-watch.ts';
import type { WatchPlan } from './watch-plan.ts';

type Mutable<T> = { -readonly [P in keyof T]: T[P] };

export class ChangeReader {
  readonly #plan: WatchPlan;

  constructor(plan: WatchPlan) {
    this.#plan = plan;
  }

  read(change: CoreChange): Change<unknown, Key> {
    const { type, expiresAt, version, shard, transaction } = change;
    const read = {
      type,
      key: this.#keyOf(change),
      value: type === 'put' ? decodeValue(change.value, change.kind) : undefined,
      version,
      shard,
      expiresAt: expiresAt === 0 ? undefined : Math.round(expiresAt),
      transaction: transaction === 0 ? undefined : transaction,
    } as Mutable<Change<unknown, Key>>; // a removal has no deadline either
    if (this.#plan.previous) {
      const { previous } = change;
      read.previous = previous === null ? undefined : decodeValue(previous.value, previous.kind);
    }
    return read;
  }

  #keyOf({ type, key }: CoreChange): Key {
    const { filter, keysAsBytes } = this.#plan;
    const told = type === 'clear' && filter.shard !== null ? filter.text : key;
    return keysAsBytes ? oneByteToBytes(told) : decodeKey(told);
  }
}
