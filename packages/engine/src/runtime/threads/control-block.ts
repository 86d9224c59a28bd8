/**
 * ControlBlock: the few bytes one worker thread shares with the main thread: its heartbeat and its stats.
 *
 * Owns      the layout. Data never travels this way, and nothing here decides about data.
 * Invariants
 *   CB1  one writer: the worker. Reading changes nothing: all other readers find the same.
 *   CB2  one block per thread, not per seat: a thread declared dead but still running must not keep its successor's
 *       heart beating, nor write over its stats.
 *   CB3  delays are kept by the second they were measured in, WINDOW_SECONDS of them by the clock that all threads share; an
 *       older second is not read, and its place is taken by a later one.
 *   CB4  a thread rests only after the count of posts it has received is written: one post more, and it counts as awake.
 * Why no locks: a reader may mix two moments of a writer a few hundred ms apart, which a status can bear; a lock held by a
 * terminated worker stays held for ever.
 */
import { AWAKE } from '../../core/protocol/heartbeat.ts';
import type { CopyStats } from '../runtime.ts';

const TICK = 0;
const ROWS = 1;
const RESTED = 2;
const THREAD = 3;
/** Even: floats come after. */
const WORDS = 4;

/** Posts are counted modulo this. */
export const POST_COUNTS = 2 ** 31;

/** The delays of how many seconds are kept: as long as metrics are commonly asked for, so that the worst is in one of them. */
const WINDOW_SECONDS = 15;
/** One more than is read: the second that is being written. */
const SECONDS = WINDOW_SECONDS + 1;
const SECOND = 0;
const DELAY_SUM = 1;
const DELAY_COUNT = 2;
const DELAY_MAX = 3;
const SECOND_FIELDS = 4;
const FIRST_ROW = SECONDS * SECOND_FIELDS;
const ROW_FIELDS = 8;

const ROLES = ['primary', 'replica', 'learner', 'none'] as const;

/** Whole seconds of a clock that never goes back, the same in all threads. */
export function steadySecond(): number {
  return process.hrtime()[0];
}

export class ControlBlock {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly stats: Float64Array;
  private readonly rowsMax: number;

  /** Bytes for a node that may hold a copy of each of `shards` shards. */
  static bytesFor(shards: number): number {
    return WORDS * 4 + (FIRST_ROW + shards * ROW_FIELDS) * 8;
  }

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.words = new Int32Array(memory, 0, WORDS);
    this.stats = new Float64Array(memory, WORDS * 4);
    this.rowsMax = Math.floor((this.stats.length - FIRST_ROW) / ROW_FIELDS);
  }

  /** Worker: one more turn was taken, or the timer ran. */
  beat(): void {
    // Not atomic: the one writer needs no read-modify-write, and the reader only asks whether it changes.
    this.words[TICK] = (this.words[TICK]! + 1) | 0;
  }

  /** Worker: the system's number of its thread (thread-time.ts). */
  setThread(thread: number): void {
    Atomics.store(this.words, THREAD, thread);
  }

  /** Main: that number, or 0. */
  get thread(): number {
    return Atomics.load(this.words, THREAD);
  }

  /** Main: the heartbeat; only a change means something (it wraps). */
  get tick(): number {
    return Atomics.load(this.words, TICK);
  }

  /** Worker: nothing is left to do of the first `received` posts of the main thread, and the heart stands still. */
  rest(received: number): void {
    Atomics.store(this.words, RESTED, received % POST_COUNTS);
  }

  /** Worker: something arrived. Before it is looked at, for that may be what hangs. */
  wake(): void {
    Atomics.store(this.words, RESTED, AWAKE);
  }

  /** Main: after how many posts it came to rest, or AWAKE. */
  get rested(): number {
    return Atomics.load(this.words, RESTED);
  }

  /** Worker: the timer ran `delayMs` late. `second`: now, by steadySecond. */
  writeDelay(delayMs: number, second: number): void {
    const { stats } = this;
    const at = (second % SECONDS) * SECOND_FIELDS;
    if (stats[at + SECOND] !== second) {
      stats.fill(0, at, at + SECOND_FIELDS);
      stats[at + SECOND] = second;
    }
    stats[at + DELAY_SUM]! += delayMs;
    stats[at + DELAY_COUNT]! += 1;
    stats[at + DELAY_MAX] = Math.max(stats[at + DELAY_MAX]!, delayMs);
  }

  /** Main: delays of the last seconds. */
  readDelay(second: number): { mean: number; max: number } {
    const { stats } = this;
    let [sum, count, max] = [0, 0, 0];
    for (let at = 0; at < FIRST_ROW; at += SECOND_FIELDS) {
      if (stats[at + SECOND]! <= second - SECONDS) continue;
      sum += stats[at + DELAY_SUM]!;
      count += stats[at + DELAY_COUNT]!;
      max = Math.max(max, stats[at + DELAY_MAX]!);
    }
    return { mean: count === 0 ? 0 : sum / count, max };
  }

  /** Worker: what the node holds now. */
  writeCopies(copies: readonly CopyStats[]): void {
    const rows = Math.min(copies.length, this.rowsMax);
    for (let row = 0; row < rows; row++) {
      const copy = copies[row]!;
      const at = FIRST_ROW + row * ROW_FIELDS;
      this.stats[at] = copy.shard;
      this.stats[at + 1] = ROLES.indexOf(copy.role);
      this.stats[at + 2] = copy.keys;
      this.stats[at + 3] = copy.liveBytes;
      this.stats[at + 4] = copy.reservedBytes;
      this.stats[at + 5] = copy.expired;
      this.stats[at + 6] = copy.evicted;
      this.stats[at + 7] = copy.expiring;
    }
    Atomics.store(this.words, ROWS, rows);
  }

  /** Main: what the node held when it last wrote. */
  readCopies(): CopyStats[] {
    const { stats } = this;
    const copies: CopyStats[] = [];
    const rows = Atomics.load(this.words, ROWS);
    for (let row = 0; row < rows; row++) {
      const at = FIRST_ROW + row * ROW_FIELDS;
      copies.push({
        shard: stats[at]!,
        role: ROLES[stats[at + 1]!] ?? 'replica',
        keys: stats[at + 2]!,
        liveBytes: stats[at + 3]!,
        reservedBytes: stats[at + 4]!,
        expired: stats[at + 5]!,
        evicted: stats[at + 6]!,
        expiring: stats[at + 7]!,
      });
    }
    return copies;
  }
}
