/**
 * PortChange: changes as elements of a batch (port-wire.ts has the grammar), and places of a watch.
 *
 * Invariant  readChange gives back what writeChange wrote, and consumes exactly the same elements.
 */
import type { Change, ChangeType } from '../../core/data/change.ts';
import type { ValueKind } from '../../core/data/operation.ts';
import type { PreviousValue } from '../../core/data/record.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import { KIND_BITS, KIND_MASK, type WireElement } from '../../runtime/wire/wire.ts';
import type { Cursor } from '../../runtime/wire/wire-cursor.ts';

/** The code: three bits of type, KIND_BITS of kind, one for a value before. */
const TYPES: readonly ChangeType[] = ['put', 'delete', 'expire', 'evict', 'clear'];
const TYPE_MASK = 7;
const KIND_SHIFT = 3;
const HAS_PREVIOUS = 1 << (KIND_SHIFT + KIND_BITS);

export function writeChange(out: WireElement[], change: Change): void {
  const { type, key, value, kind, expiresAt, version, shard, transaction, previous } = change;
  const code = TYPES.indexOf(type) | (kind << KIND_SHIFT) | (previous === null ? 0 : HAS_PREVIOUS);
  out.push(code, key, value, expiresAt, version, shard, transaction);
  if (previous !== null) out.push(previous.kind, previous.value);
}

export function readChange(from: Cursor): Change {
  const code = from.number();
  return {
    type: TYPES[code & TYPE_MASK]!,
    key: from.string(),
    value: from.string(),
    kind: ((code >> KIND_SHIFT) & KIND_MASK) as ValueKind,
    expiresAt: from.number(),
    version: from.number(),
    shard: from.number(),
    transaction: from.number(),
    previous: (code & HAS_PREVIOUS) === 0 ? null : readPrevious(from),
  };
}

function readPrevious(from: Cursor): PreviousValue {
  return { kind: from.number() as ValueKind, value: from.string() };
}

export function flatPlaces(places: ReadonlyMap<ShardId, number>): number[] {
  return [...places].flat();
}

export function placesFrom(flat: readonly number[]): Map<ShardId, number> {
  const places = new Map<ShardId, number>();
  for (let at = 0; at < flat.length; at += 2) places.set(flat[at]!, flat[at + 1]!);
  return places;
}
