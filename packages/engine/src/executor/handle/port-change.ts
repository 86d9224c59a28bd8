/**
 * PortChange: changes as parts of a batch (port-wire.ts has the grammar), and places of a watch.
 *
 * Invariant  readChange gives back what writeChange wrote, and consumes exactly the same words.
 */
import { KIND_BITS, KIND_MASK } from '../../core/codec/grammar.ts';
import type { Reader } from '../../core/codec/reader.ts';
import { readPrevious, writePrevious } from '../../core/codec/records.ts';
import type { Writer } from '../../core/codec/writer.ts';
import type { Change, ChangeType } from '../../core/data/change.ts';
import type { ValueKind } from '../../core/data/operation.ts';
import type { ShardId } from '../../core/protocol/ids.ts';

/** The code: three bits of type, KIND_BITS of kind, one for a value before. */
const TYPES: readonly ChangeType[] = ['put', 'delete', 'expire', 'evict', 'clear'];
const TYPE_MASK = 7;
const KIND_SHIFT = 3;
const HAS_PREVIOUS = 1 << (KIND_SHIFT + KIND_BITS);

export function writeChange(out: Writer, change: Change): void {
  const { type, key, value, kind, expiresAt, version, shard, transaction, previous } = change;
  const code = TYPES.indexOf(type) | (kind << KIND_SHIFT) | (previous === null ? 0 : HAS_PREVIOUS);
  out.word(code);
  out.text(key);
  out.text(value);
  out.number(expiresAt);
  out.number(version);
  out.word(shard);
  out.number(transaction);
  if (previous !== null) writePrevious(out, previous);
}

export function readChange(from: Reader): Change {
  const code = from.word();
  return {
    type: TYPES[code & TYPE_MASK]!,
    key: from.text(),
    value: from.text(),
    kind: ((code >> KIND_SHIFT) & KIND_MASK) as ValueKind,
    expiresAt: from.number(),
    version: from.number(),
    shard: from.word(),
    transaction: from.number(),
    previous: (code & HAS_PREVIOUS) === 0 ? null : readPrevious(from),
  };
}

export function flatPlaces(places: ReadonlyMap<ShardId, number>): number[] {
  return [...places].flat();
}

export function placesFrom(flat: readonly number[]): Map<ShardId, number> {
  const places = new Map<ShardId, number>();
  for (let at = 0; at < flat.length; at += 2) places.set(flat[at]!, flat[at + 1]!);
  return places;
}
