/**
 * ReadCache: values the master has seen, so that a read of a key that was read before is answered without asking its tail.
 *
 * An entry follows the accepted answers of its shard, which are the log (protocol §4.2), and is answered from only while its
 * slot is quiet (order-filter.ts). So a cached read is a direct read that takes no time to travel: linearizable, and never
 * older than what a watch was told (protocol §10).
 *
 * | an entry of key K | comes by                                   | answers a read of K                | goes by                        |
 * |-------------------|--------------------------------------------|------------------------------------|--------------------------------|
 * | none              |                                            | never                              | the value of a direct read: read |
 * | read              | a direct read's value; a read it answered  | if its slot is quiet and it lives  | plain write: written; else: none |
 * | written           | a plain write of K accepted while `read`   | as above, and is `read` again      | any write of K: none           |
 *
 * Plain are writes whose answer tells all that is stored: a put without a deadline, an increment. `None` by: every other write
 * of K (append, new deadline, delete, transaction, install …), the primary's own removal (expiry, eviction), its chunk being the
 * oldest and wanted. A clear, the loss of the shard and its reset end all entries of the shard at once (`generation`).
 *
 * Owns      the bytes of the entries, which of them are in use, what an accepted answer does to them.
 * Does not  know what is in flight (shard-queue.ts), judge deadlines or count reads (shard-control.ts).
 * Invariants
 *   RC1  an entry is what the accepted answers of its shard left of its key; nothing that is not accepted ever changes it.
 *   RC2  what an accepted answer does to entries is done before anybody hears of the answer: caller or watcher.
 *   RC3  a direct read's value is kept only if nothing was accepted of its key since the read was sent: no write can be (OF1), and
 *       an own removal of the primary marks the reads it overtakes (`spoilReads`).
 *   RC4  `bytes`, all it holds in memory, is never more than `bytesMax`.
 *   RC5  a decoded copy is of one entry as it lies here (decoded-copies.ts, DC1).
 * Limits    Values of VALUE_BYTES_MAX and more, blocks included, stay out: they would drive out hundreds of others. That a key
 *           is absent is not kept either.
 * Why a key is enough to find an entry: it lies in one shard.
 * Cost      An accepted write of a key that is cached finds its entry: some misses of the processor's caches, 0.5 us of the master's
 *           time where there are 100,000. Once keys are only written they are gone from here after their second write.
 */

import { keysOf } from '../../data/group/keys.ts';
import { NO_TTL, type Operation, type PutOperation, type ValueKind } from '../../data/operation.ts';
import type { Effect } from '../../data/record.ts';
import { type Result, Status, valueResult } from '../../data/result.ts';
import { isReadOnly } from '../../data/transaction.ts';
import type { ShardId } from '../../protocol/ids.ts';
import type { KeyInPlace, ValueInPlace } from '../../protocol/machines.ts';
import { KEY_BYTES_MAX, PackedKey } from '../../store/hash.ts';
import type { Memory } from '../../store/store.ts';
import type { Call } from '../shard/call.ts';
import { CacheIndex, NO_CELL } from './cache-index.ts';
import { CacheRing, COPY, GENERATION, HASH, unitsOf } from './cache-ring.ts';
import { DecodedCopies, DecodedCopy } from './decoded-copies.ts';

/** No entry. */
export const NOWHERE = -1;

/** Longer values are not kept. */
const VALUE_BYTES_MAX = 64 * 1024;
/** The part of the budget that decoded copies may weigh, and the most. */
const COPIES_PART = 4;
const COPIES_BYTES_MAX = 16 * 1024 * 1024;

/** Flags of an entry: the kind, and these. */
const KIND_MASK = 0xff;
const READ = 0x100;
const DEAD = 0x200;

export interface ReadCacheParts {
  readonly shards: number;
  /** What all of it may take; 0 = it keeps nothing. */
  readonly bytesMax: number;
  readonly hashSeed: number;
  readonly memory: Memory;
}

export class ReadCache {
  readonly bytesMax: number;
  /** Reads it has answered. */
  hits = 0;
  private readonly key0: number;
  private readonly key1: number;
  private readonly packed = new PackedKey();
  private readonly index = new CacheIndex();
  private readonly ring: CacheRing;
  private readonly copies: DecodedCopies;
  private readonly generations: Int32Array;
  /** What ring and index may take together. */
  private readonly ringMax: number;

  constructor({ shards, bytesMax, hashSeed, memory }: ReadCacheParts) {
    this.bytesMax = bytesMax;
    const copiesMax = Math.min(COPIES_BYTES_MAX, Math.floor(bytesMax / COPIES_PART));
    this.ringMax = bytesMax - copiesMax;
    // As the stores do: the hash is what a node knows a used entry by.
    this.key0 = hashSeed | 0;
    this.key1 = (hashSeed / 0x1_0000_0000) | 0;
    this.ring = new CacheRing(memory, this.ringMax);
    this.copies = new DecodedCopies(copiesMax, ({ place }) => this.ring.setWord(place, COPY, 0));
    this.generations = new Int32Array(shards);
  }

  /** Whether anything fits at all. */
  get isOn(): boolean {
    return this.ring.chunkBytes + this.index.bytes <= this.ringMax;
  }

  /** All that it holds in memory. */
  get bytes(): number {
    return this.ring.chunkCount === 0 ? 0 : this.ring.bytes + this.index.bytes + this.copies.bytes;
  }

  /** Keys it has, some of which may be of no use any more. */
  get size(): number {
    return this.index.size;
  }

  // ---- reading --------------------------------------------------------------------------------------------------

  /** Where the entry of a key lies. */
  find(key: string): number {
    if (this.index.size === 0 || key.length > KEY_BYTES_MAX) return NOWHERE;
    this.packed.pack(key);
    return this.findPacked();
  }

  /** {@link find} of a key that lies among bytes. */
  findBytes({ bytes, from, length }: KeyInPlace): number {
    if (this.index.size === 0 || length > KEY_BYTES_MAX) return NOWHERE;
    this.packed.packBytes(bytes, from, length);
    return this.findPacked();
  }

  private findPacked(): number {
    const cell = this.cellOfPacked();
    if (cell === NO_CELL) return NOWHERE;
    const place = this.index.placeAt(cell);
    if (this.isCurrent(this.ring.shardAt(place), this.ring.word(place, GENERATION))) return place;
    this.drop(cell);
    return NOWHERE;
  }

  /** Packs the key: `hashNow` is its hash then. */
  private cellOf(key: string): number {
    if (key.length > KEY_BYTES_MAX) return NO_CELL;
    this.packed.pack(key);
    return this.cellOfPacked();
  }

  private cellOfPacked(): number {
    const { index, packed } = this;
    const hash = packed.hash(this.key0, this.key1);
    this.hashNow = hash;
    let cell = index.first(hash);
    while (cell !== NO_CELL && !this.ring.hasKey(index.placeAt(cell), packed)) cell = index.next(cell, hash);
    return cell;
  }
  private hashNow = 0;

  private isCurrent(shard: ShardId, generation: number): boolean {
    return this.generations[shard] === generation;
  }

  shardAt(place: number): ShardId {
    return this.ring.shardAt(place);
  }

  slotAt(place: number): number {
    return this.ring.slotAt(place);
  }

  hashAt(place: number): number {
    return this.ring.word(place, HASH);
  }

  expiresAt(place: number): number {
    return this.ring.expiresAt(place);
  }

  kindAt(place: number): ValueKind {
    return (this.ring.flagsAt(place) & KIND_MASK) as ValueKind;
  }

  /** The value of an entry where it lies, which counts as a read of it. */
  showAt(place: number): ValueInPlace {
    this.noteRead(place);
    return this.ring.showAt(place);
  }

  /** The mark is mostly there: then the entry is not written to. */
  private noteRead(place: number): number {
    const flags = this.ring.flagsAt(place);
    if ((flags & READ) === 0) this.ring.setFlags(place, flags | READ);
    return flags;
  }

  valueBytesAt(place: number): number {
    return this.ring.valueBytesAt(place);
  }

  /** What a tail would answer; `head`: without the value, as `stat` does. Counts as a read of the entry. */
  answerAt(place: number, head: boolean): Result {
    const { ring } = this;
    const kind = (this.noteRead(place) & KIND_MASK) as ValueKind;
    const value = head ? String(ring.valueBytesAt(place)) : ring.valueAt(place);
    return valueResult(Status.ok, ring.versionAt(place), value, kind, ring.expiresAt(place));
  }

  // ---- decoded copies -------------------------------------------------------------------------------------------

  /** The decoded copy of the entry of a key that is written so. */
  copyOf(name: string): DecodedCopy | undefined {
    const copy = this.copies.find(name);
    return copy !== undefined && this.isCurrent(copy.shard, copy.generation) ? copy : undefined;
  }

  /** Keeps what the value of an entry is decoded to. It was read just now, and so it stays while it has a copy. */
  keepCopy(name: string, key: string, value: unknown): void {
    if (!this.copies.wants(name, value)) return;
    const place = this.find(key);
    if (place === NOWHERE || this.ring.word(place, COPY) !== 0) return;
    const [shard, slot, hash] = [this.shardAt(place), this.slotAt(place), this.hashAt(place)];
    const [generation, expiresAt] = [this.generations[shard]!, this.expiresAt(place)];
    const copy = new DecodedCopy(name, value, { place, shard, slot, hash, generation, expiresAt });
    const number = this.copies.add(copy);
    this.ring.setWord(place, COPY, number);
  }

  private endCopy(place: number): void {
    const number = this.ring.word(place, COPY);
    if (number === 0) return;
    this.copies.end(number);
    this.ring.setWord(place, COPY, 0);
  }

  // ---- following the log ----------------------------------------------------------------------------------------

  /** The value of a direct read was accepted (RC3). */
  fill(shard: ShardId, slot: number, key: string, result: Result): void {
    const { status, version, value } = result;
    if (!this.isOn || status !== Status.ok || value === null || value.length >= VALUE_BYTES_MAX) return;
    const place = this.find(key);
    if (place !== NOWHERE && this.ring.versionAt(place) === version) this.setFlag(place, READ);
    else this.keep(shard, slot, key, READ, result);
  }

  /** A write was accepted with this result: every entry it is of is brought up to date, or forgotten. */
  onWrite({ shard, operation }: Call, result: Result): void {
    if (this.index.size === 0) return;
    switch (operation.verb) {
      case 'clear':
        return this.forgetShard(shard);
      case 'transaction':
        if (!isReadOnly(operation)) for (const key of keysOf(operation)) this.forget(key);
        return;
      case 'install':
        for (const { key } of operation.effects) this.forget(key);
        return;
      default:
        // What was refused has changed nothing.
        if (result.status === Status.ok) this.onKeyWrite(operation, result);
    }
  }

  private onKeyWrite(operation: Operation, result: Result): void {
    const cell = this.cellOf(operation.key);
    if (cell === NO_CELL) return;
    const place = this.index.placeAt(cell);
    const stored = this.isRead(place) ? storedBy(operation, result) : null;
    if (stored === null) this.drop(cell);
    else this.overwrite(cell, operation.key, stored);
  }

  private isRead(place: number): boolean {
    const { ring } = this;
    return this.isCurrent(ring.shardAt(place), ring.word(place, GENERATION)) && (ring.flagsAt(place) & READ) !== 0;
  }

  /** A record of the primary's own was accepted: expiry or eviction. */
  onOwnRecord(shard: ShardId, effect: Effect): void {
    if (effect.type === 'remove') this.forget(effect.key);
    else if (effect.type !== 'none') this.forgetShard(shard);
  }

  private forget(key: string): void {
    if (this.index.size === 0) return;
    const cell = this.cellOf(key);
    if (cell !== NO_CELL) this.drop(cell);
  }

  /** The shard was cleared, lost or reset. */
  forgetShard(shard: ShardId): void {
    this.generations[shard]! += 1;
  }

  /** The cluster ends: everything is given back. */
  close(): void {
    this.index.clear();
    this.copies.clear();
    while (this.ring.chunkCount > 0) this.ring.giveBackOldest();
  }

  // ---- entries --------------------------------------------------------------------------------------------------

  private overwrite(cell: number, key: string, stored: Result): void {
    const { ring } = this;
    const place = this.index.placeAt(cell);
    const value = stored.value!;
    if (value.length > ring.roomAt(place)) {
      const [shard, slot] = [this.shardAt(place), this.slotAt(place)];
      this.drop(cell);
      this.keep(shard, slot, key, 0, stored);
      return;
    }
    this.endCopy(place);
    ring.setFlags(place, stored.kind);
    ring.setTimes(place, stored.version, stored.expiresAt);
    ring.setValue(place, value);
  }

  private keep(shard: ShardId, slot: number, key: string, flags: number, stored: Result): void {
    const value = stored.value!;
    const known = this.cellOf(key);
    if (known !== NO_CELL) this.drop(known);
    const hash = this.hashNow;
    const units = unitsOf(key.length, value.length);
    const place = this.roomFor(units);
    if (place === NOWHERE) return;
    const { ring } = this;
    const header = { hash, shard, slot, flags: flags | stored.kind, units, generation: this.generations[shard]! };
    ring.write(place, header, this.packed);
    ring.setTimes(place, stored.version, stored.expiresAt);
    ring.setValue(place, value);
    this.index.add(hash, place);
  }

  /** Room for an entry, and for its cell in the index: the oldest entries make it if need be. */
  private roomFor(units: number): number {
    const { ring, index } = this;
    if (!ring.fits(units)) return NOWHERE;
    while (!index.hasRoom) {
      if (ring.bytes + 2 * index.bytes <= this.ringMax) index.grow();
      else if (ring.chunkCount === 0) return NOWHERE;
      else this.dropOldest(() => ring.giveBackOldest());
    }
    const place = ring.take(units);
    if (place >= 0) return place;
    if (ring.bytes + index.bytes + ring.chunkBytes <= this.ringMax) ring.begin();
    else if (ring.chunkCount === 0) return NOWHERE;
    else this.dropOldest(() => ring.beginOldest());
    return ring.take(units);
  }

  private dropOldest(reuse: () => void): void {
    const { ring, index } = this;
    ring.eachOfOldest((place) => {
      if ((ring.flagsAt(place) & DEAD) !== 0) return;
      const hash = ring.word(place, HASH);
      let cell = index.first(hash);
      while (index.placeAt(cell) !== place) cell = index.next(cell, hash);
      this.drop(cell);
    });
    reuse();
  }

  /** Its bytes stay behind, dead, until their chunk is the oldest. */
  private drop(cell: number): void {
    const place = this.index.placeAt(cell);
    this.endCopy(place);
    this.setFlag(place, DEAD);
    this.index.remove(cell);
  }

  private setFlag(place: number, flag: number): void {
    this.ring.setFlags(place, this.ring.flagsAt(place) | flag);
  }
}

/** What a key holds after a write that was done, if its answer tells all of it; else null. */
export function storedBy(operation: Operation, result: Result): Result | null {
  switch (operation.verb) {
    case 'put':
      return isPlain(operation) ? valueResult(Status.ok, result.version, operation.value, operation.kind, 0) : null;
    case 'increment':
    case 'increment-float':
      return result;
    default:
      return null;
  }
}

function isPlain(put: PutOperation): put is PutOperation & { readonly value: string } {
  const { ttl, deadline, value } = put;
  return ttl === NO_TTL && deadline === 0 && typeof value === 'string' && value.length < VALUE_BYTES_MAX;
}
