/**
 * Directory: extendible hashing. The leading bits of a hash choose one of 2^depth references to segments.
 *
 * Owns      which segment serves which hashes; growing, splitting, merging and shrinking of segments; their accounting.
 * Does not  compare keys or know entries: it maps hashes to locations.
 * Invariants
 *   DI1  A segment of depth d is referred to by the 2^(depth - d) consecutive references that share its d bits.
 *   DI2  The table has at most max(16, 8 x segments) references when it doubles, so unlucky hashes cannot inflate it.
 *   DI3  bytes charged = 8 per reference + the bytes of every segment.
 * Why not one big table: rehashing it would stop a node for seconds at millions of keys. Here the most a write pays for
 * is a split of one segment (about a thousand slots) and, rarely, a doubling of the table of references (a memory copy
 * of 8 bytes per thousand keys).
 * Why a segment grows in steps of a quarter before it splits: its slots are then used to 70-90 % at all times, not to
 * 45-90 % as those of a segment of fixed size would be just after a split; 12 bytes per key, measured, all included.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Ledger } from './budget.ts';
import { HASH_BITS } from './hash.ts';
import { HOMES_MIN, Segment } from './segment.ts';
import { SlotMemory } from './slots.ts';
import type { Memory } from './store.ts';

/** A segment of so many homes splits rather than grow. */
const HOMES_MAX = 960;
/** Two halves with no more entries than this are put together again: well below what splits, so they do not flutter. */
const MERGE_ENTRIES_MAX = 400;
/** A segment fuller than this is left alone; after a rebuild it is fuller by half. */
const SPARSE_PART = 0.45;
const REFERENCE_BYTES = 8;
const TABLE_MIN = 16;
/** Keeps the table at 8 MiB: enough for 600 million entries. A deeper segment grows instead. */
const DEPTH_MAX = 20;
/** Homes are 16 bits of a hash, scaled. */
const HOMES_LIMIT = 65_535;

export class Directory {
  readonly #ledger: Ledger;
  readonly #memory: SlotMemory;
  #table: Segment[];
  #depth = 0;
  /** Segments as deep as the table: while there are any, it cannot be halved. */
  #deepest = 1;
  #segments = 1;
  /** The most slots a segment had; bounds what the next insert can cost. */
  #slotsMax = 0;
  #scratch = new Int32Array(64);

  constructor(ledger: Ledger, memory: Memory) {
    this.#ledger = ledger;
    this.#memory = new SlotMemory(memory);
    this.#table = [new Segment(0, HOMES_MIN, this.#memory)];
    this.#account(this.#table[0]!, 0);
    ledger.charge(REFERENCE_BYTES);
  }

  get depth(): number {
    return this.#depth;
  }

  /** Number of references, for walking: see {@link next}. */
  get length(): number {
    return this.#table.length;
  }

  segmentFor(hash: number): Segment {
    return this.#table[hash >>> (HASH_BITS - this.#depth)]!;
  }

  /** The segment behind the `index`-th reference. */
  segmentAt(index: number): Segment {
    return this.#table[index]!;
  }

  /** The index of the reference after those to the segment at `index`: visits segments in hash order, each once. */
  next(index: number): number {
    const span = 1 << (this.#depth - this.#table[index]!.depth);
    return (index & -span) + span;
  }

  insert(hash: number, location: number): void {
    while (!this.segmentFor(hash).insert(hash, location)) this.#makeRoom(hash);
  }

  /** Frees the slot of the entry with this hash and location. */
  remove(hash: number, location: number): void {
    const segment = this.segmentFor(hash);
    segment.removeAt(slotOf(segment, hash, location));
    if (segment.count < segment.homes * SPARSE_PART) this.#shrink(segment, hash);
  }

  /** The entry with this hash at location `from` is at location `to` now. */
  relocate(hash: number, from: number, to: number): void {
    const segment = this.segmentFor(hash);
    segment.slots[slotOf(segment, hash, from) + 1] = to;
  }

  /** What the home slot of a hash contains: to have it in the cache by the time it is needed. */
  peek(hash: number): number {
    const segment = this.segmentFor(hash);
    return segment.slots[segment.homeOf(hash) << 1]!;
  }

  /** Whether there is a slot for this (for audit). */
  holds(hash: number, location: number): boolean {
    const { slots } = this.segmentFor(hash);
    let at = this.segmentFor(hash).seek(hash);
    while (slots[at] === hash && slots[at + 1] !== location && slots[at + 1] !== 0) at += 2;
    return slots[at] === hash && slots[at + 1] === location;
  }

  /** An upper bound of what one insert can add to the bytes charged. */
  insertCost(): number {
    const slots = Math.max(64, this.#slotsMax) * 3;
    return slots * 8 + 1024 + this.#table.length * REFERENCE_BYTES;
  }

  /** Gives everything back; the directory must not be used again. */
  release(): void {
    for (let i = 0; i < this.#table.length; i = this.next(i)) this.#ledger.charge(-this.#table[i]!.bytes);
    this.#ledger.charge(-this.#table.length * REFERENCE_BYTES);
    this.#table = [];
    this.#memory.release();
  }

  /** The bytes that should be charged, recounted; checks DI1 (for audit). */
  countBytes(): number {
    let bytes = this.#table.length * REFERENCE_BYTES;
    let segments = 0;
    let deepest = 0;
    invariant(this.#table.length === 2 ** this.#depth, 'the directory has the wrong length');
    for (let i = 0; i < this.#table.length; i = this.next(i)) {
      const segment = this.#table[i]!;
      for (let j = i; j < this.next(i); j++) invariant(this.#table[j] === segment, 'a reference goes astray');
      bytes += segment.bytes;
      segments++;
      if (segment.depth === this.#depth) deepest++;
    }
    invariant(segments === this.#segments && deepest === this.#deepest, 'segments are miscounted');
    return bytes;
  }

  #makeRoom(hash: number): void {
    const segment = this.segmentFor(hash);
    if (segment.homes >= HOMES_MAX && this.#canSplit(segment)) this.#split(segment, hash);
    else
      this.#resize(
        segment,
        segment.count < segment.room ? segment.homes : Math.min(Math.ceil(segment.homes * 1.25), HOMES_LIMIT),
      );
  }

  #canSplit(segment: Segment): boolean {
    if (segment.depth >= DEPTH_MAX) return false;
    const slots = segment.slots;
    let first = 0;
    while (slots[first + 1] === 0) first += 2;
    let last = slots.length - 2;
    while (slots[last + 1] === 0) last -= 2;
    if (slots[first] === slots[last]) return false;
    return segment.depth < this.#depth || this.#table.length * 2 <= Math.max(TABLE_MIN, this.#segments * 8);
  }

  /** Parts a segment by its next hash bit: it keeps the lower half. */
  #split(segment: Segment, hash: number): void {
    if (segment.depth === this.#depth) this.#double();
    const depth = segment.depth + 1;
    const scratch = this.#scratchFor(segment.count);
    const end = segment.unload(scratch, 0);
    const bit = 1 << (HASH_BITS - depth);
    let middle = 0;
    while (middle < end && (scratch[middle]! & bit) === 0) middle += 2;
    const before = segment.bytes;
    const upper = new Segment(depth, HOMES_MIN, this.#memory);
    segment.load(depth, homesFor(middle / 2), scratch, 0, middle);
    upper.load(depth, homesFor((end - middle) / 2), scratch, middle, end);
    const span = 1 << (this.#depth - depth);
    const start = ((hash >>> (HASH_BITS - depth)) | 1) << (this.#depth - depth);
    for (let i = start; i < start + span; i++) this.#table[i] = upper;
    this.#segments++;
    if (depth === this.#depth) this.#deepest += 2;
    this.#account(segment, before);
    this.#account(upper, 0);
  }

  #double(): void {
    const old = this.#table;
    const table: Segment[] = [];
    for (let i = 0; i < old.length; i++) table.push(old[i]!, old[i]!);
    this.#table = table;
    this.#depth++;
    this.#deepest = 0;
    this.#ledger.charge(old.length * REFERENCE_BYTES);
  }

  /** A segment has become sparse: puts it together with its other half, again and again, or makes it smaller. */
  #shrink(segment: Segment, hash: number): void {
    let current = segment;
    let merged = false;
    for (let other = this.#mergeable(current, hash); other !== undefined; other = this.#mergeable(current, hash)) {
      current = this.#merge(current, other, hash);
      merged = true;
    }
    if (!merged && current.homes > HOMES_MIN) this.#resize(current, homesFor(current.count));
    while (this.#deepest === 0 && this.#depth > 0) this.#halve();
  }

  /** The other half of what was once one segment with this one, if both fit into one again. */
  #mergeable(segment: Segment, hash: number): Segment | undefined {
    const depth = segment.depth;
    if (depth === 0) return undefined;
    const other = this.#table[((hash >>> (HASH_BITS - depth)) ^ 1) << (this.#depth - depth)]!;
    return other.depth === depth && other.count + segment.count <= MERGE_ENTRIES_MAX ? other : undefined;
  }

  #merge(segment: Segment, other: Segment, hash: number): Segment {
    const depth = segment.depth;
    const isUpper = ((hash >>> (HASH_BITS - depth)) & 1) === 1;
    const lower = isUpper ? other : segment;
    const upper = isUpper ? segment : other;
    const before = lower.bytes;
    const scratch = this.#scratchFor(lower.count + upper.count);
    const end = upper.unload(scratch, lower.unload(scratch, 0));
    lower.load(depth - 1, homesFor(end / 2), scratch, 0, end);
    const span = 1 << (this.#depth - depth);
    const start = ((hash >>> (HASH_BITS - depth)) | 1) << (this.#depth - depth);
    for (let i = start; i < start + span; i++) this.#table[i] = lower;
    this.#segments--;
    if (depth === this.#depth) this.#deepest -= 2;
    this.#account(lower, before);
    this.#ledger.charge(-upper.bytes);
    upper.release();
    return lower;
  }

  #halve(): void {
    const old = this.#table;
    const table: Segment[] = [];
    for (let i = 0; i < old.length; i += 2) table.push(old[i]!);
    this.#table = table;
    this.#depth--;
    for (let i = 0; i < table.length; i = this.next(i)) if (table[i]!.depth === this.#depth) this.#deepest++;
    this.#ledger.charge(-table.length * REFERENCE_BYTES);
  }

  #resize(segment: Segment, homes: number): void {
    const before = segment.bytes;
    const scratch = this.#scratchFor(segment.count);
    const end = segment.unload(scratch, 0);
    segment.load(segment.depth, homes, scratch, 0, end);
    this.#account(segment, before);
  }

  #account(segment: Segment, before: number): void {
    this.#ledger.charge(segment.bytes - before);
    this.#slotsMax = Math.max(this.#slotsMax, segment.slots.length / 2);
  }

  #scratchFor(entries: number): Int32Array {
    if (this.#scratch.length < entries * 2) this.#scratch = new Int32Array(entries * 2);
    return this.#scratch;
  }
}

/** Homes for so many entries with room to grow by a quarter. */
function homesFor(entries: number): number {
  return Math.min(Math.max(HOMES_MIN, Math.ceil(entries / 0.72)), HOMES_LIMIT);
}

/** Where in a segment's slots the entry with this hash and location is. */
function slotOf(segment: Segment, hash: number, location: number): number {
  const { slots } = segment;
  let at = segment.seek(hash);
  while (slots[at] === hash && slots[at + 1] !== location) at += 2;
  invariant(slots[at] === hash, 'an entry is not in the index');
  return at;
}
