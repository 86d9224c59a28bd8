/**
 * LogChunk: one block of memory that entries are appended to, with what is known about its contents.
 *
 * Owns      its block and its counters. The log (log.ts) changes them; the sweeper (deadlines.ts) its two times.
 * Invariants
 *   CH1  live = the sizes of its entries that are not dead; used = the sizes of all its entries, dead ones included.
 *   CH2  sweepAt <= the earliest deadline of a live entry, or pausedUntil if that is later (while no sweep is inside).
 */

/** What a chunk costs the process besides its block: the objects, the ArrayBuffer and its backing store. */
export const CHUNK_OVERHEAD_BYTES = 600;

export class LogChunk {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Its number among the chunks of its kind. */
  readonly number: number;
  /** Holds one entry too large to share a chunk, and nothing else. */
  readonly single: boolean;
  used = 0;
  live = 0;
  /** Others may read the block of memory: it is not to be recycled, the garbage collector frees it. */
  lent = false;
  /** Freed: whoever stopped inside this chunk must forget it. */
  gone = false;
  /** Its heap in Victims and its place there; -1 = in none. */
  level = -1;
  place = 0;
  /** When a sweep for passed deadlines may find something here. */
  sweepAt = Number.POSITIVE_INFINITY;
  /** Not to be swept before this. */
  pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(bytes: Uint8Array, number: number, single: boolean) {
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.number = number;
    this.single = single;
  }

  get size(): number {
    return this.bytes.length;
  }

  get dead(): number {
    return this.used - this.live;
  }

  get reserved(): number {
    return this.bytes.length + CHUNK_OVERHEAD_BYTES;
  }
}
