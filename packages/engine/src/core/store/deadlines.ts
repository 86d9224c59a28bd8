/**
 * Sweeper: finds entries whose deadline has passed, chunk by chunk.
 *
 * Every chunk keeps a lower bound of the deadlines in it, so chunks with nothing due are passed over without a look
 * inside, and a chunk is read from start to end, as it lies in memory.
 *
 * Owns      the position of the sweep, and the sweepAt and pausedUntil of every chunk.
 * Does not  remove anything: it reports keys, and their removal is a record like any other write.
 * Invariants
 *   DE1  nextSweep <= the sweepAt of every chunk (the one a sweep stands in counts as 0).
 *   DE2  What has a deadline is reported once that has passed, no later than a pause and one round afterwards.
 * Why by chunk and not by index segment: what is written together tends to expire together, so most chunks are
 * untouched until they are due as a whole; and a segment's entries lie scattered over all memory, a cache miss each.
 * Why pauses: with a million keys expiring evenly over a minute something is due in every chunk all the time. A pause of
 * 1 ms for 512 bytes caps the sweep at half a megabyte a millisecond, however often it is called.
 */
import type { LogChunk } from './chunk.ts';
import { deadlineAt, isDead, sizeAt } from './entry.ts';
import type { Log } from './log.ts';
import type { Memory } from './store.ts';
import { keyAt } from './stored-value.ts';

const PAUSE_SHIFT = 9;
const NEVER = Number.POSITIVE_INFINITY;

export class Sweeper {
  readonly #log: Log;
  readonly #memory: Memory;
  /** No chunk is worth a look before this time. */
  #nextSweep = NEVER;
  /** The same for the chunks passed in this round: becomes nextSweep at its end. */
  #roundNext = NEVER;
  /** Position in the round: first the shared chunks, then the single ones. */
  #inSingles = false;
  #position = 0;
  /** The chunk a sweep stands in, the next word there, and the earliest deadline met in it. */
  #inside: LogChunk | undefined;
  #word = 0;
  #earliest = NEVER;

  constructor(log: Log, memory: Memory) {
    this.#log = log;
    this.#memory = memory;
  }

  get nextSweep(): number {
    return this.#nextSweep;
  }

  get inside(): LogChunk | undefined {
    return this.#inside;
  }

  /** `chunk` received an entry with this deadline. */
  note(chunk: LogChunk, expiresAt: number): void {
    const at = Math.max(expiresAt, chunk.pausedUntil);
    if (at >= chunk.sweepAt) return;
    chunk.sweepAt = at;
    if (at < this.#nextSweep) this.#nextSweep = at;
    if (at < this.#roundNext) this.#roundNext = at;
  }

  /** See Store.due. Passing a chunk counts as examining an entry. */
  due(time: number, limit: number, examine: number): string[] {
    const keys: string[] = [];
    let left = examine;
    let chunks = this.#log.sharedChunks.length + this.#log.singleChunks.length + 2;
    while (time >= this.#nextSweep && left > 0 && keys.length < limit && chunks-- > 0) {
      left--;
      const chunk = this.#currentChunk();
      if (chunk !== undefined) {
        if (this.#inside === undefined && chunk.sweepAt <= time) this.#enter(chunk);
        if (this.#inside !== undefined) left -= this.#sweep(chunk, time, left, limit, keys);
        if (this.#inside !== undefined) break;
        this.#roundNext = Math.min(this.#roundNext, chunk.sweepAt);
      }
      this.#advance();
    }
    return keys;
  }

  #currentChunk(): LogChunk | undefined {
    if (this.#inside?.gone) {
      this.#inside = undefined;
      return undefined;
    }
    const chunks = this.#inSingles ? this.#log.singleChunks : this.#log.sharedChunks;
    return this.#inside ?? chunks[this.#position];
  }

  #advance(): void {
    this.#position++;
    const chunks = this.#inSingles ? this.#log.singleChunks : this.#log.sharedChunks;
    if (this.#position < chunks.length) return;
    this.#position = 0;
    this.#inSingles = !this.#inSingles;
    if (this.#inSingles) return;
    this.#nextSweep = this.#roundNext;
    this.#roundNext = NEVER;
  }

  #enter(chunk: LogChunk): void {
    chunk.sweepAt = NEVER;
    this.#inside = chunk;
    this.#word = 0;
    this.#earliest = NEVER;
  }

  /** Examines up to `examine` entries of the chunk it stands in; leaves it at its end. Answers how many it examined. */
  #sweep(chunk: LogChunk, time: number, examine: number, limit: number, keys: string[]): number {
    const { words } = chunk;
    const end = chunk.used >>> 2;
    let word = this.#word;
    let examined = 0;
    for (; word < end && examined < examine && keys.length < limit; examined++) {
      const deadline = isDead(words, word) ? 0 : deadlineAt(words, word);
      if (deadline !== 0) {
        this.#earliest = Math.min(this.#earliest, deadline);
        if (deadline <= time) keys.push(keyAt(this.#memory, chunk, word));
      }
      word += sizeAt(words, word) >>> 2;
    }
    this.#word = word;
    if (word >= end) this.#leave(chunk, time);
    return examined;
  }

  /** What was reported counts as still there: if it is not removed, the next sweep reports it again. */
  #leave(chunk: LogChunk, time: number): void {
    chunk.pausedUntil = time + 1 + (chunk.used >>> PAUSE_SHIFT);
    chunk.sweepAt = Math.max(Math.min(chunk.sweepAt, this.#earliest), chunk.pausedUntil);
    this.#inside = undefined;
  }
}
