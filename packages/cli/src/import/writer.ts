/**
 * Writer: parsed records to the server, many at once, in the order of the file, whatever happens to the connection.
 *
 * Owns      the window of records on their way, and the one recovery: when an answer says "try again" or the connection
 *           is lost, nothing new is sent until all that is unanswered has been sent again, in order.
 * Invariants
 *   IW1  every record given to add() is counted exactly once: stored, skipped (--if-absent) or refused
 *   IW2  of two records with one key the later one's value is the one that stays
 * Why IW2 needs care: a later record may have been stored while an earlier one was refused as BUSY. Sending that one again
 * would bring the old value back, so a record that a later one has overwritten is not sent again.
 */
import { EXIT, Failure } from '../failure.ts';
import { type PutConditions, putCommand, readPutReply, type TypedValue } from '../server/commands.ts';
import type { Reply } from '../server/connection.ts';
import { isRetryable } from '../server/refusals.ts';
import type { RetryingConnection } from '../transfer/retrying.ts';
import { KINDS, type ParsedBatch, TABLE_COLUMNS } from './batch.ts';
import type { BadRecord } from './splitter.ts';

export interface OutRecord {
  key: Buffer;
  value: TypedValue;
  expiresAt: number;
  line: number;
  number: number;
}

export interface WriterCounts {
  stored: number;
  skipped: number;
  refused: number;
}

export interface WriterOptions {
  window: number;
  conditions: PutConditions;
  onRefused: (record: BadRecord) => void;
  /** So many records have just been answered. */
  onAnswered: (records: number) => void;
}

interface Sent {
  records: readonly OutRecord[];
  answers: Promise<(Reply | Failure)[]>;
}

/** Records in one pipeline: enough to make one write of many, few enough that a stall shows where it happened. */
const PIPELINE = 128;

/** So often a connection may break on the same records before they are tried one by one to find which one breaks it. */
const LOSSES_MAX = 2;

export class Writer {
  readonly counts: WriterCounts = { stored: 0, skipped: 0, refused: 0 };
  readonly #connection: RetryingConnection;
  readonly #options: WriterOptions;
  readonly #sent: Sent[] = [];
  #underWay = 0;

  constructor(connection: RetryingConnection, options: WriterOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Resolves when there is room for more, not when all is stored. */
  async add(records: readonly OutRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += PIPELINE) {
      while (this.#sent.length > 0 && this.#underWay >= this.#options.window) await this.#settleOldest();
      this.#send(records.slice(at, at + PIPELINE));
    }
  }

  async finish(): Promise<void> {
    while (this.#sent.length > 0) await this.#settleOldest();
  }

  #send(records: readonly OutRecord[]): void {
    this.#underWay += records.length;
    this.#sent.push({ records, answers: this.#exchange(records) });
  }

  async #exchange(records: readonly OutRecord[]): Promise<(Reply | Failure)[]> {
    const answers = await this.#connection.send(records.map((record) => this.#command(record)));
    this.#options.onAnswered(answers.reduce<number>((count, answer) => count + (isFinal(answer) ? 1 : 0), 0));
    return answers;
  }

  #command({ key, value, expiresAt }: OutRecord): [string, ...(string | Buffer)[]] {
    const own = expiresAt > 0 ? { ...this.#options.conditions, expiresAt, ttlMs: undefined } : this.#options.conditions;
    return putCommand(key, value, own);
  }

  async #settleOldest(): Promise<void> {
    const { records, answers } = this.#sent.shift()!;
    const unanswered = this.#settle(records, await answers);
    this.#underWay -= records.length;
    if (unanswered.length > 0) await this.#sendAgain(records, unanswered);
    else this.#connection.progressed();
  }

  /** Counts the records that have their final answer; returns the others. */
  #settle(records: readonly OutRecord[], answers: readonly (Reply | Failure)[]): Unanswered[] {
    const unanswered: Unanswered[] = [];
    records.forEach((record, i) => {
      const answer = answers[i] ?? null;
      if (!(answer instanceof Failure)) this.#countStored(answer);
      else if (isRetryable(answer)) unanswered.push({ record, failure: answer });
      else this.#countRefused(record, answer);
    });
    return unanswered;
  }

  #countStored(answer: Reply): void {
    if (readPutReply(answer).applied) this.counts.stored += 1;
    else this.counts.skipped += 1;
  }

  #countRefused(record: OutRecord, failure: Failure): void {
    // A full server refuses everything that follows too, and a wrong password every record.
    if (failure.exitCode !== EXIT.server || /^(OOM|NOAUTH|NOPERM|READONLY)/.test(failure.reply ?? '')) throw failure;
    this.counts.refused += 1;
    this.#options.onRefused({
      line: record.line,
      number: record.number,
      message: `refused by the server: ${failure.message}`,
    });
  }

  /** The recovery: waits for all that is on its way, then sends what is unanswered again, in order. */
  async #sendAgain(records: readonly OutRecord[], unanswered: Unanswered[]): Promise<void> {
    const drained = [...records];
    const missing = [...unanswered];
    for (const sent of this.#sent.splice(0)) {
      drained.push(...sent.records);
      missing.push(...this.#settle(sent.records, await sent.answers));
      this.#underWay -= sent.records.length;
    }
    const again = withoutOverwritten(drained, missing);
    this.counts.stored += missing.length - again.length;
    this.#options.onAnswered(missing.length - again.length);
    await this.#untilAnswered(again);
  }

  async #untilAnswered(unanswered: Unanswered[]): Promise<void> {
    let left = unanswered;
    let losses = 0;
    let oneByOne = 0;
    while (left.length > 0) {
      const { failure, record } = left[0]!;
      await this.#connection.recover(failure);
      if (failure.exitCode === EXIT.unreachable) losses += 1;
      if (losses > LOSSES_MAX) oneByOne = PIPELINE;
      const group = left.slice(0, oneByOne > 0 ? 1 : PIPELINE).map((one) => one.record);
      const again = this.#settle(group, await this.#exchange(group));
      const guilty = again.length === 1 && oneByOne > 0 && losses > LOSSES_MAX * 2;
      if (guilty) this.#blame(record);
      left = [...(guilty ? [] : again), ...left.slice(group.length)];
      if (!guilty && again.length === group.length) continue;
      this.#connection.progressed();
      losses = 0;
      oneByOne = Math.max(0, oneByOne - 1);
    }
  }

  /** The server hangs up at this very record (too long to be read, most likely): not worth losing the others for. */
  #blame(record: OutRecord): void {
    this.counts.refused += 1;
    const bytes = record.value.bytes.length;
    const message = `the server hangs up on this record (its value has ${bytes} bytes)`;
    this.#options.onRefused({ line: record.line, number: record.number, message });
    this.#options.onAnswered(1);
  }
}

interface Unanswered {
  record: OutRecord;
  failure: Failure;
}

/** IW2: what is missing and was not overwritten by a later record that has its answer. `drained`: all that was on its way. */
function withoutOverwritten(drained: readonly OutRecord[], missing: readonly Unanswered[]): Unanswered[] {
  const unanswered = new Set(missing.map(({ record }) => record));
  const lastAnswered = new Map<string, number>();
  for (const record of drained) {
    if (!unanswered.has(record)) lastAnswered.set(record.key.toString('latin1'), record.number);
  }
  return missing.filter(({ record }) => (lastAnswered.get(record.key.toString('latin1')) ?? 0) < record.number);
}

function isFinal(answer: Reply | Failure): boolean {
  return !(answer instanceof Failure) || !isRetryable(answer);
}

export function unpackRecords(batch: ParsedBatch): OutRecord[] {
  const { table, expiresAt } = batch;
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  const records: OutRecord[] = [];
  let start = 0;
  for (let i = 0; i < table.length / TABLE_COLUMNS; i += 1) {
    const [keyEnd, valueEnd, kind, line, number] = table.subarray(i * TABLE_COLUMNS, (i + 1) * TABLE_COLUMNS);
    const value = { kind: KINDS[kind!]!, bytes: bytes.subarray(keyEnd, valueEnd) };
    records.push({ key: bytes.subarray(start, keyEnd), value, expiresAt: expiresAt[i]!, line: line!, number: number! });
    start = valueEnd!;
  }
  return records;
}
