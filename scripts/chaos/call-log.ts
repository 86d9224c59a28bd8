/**
 * CallLog: every call of one thread and its answer, as numbers in flat arrays.
 *
 * Owns      the rows; a call's number (row and thread in one), which is unique in the run.
 * Does not  know what the answers mean (verbs.ts), or judge them (proof.ts).
 * Invariant L1  open() is called before a request is sent, close() after its answer arrived, both with readings of the
 *               one monotonic clock all threads of a process share. A row never closed is a call of unknown outcome.
 * Why       64 bytes a call, nothing for the garbage collector to walk (its pauses would be measured as stalls), and
 *           moved between threads without a copy. A million calls take 64 MB.
 */

const COLUMNS = 8;
const CHUNK_ROWS = 16_384;

/** Threads of load there can be: a call's number is row * THREADS_MAX + thread. */
export const THREADS_MAX = 16;

/** How a call ended. */
export const Ending = {
  /** No answer (yet). */
  open: 0,
  /** Answered; it took effect, or was a read. */
  done: 1,
  /** Answered that a condition did not hold. */
  refused: 2,
  /** An error that says it had no effect. */
  failed: 3,
  /** An error that says it may have had one. */
  doubtful: 4,
} as const;
export type Ending = (typeof Ending)[keyof typeof Ending];

/** Values of `version` and `value` besides real ones. */
export const NOTHING = -1;
export const UNSAID = -2;
const FIRST_TEXT = -10;

/** What came back. `version` 0 is an absent entry's. `value`: a number, an index into the texts, NOTHING, UNSAID. */
export interface Ended {
  readonly ending: Ending;
  readonly version: number;
  readonly value: number | string;
}

/** One call. */
export interface LoggedCall extends Ended {
  readonly call: number;
  readonly key: number;
  readonly verb: number;
  readonly argument: number;
  readonly invokedAt: number;
  /** Infinity if it never returned. */
  readonly returnedAt: number;
}

/** A log as it travels. */
export interface PackedLog {
  readonly thread: number;
  readonly rows: number;
  readonly chunks: Float64Array<ArrayBuffer>[];
  readonly texts: string[];
}

export class CallLog {
  readonly thread: number;
  #rows = 0;
  readonly #chunks: Float64Array<ArrayBuffer>[] = [];
  readonly #texts: string[] = [];

  constructor(thread: number) {
    this.thread = thread;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Notes a call about to be sent; returns its number. */
  open(key: number, verb: number, argument: number, invokedAt: number): number {
    const row = this.#rows++;
    if (row % CHUNK_ROWS === 0) this.#chunks.push(new Float64Array(CHUNK_ROWS * COLUMNS));
    const chunk = this.#chunks.at(-1)!;
    const at = (row % CHUNK_ROWS) * COLUMNS;
    chunk[at] = key;
    chunk[at + 1] = verb;
    chunk[at + 2] = argument;
    chunk[at + 3] = invokedAt;
    chunk[at + 4] = Number.POSITIVE_INFINITY;
    chunk[at + 6] = UNSAID;
    chunk[at + 7] = UNSAID;
    return row * THREADS_MAX + this.thread;
  }

  /** Notes an answer that arrived. */
  close(call: number, returnedAt: number, { ending, version, value }: Ended): void {
    const row = Math.floor(call / THREADS_MAX);
    const chunk = this.#chunks[Math.floor(row / CHUNK_ROWS)]!;
    const at = (row % CHUNK_ROWS) * COLUMNS;
    chunk[at + 4] = Math.max(returnedAt, chunk[at + 3]! + 1);
    chunk[at + 5] = ending;
    chunk[at + 6] = version;
    chunk[at + 7] = typeof value === 'number' ? value : FIRST_TEXT - (this.#texts.push(value) - 1);
  }

  pack(): PackedLog {
    return { thread: this.thread, rows: this.#rows, chunks: this.#chunks, texts: this.#texts };
  }
}

/** Every call of a log, in order of invocation. */
export function* callsOf({ thread, rows, chunks, texts }: PackedLog): Generator<LoggedCall> {
  for (let row = 0; row < rows; row++) {
    const chunk = chunks[Math.floor(row / CHUNK_ROWS)]!;
    const at = (row % CHUNK_ROWS) * COLUMNS;
    const value = chunk[at + 7]!;
    yield {
      call: row * THREADS_MAX + thread,
      key: chunk[at]!,
      verb: chunk[at + 1]!,
      argument: chunk[at + 2]!,
      invokedAt: chunk[at + 3]!,
      returnedAt: chunk[at + 4]!,
      ending: chunk[at + 5]! as Ending,
      version: chunk[at + 6]!,
      value: value <= FIRST_TEXT ? texts[FIRST_TEXT - value]! : value,
    };
  }
}
