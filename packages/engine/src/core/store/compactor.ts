/**
 * Compactor: reclaims dead space by moving live entries out of the chunk with the most of it.
 *
 * Owns      the chunk being emptied and how far it got; the decision how much dead space is tolerable.
 * Does not  run by itself: every write pays a little (pay), and an idle node does more (slice).
 * Invariants
 *   CO1  A moved entry is dead where it was before the next one is moved: at any stop the chunk is an ordinary one.
 *   CO2  Work per call is bounded by the bytes it is given, one entry more at most.
 * Why writes pay PAY_FACTOR bytes for a byte: with a share d of all bytes dead, the deadest chunk is at least d dead, and
 * winning a byte back moves at most (1 - d) / d: 10 for the tenth of the live bytes that is always tolerated. Paying
 * more than is needed only ends the debt sooner.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Ledger } from './budget.ts';
import { CHUNK_OVERHEAD_BYTES, type LogChunk } from './chunk.ts';
import type { Directory } from './directory.ts';
import { deadlineAt, isDead, keyBytesAt, keyWordAt, sizeAt } from './entry.ts';
import { hashWords } from './hash.ts';
import { CHUNK_BYTES_MAX, type Log } from './log.ts';

const PAY_FACTOR = 10;
/** Larger entries have chunks of their own, which leave no dead space. */
const PAID_BYTES_MAX = CHUNK_BYTES_MAX / 8;
/** Reading past a dead entry costs about as much as moving so many bytes. */
const SKIP_BYTES = 32;
/** A chunk is compacted in idle time from this many sixteenths of dead space on, and under pressure from one. */
const IDLE_LEVEL = 2;
const PRESSED_LEVEL = 1;
const SLICE_BYTES = 64 * 1024;
/** Entries moved together. */
const BATCH = 16;
/**
 * All overhead (index, dead entries, unused ends) is held to this part of the live bytes, if the index leaves it that
 * much: somewhat below the half that is promised, because RSS runs ahead of it by the holes malloc keeps. The more is
 * tolerated the less is moved: a write that changes its value's size costs about a tenth less at 0.47 than at 0.40.
 */
const OVERHEAD_PART = 0.42;
const CHUNKS_IN_FLIGHT = 2;
/** Dead entries are tolerated up to this part of the live bytes in any case. */
const DEAD_PART = 1 / 10;

/** The parts of a store the compactor works on. */
export interface CompactorParts {
  readonly log: Log;
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly key0: number;
  readonly key1: number;
  /** Notifies the sweeper that `chunk` received an entry with this deadline. */
  readonly noteDeadline: (chunk: LogChunk, expiresAt: number) => void;
}

export class Compactor {
  readonly #parts: CompactorParts;
  #victim: LogChunk | undefined;
  #word = 0;
  /** The batch in hand: where in the victim its entries are, and their hashes. */
  readonly #words = new Int32Array(BATCH);
  readonly #hashes = new Int32Array(BATCH);
  #gathered = 0;
  #batchEnd = 0;
  /** What the slots read ahead contained: kept so that reading them is not optimized away. */
  #met = 0;

  constructor(parts: CompactorParts) {
    this.#parts = parts;
  }

  /** A write made `bytes` bytes, or made them dead: reclaims in proportion while there is too much dead space. */
  pay(bytes: number): void {
    if (this.#isPressed()) this.#run(Math.min(bytes, PAID_BYTES_MAX) * PAY_FACTOR, PRESSED_LEVEL);
  }

  /** One bounded slice; true if more is worth doing. */
  slice(): boolean {
    return this.#run(SLICE_BYTES, this.#isPressed() ? PRESSED_LEVEL : IDLE_LEVEL);
  }

  isVictim(chunk: LogChunk): boolean {
    return chunk === this.#victim;
  }

  /** An upper bound of what appending `size` bytes and paying for it can add to the bytes charged. */
  appendCost(size: number): number {
    const { log } = this.#parts;
    const moved = Math.min(size, PAID_BYTES_MAX) * PAY_FACTOR + CHUNK_BYTES_MAX / 8;
    const head = log.head;
    if (head !== undefined && head.used + size + moved <= head.size) return 0;
    return log.appendCost(size) + 2 * (log.chunkSize() + CHUNK_OVERHEAD_BYTES);
  }

  #isPressed(): boolean {
    const { log, ledger } = this.#parts;
    const dead = log.deadBytes;
    const live = log.liveBytes;
    if (dead <= live * DEAD_PART) return false;
    return ledger.reserved - live + CHUNKS_IN_FLIGHT * log.chunkSize() > live * OVERHEAD_PART;
  }

  /** Works off `bytes`; true if it stopped for that reason. */
  #run(bytes: number, level: number): boolean {
    let left = bytes;
    while (left > 0) {
      const victim = this.#currentVictim(level);
      if (victim === undefined) return false;
      left -= this.#gather(victim, left);
      for (let i = 0; i < this.#gathered; i++) this.#move(victim, this.#words[i]!, this.#hashes[i]!);
      // Only now: if memory ran out on the way, the batch is gathered again, less what was moved.
      this.#word = this.#batchEnd;
    }
    return this.#currentVictim(level) !== undefined;
  }

  #currentVictim(level: number): LogChunk | undefined {
    const { log } = this.#parts;
    if (this.#victim !== undefined && !this.#victim.gone) return this.#victim;
    const victim = log.victims.deadest(level);
    if (victim !== undefined) log.victims.unfile(victim);
    this.#victim = victim;
    this.#word = 0;
    return victim;
  }

  /**
   * Passes over entries of the victim worth `bytes`, up to a batch, and notes which of them live. Answers what they cost.
   * Their slots lie all over the index, a cache miss each; reading them all here, where no read waits for another,
   * lets the misses overlap (a random removal that pays for two moves or so: 1.2 us against 1.45).
   */
  #gather(victim: LogChunk, bytes: number): number {
    const { directory, key0, key1 } = this.#parts;
    const { words } = victim;
    const end = victim.used >>> 2;
    let cost = 0;
    let count = 0;
    let word = this.#word;
    for (; word < end && cost < bytes && count < BATCH; word += sizeAt(words, word) >>> 2) {
      cost += SKIP_BYTES;
      if (isDead(words, word)) continue;
      cost += sizeAt(words, word);
      this.#words[count] = word;
      this.#hashes[count] = hashWords(words, keyWordAt(words, word), keyBytesAt(words, word), key0, key1);
      count++;
    }
    for (let i = 0; i < count; i++) this.#met ^= directory.peek(this.#hashes[i]!);
    this.#batchEnd = word;
    this.#gathered = count;
    invariant(cost > 0, 'a chunk with nothing left in it is still being compacted');
    return cost;
  }

  #move(victim: LogChunk, word: number, hash: number): void {
    const { log, directory, noteDeadline } = this.#parts;
    const from = victim.words;
    const size = sizeAt(from, word);
    const location = log.append(size);
    const chunk = log.chunkAt(location);
    const to = chunk.words;
    const start = log.wordAt(location);
    for (let i = 0; i < size >>> 2; i++) to[start + i] = from[word + i]!;
    directory.relocate(hash, log.locationOf(victim, word), location);
    const deadline = deadlineAt(from, word);
    if (deadline !== 0) noteDeadline(chunk, deadline);
    log.discardIn(victim, word, size);
  }
}
