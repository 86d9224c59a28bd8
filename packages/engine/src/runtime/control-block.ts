/**
 * ControlBlock: the few bytes one worker thread shares with the main thread: its heartbeat and its stats.
 *
 * Owns      the layout. Data never travels this way, and nothing here decides about data.
 * Invariants
 *   B1  one writer: the worker. The main thread writes one word only, to ask that the worst delay begin anew.
 *   B3  a thread rests only after the count of posts it has received is told: one post more, and it counts as awake.
 *   B2  one block per thread, not per seat: a thread declared dead but still running must not keep its successor's
 *       heart beating, nor write over its stats.
 * Why no locks: a reader may mix two moments of a writer a few hundred ms apart, which a status can bear; a lock held by a
 * terminated worker stays held for ever.
 */
import type { CopyStats } from './runtime.ts';

const TICK = 0;
const ROWS = 1;
const ASKED = 2;
const RESTED = 3;
const WORDS = 4;

/** In RESTED: not at rest. No count of posts is negative. */
const AWAKE = -1;
/** Posts are counted modulo this. */
const COUNTS = 2 ** 31;

const DELAY_SUM = 0;
const DELAY_COUNT = 1;
const DELAY_MAX = 2;
const FIRST_ROW = 3;
const ROW_FIELDS = 7;

const ROLES = ['primary', 'replica', 'learner', 'none'] as const;

export class ControlBlock {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly stats: Float64Array;
  private readonly rowsMax: number;
  /** Writer: the last request to begin the worst delay anew that was seen. */
  private askedSeen = 0;
  /** Reader: sums at the last reading. */
  private sumRead = 0;
  private countRead = 0;

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

  /** Main: the heartbeat; only a change means something (it wraps). */
  get tick(): number {
    return Atomics.load(this.words, TICK);
  }

  /** Worker: nothing is left to do of the first `received` posts of the main thread, and the heart stands still. */
  rest(received: number): void {
    Atomics.store(this.words, RESTED, received % COUNTS);
  }

  /** Worker: something arrived. Before it is looked at, for that may be what hangs. */
  wake(): void {
    Atomics.store(this.words, RESTED, AWAKE);
  }

  /** Main: whether it rests after having received all of `sent` posts. */
  restsAfter(sent: number): boolean {
    return Atomics.load(this.words, RESTED) === sent % COUNTS;
  }

  /** Worker: the timer ran `delayMs` late. */
  writeDelay(delayMs: number): void {
    const { stats } = this;
    const asked = Atomics.load(this.words, ASKED);
    if (asked !== this.askedSeen) {
      this.askedSeen = asked;
      stats[DELAY_MAX] = 0;
    }
    stats[DELAY_SUM]! += delayMs;
    stats[DELAY_COUNT]! += 1;
    stats[DELAY_MAX] = Math.max(stats[DELAY_MAX]!, delayMs);
  }

  /** Main: delays since the last reading. */
  readDelay(): { mean: number; max: number } {
    const sum = this.stats[DELAY_SUM]!;
    const count = this.stats[DELAY_COUNT]!;
    const samples = count - this.countRead;
    const mean = samples > 0 ? (sum - this.sumRead) / samples : 0;
    this.sumRead = sum;
    this.countRead = count;
    Atomics.add(this.words, ASKED, 1);
    return { mean, max: this.stats[DELAY_MAX]! };
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
      });
    }
    return copies;
  }
}
