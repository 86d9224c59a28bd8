/**
 * History: the log of who called what when, and what came back.
 *
 * Owns      the records, the order of their positions, the text form (JSON lines) a violation is saved and replayed in.
 * Does not  judge (linearizability.ts).
 * Invariants
 *   HS1  positions given by the recorder are strictly increasing, whatever the clock does
 *   HS2  invoke() is called before the request is sent, settling after the answer arrived; each call settles at most
 *       once, and one that never settles counts as unknown
 * Why       nanoseconds: expiry windows are compared with positions, so positions must be time and not just a counter;
 *           as numbers they stay exact for 104 days.
 */

import { assertRecord, type Operation, type OperationRecord, type Outcome, type Result } from './operation.ts';

/** Options of a recorder. */
export interface HistoryOptions {
  /** Time in nanoseconds, e.g. a simulator's virtual clock. Default: the process's monotonic clock, from zero. */
  readonly clock?: () => number;
  /** How far the store's clock may be off when `timeToLive` becomes a window, ns. Default 0 with `clock`, else 5 ms. */
  readonly expirySlack?: number;
}

/** What `invoke` may be told besides the operation. */
export interface InvokeOptions {
  /** Position of the invocation, if the caller gives the positions. */
  readonly at?: number;
  /** For put, getAndPut and expire: makes the expiry window from when the call began and ended, ns. */
  readonly timeToLive?: number;
}

/** A call in flight. Exactly one of its methods is called, once. */
export interface PendingCall {
  /** The answer arrived. */
  ok(result: Result, at?: number): void;
  /** It surely had no effect and never will. */
  notApplied(at?: number): void;
  /** Nobody knows: timeout, lost connection, killed node. */
  unknown(): void;
}

interface OpenCall {
  readonly client: number;
  readonly key: string;
  readonly operation: Operation;
  readonly invokedAt: number;
  readonly timeToLive: number | undefined;
}

function monotonicClock(): () => number {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start);
}

/** Records operations, by its own clock or by the caller's positions. */
export class History {
  readonly #clock: () => number;
  readonly #expirySlack: number;
  readonly #settled: OperationRecord[] = [];
  readonly #open = new Set<OpenCall>();
  #lastPosition = Number.NEGATIVE_INFINITY;

  constructor(options: HistoryOptions = {}) {
    this.#clock = options.clock ?? monotonicClock();
    this.#expirySlack = options.expirySlack ?? (options.clock === undefined ? 5_000_000 : 0);
  }

  /** Notes that a client is about to send an operation. */
  invoke(client: number, key: string, operation: Operation, options: InvokeOptions = {}): PendingCall {
    const invokedAt = this.#position(options.at);
    const call: OpenCall = { client, key, operation, invokedAt, timeToLive: options.timeToLive };
    this.#open.add(call);
    return {
      ok: (result, at) => this.#settle(call, { kind: 'ok', result }, this.#position(at)),
      notApplied: (at) => this.#settle(call, { kind: 'not-applied' }, this.#position(at)),
      unknown: () => this.#settle(call, { kind: 'unknown' }, Number.POSITIVE_INFINITY),
    };
  }

  /** A position of its own, for `at`: when what is recorded turns out only after it has ended. */
  now(): number {
    this.#lastPosition = Math.max(this.#lastPosition + 1, this.#clock());
    return this.#lastPosition;
  }

  /** Adds a finished record, positions and all. */
  add(record: OperationRecord): void {
    assertRecord(record);
    this.#settled.push(record);
  }

  /** All records, settled ones first; calls still in flight appear as unknown. */
  records(): OperationRecord[] {
    const open = [...this.#open].map((call) => this.#record(call, { kind: 'unknown' }, Number.POSITIVE_INFINITY));
    return [...this.#settled, ...open];
  }

  /** Number of records, calls in flight included. */
  get size(): number {
    return this.#settled.length + this.#open.size;
  }

  /** One JSON object a line. Infinity, which JSON lacks, is written as null. */
  toJsonLines(): string {
    return formatHistory(this.records());
  }

  /** Reads what `toJsonLines` wrote; throws a TypeError that names the line if one is malformed. */
  static fromJsonLines(text: string): History {
    const history = new History();
    for (const record of parseHistory(text)) history.#settled.push(record);
    return history;
  }

  #position(given: number | undefined): number {
    if (given === undefined) return this.now();
    this.#lastPosition = Math.max(this.#lastPosition, given);
    return given;
  }

  #settle(call: OpenCall, outcome: Outcome, returnedAt: number): void {
    if (!this.#open.delete(call)) throw new Error(`a ${call.operation.kind} of client ${call.client} settled twice`);
    this.add(this.#record(call, outcome, returnedAt));
  }

  #record(call: OpenCall, outcome: Outcome, returnedAt: number): OperationRecord {
    const { client, key, invokedAt, timeToLive } = call;
    const slack = this.#expirySlack;
    const operation =
      timeToLive === undefined
        ? call.operation
        : {
            ...call.operation,
            expiry: { notBefore: invokedAt + timeToLive - slack, notAfter: returnedAt + timeToLive + slack },
          };
    return { client, key, operation, invokedAt, returnedAt, outcome };
  }
}

/** Records as JSON lines. */
export function formatHistory(records: Iterable<OperationRecord>): string {
  let text = '';
  for (const record of records) text += `${JSON.stringify(record)}\n`;
  return text;
}

/** JSON lines as records, each validated. */
export function parseHistory(text: string): OperationRecord[] {
  const records: OperationRecord[] = [];
  let lineNumber = 0;
  for (const line of text.split('\n')) {
    lineNumber++;
    if (line.trim() === '') continue;
    try {
      const record = JSON.parse(line, infinityFromNull) as OperationRecord;
      assertRecord(record);
      records.push(record);
    } catch (cause) {
      throw new TypeError(`line ${lineNumber} is not a record: ${line.slice(0, 200)}`, { cause });
    }
  }
  return records;
}

function infinityFromNull(field: string, value: unknown): unknown {
  return value === null && (field === 'returnedAt' || field === 'notAfter') ? Number.POSITIVE_INFINITY : value;
}
