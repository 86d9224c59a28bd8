/**
 * Store: the contract between a copy and the memory of its shard's data. SlabStore (slab-store.ts) is the one
 * implementation; the interface is here so that its contract fits on one page.
 *
 * Contract
 *   - Holds what is put: it never evaluates deadlines, conditions or limits.
 *   - The order of a walk is the order of the seeded key hash, which every copy of a shard shares: a cursor taken on one
 *     copy continues on another, and every key that lives throughout a walk is visited exactly once.
 *   - No single call does work proportional to the number of entries, `clear` apart (it drops whole chunks).
 *   - The bytes of a value that was lent out as a block, or came as one, are never written again.
 *   - No growth of one V8-heap object with the number of entries: data and index live in ArrayBuffers of bounded size.
 */
import type { Block, Bytes } from '../data/block.ts';
import type { Entry, ValueKind } from '../data/operation.ts';
import type { PutBytes } from '../data/received-put.ts';

/**
 * Raw memory, and the moving of one-byte strings in and out of it: the one thing the store needs that core/ cannot do
 * well by itself. runtime/memory/buffer-memory.ts supplies it from Node's Buffer. Stateless but for a few pieces kept for reuse.
 */
export interface Memory {
  /** A piece of exactly `bytes` bytes with an ArrayBuffer of its own; contents arbitrary. */
  allocate(bytes: number): Uint8Array;
  /** Takes back a piece nobody will touch again. */
  recycle(piece: Uint8Array): void;
  /** Writes a one-byte string at `offset`. */
  write(piece: Uint8Array, offset: number, text: string): void;
  /** The `length` bytes at `offset` as a one-byte string. */
  read(piece: Uint8Array, offset: number, length: number): string;
  /**
   * The `length` bytes at `offset` as a block (block.ts: a large value), in place. Neither they nor the memory around them
   * is the caller's to free.
   */
  lend(piece: Uint8Array, offset: number, length: number): Block;
}

/** A value that becomes longer where it lies gets room for an eighth more, so that not every append copies it. */
export function roomToGrow(valueBytes: number): number {
  return valueBytes >>> 3;
}

/** Bytes of all copies of one node. One per node, shared by its stores. */
export interface MemoryBudget {
  /** Bytes of chunks and indexes now allocated by all stores of the node, exactly. */
  readonly reserved: number;
}

/** What uses are marked by. One per node, which sets it; shared by its stores. */
export interface UseClock {
  /** Steps of `tickMs` of master time, modulo 2^24: the same on every node at the same time. */
  tick: number;
  readonly tickMs: number;
}

/** An entry without its value. */
export interface EntryHead {
  readonly kind: ValueKind;
  readonly version: number;
  readonly expiresAt: number;
  readonly valueBytes: number;
}

/** What a walk shows of an entry; `value` is '' on a walk for keys only, `mark` is when it was last used. */
export interface WalkedEntry extends Entry {
  key: string;
  mark: number;
}

export interface Store {
  /** Entries held. */
  readonly size: number;
  /** Entries that have a deadline. */
  readonly expiring: number;
  /** Bytes of live entries (headers, keys, values, each entry rounded up to 8), exactly. */
  readonly liveBytes: number;
  /** Bytes of chunks and index allocated for this store, exactly (with a flat sum for the objects that hold them). */
  readonly reservedBytes: number;

  /** Uses the entry: marks it with the use clock's tick, as put, setDeadline and touch do. With `blocks` a value of
   * BLOCK_BYTES_MIN bytes or more is answered as a block, in place. */
  get(key: string, blocks?: boolean): Entry | undefined;
  /** {@link get} without using it. */
  peek(key: string): Entry | undefined;
  head(key: string): EntryHead | undefined;
  /** The bytes of a value from `offset` on, at most `length` of them; '' if there are none. No use of the entry. */
  part(key: string, offset: number, length: number): string;
  /** A block's memory becomes the store's, if it is free and fits around entry and key; else it is copied. `mark`: what a
   * walk of another copy showed, instead of now. */
  put(key: string, value: Bytes, kind: ValueKind, version: number, expiresAt: number, mark?: number): void;
  /** {@link put} of a text that never expires. */
  putReceived(put: PutBytes, version: number): void;
  /** Writes `bytes` over a value from `offset` on, or behind it, with zeros in between; false if there is no such entry. */
  patch(key: string, offset: number, bytes: string, kind: ValueKind, version: number): boolean;
  /** Gives an entry a new version and deadline; false if there is none. */
  setDeadline(key: string, version: number, expiresAt: number): boolean;
  /** False if there is none. */
  remove(key: string): boolean;
  clear(): void;
  /** Gives every byte back to the budget; the store must not be used again. */
  release(): void;

  /** An upper bound of what `put` of such an entry could add to `reservedBytes`. */
  growthFor(keyBytes: number, valueBytes: number): number;

  /**
   * Visits entries whose hash is >= `cursor` in hash order until `limit` entries or `limitBytes` bytes of keys and values
   * were shown (entries of equal hash are never parted, so a little more may be). Returns the next cursor, or -1 at the
   * end. `visit` must not change the store. The object passed is reused: copy what you keep. A cursor is a hash: 31 bits.
   */
  walk(
    cursor: number,
    limit: number,
    limitBytes: number,
    keysOnly: boolean,
    visit: (entry: WalkedEntry) => void,
  ): number;

  /**
   * Up to `limit` keys whose deadline is <= `time`, examining at most `examine` entries; goes round the store. What is
   * reported and not removed is reported again, but no chunk is swept twice within a pause of up to half a second
   * (1 ms per 512 bytes in it): a caller that calls it every millisecond does not read the whole store every millisecond.
   */
  due(time: number, limit: number, examine: number): string[];

  /** No entry is due before this time, and `due` has nothing to look at; Infinity if none has a deadline. A lower bound. */
  readonly nextDue: number;

  /** Uses an entry, if it is there. */
  touch(key: string): void;
  /** The hash of the entry whose mark the last get or touch has changed, or -1; then -1 until the next. */
  takeUse(): number;
  /** Marks by hash what another copy saw used (see {@link hashOf}). */
  touchHash(hash: number): void;
  hashOf(key: string): number;
  /** Since the last use, in whole ticks; 0 if there is no such entry. */
  idleMs(key: string): number;
  /** The least recently used of `samples` entries picked with `random` (0 <= r < 1); undefined if empty. */
  evictionCandidate(samples: number, random: () => number): string | undefined;

  /** One bounded slice (<= about 64 KiB moved) of reclaiming dead space. True if more is worth doing. */
  reclaim(): boolean;
}
