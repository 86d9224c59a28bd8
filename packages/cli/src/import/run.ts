/**
 * One import from beginning to end: joins the stages and keeps the count.
 *
 * Owns      the summary; stopping: after a bad record (--on-error stop), on Ctrl-C, and when the server is past retrying.
 *           However it ends, what was read before is settled and counted first.
 */
import type { Readable } from 'node:stream';
import type { Context } from '../context.ts';
import { EXIT, Failure, usageFailure } from '../failure.ts';
import { Progress } from '../transfer/progress.ts';
import { RetryingConnection } from '../transfer/retrying.ts';
import type { Format, Recipe } from './batch.ts';
import { type SplitBatch, splitBatches, splitterFor } from './batches.ts';
import { NotAnArray } from './json-array-splitter.ts';
import type { ImportOptions } from './options.ts';
import { type ParsedWithProgress, Parsers } from './parsers.ts';
import type { BadRecord } from './splitter.ts';
import { unpackRecords, Writer } from './writer.ts';

export interface RunOptions {
  input: Readable;
  name: string;
  totalBytes: number;
  format: Format;
  delimiter: string;
  options: ImportOptions;
  onBad: (record: BadRecord) => void;
}

export interface Summary {
  /** Records found, good and bad. */
  read: number;
  stored: number;
  /** Were there already (--if-absent). */
  skipped: number;
  /** Could not be parsed, or had no key. */
  bad: number;
  /** Refused by the server. */
  refused: number;
  ms: number;
  perSecond: number;
  /** Longest time without an answer. */
  longestStallMs: number;
  /** Times something was sent again. */
  retries: number;
  stopped: boolean;
  interrupted: boolean;
  /** The first of the bad and refused records. */
  errors: BadRecord[];
}

const ERRORS_KEPT = 1_000;

export async function runImport(context: Context, run: RunOptions): Promise<Summary> {
  const { options } = run;
  // Its own signal: on Ctrl-C what is on its way is still answered and counted.
  const connecting = { timeoutMs: context.timeoutMs, signal: new AbortController().signal };
  const connection =
    options.dryRun === true ? undefined : await RetryingConnection.open(context.target, connecting, options.retryFor);
  const parsers = new Parsers(options.threads);
  const progress = await Progress.start(context, options.progress, run.totalBytes);
  try {
    return await new Import(context, run, progress, connection).through(parsers);
  } finally {
    progress.stop();
    connection?.close();
    run.input.destroy();
    await parsers.close();
  }
}

class Import {
  readonly #context: Context;
  readonly #run: RunOptions;
  readonly #progress: Progress;
  readonly #connection: RetryingConnection | undefined;
  readonly #writer: Writer | undefined;
  readonly #recipe: Recipe;
  readonly #errors: BadRecord[] = [];
  #read = 0;
  #bad = 0;
  #stopped = false;

  constructor(context: Context, run: RunOptions, progress: Progress, connection: RetryingConnection | undefined) {
    this.#context = context;
    this.#run = run;
    this.#progress = progress;
    this.#connection = connection;
    const { key, value, as, ttl: ttlMs, ifAbsent, window } = run.options;
    this.#recipe = { format: run.format, delimiter: run.delimiter, as };
    if (key !== undefined) this.#recipe.keyTemplate = key;
    if (value !== undefined) this.#recipe.valueTemplate = value;
    if (connection === undefined) return;
    this.#writer = new Writer(connection, {
      window,
      conditions: { ttlMs, ifAbsent },
      onRefused: (record) => this.#report(record),
      onAnswered: (records) => progress.answered(records),
    });
  }

  async through(parsers: Parsers): Promise<Summary> {
    const split = splitBatches(this.#run.input, splitterFor(this.#run.format, this.#run.delimiter));
    try {
      for await (const batch of parsers.parseAll(this.#withHeader(split), () => this.#recipe)) {
        await this.#take(batch);
        if (this.#stopped || this.#context.io.signal.aborted) break;
      }
      await this.#writer?.finish();
    } catch (error) {
      throw this.#explain(error);
    }
    return this.#summary();
  }

  /** CSV: the first record names the columns. */
  async *#withHeader(batches: AsyncIterable<SplitBatch>): AsyncGenerator<SplitBatch> {
    for await (const batch of batches) {
      if (this.#run.format === 'csv' && this.#recipe.columns === undefined && batch.spans.length > 0) {
        const header = batch.spans.shift()!;
        this.#recipe.columns = await readHeader(batch.bytes.subarray(header.start, header.end), this.#run.delimiter);
      }
      yield batch;
    }
  }

  async #take(batch: ParsedWithProgress): Promise<void> {
    let records = unpackRecords(batch);
    let { bad } = batch;
    if (this.#run.options.onError === 'stop' && bad.length > 0) {
      const [first] = bad;
      records = records.filter(({ number }) => number < first!.number);
      bad = [first!];
      this.#stopped = true;
    }
    this.#read += records.length + bad.length;
    this.#bad += bad.length;
    for (const record of bad) this.#report(record);
    await this.#writer?.add(records);
    this.#progress.read(batch.bytesRead);
    if (this.#writer === undefined) this.#progress.answered(records.length);
  }

  #report(record: BadRecord): void {
    if (this.#errors.length < ERRORS_KEPT) this.#errors.push(record);
    this.#run.onBad(record);
    if (this.#run.options.onError === 'stop') this.#stopped = true;
  }

  #summary(): Summary {
    const { elapsedMs, longestStallMs } = this.#progress;
    const { stored, skipped, refused } = this.#writer?.counts ?? { stored: 0, skipped: 0, refused: 0 };
    const ms = Math.round(elapsedMs);
    return {
      read: this.#read,
      stored,
      skipped,
      bad: this.#bad,
      refused,
      ms,
      perSecond: Math.round((this.#read * 1_000) / Math.max(1, elapsedMs)),
      longestStallMs: Math.round(longestStallMs * 10) / 10,
      retries: this.#connection?.retries ?? 0,
      stopped: this.#stopped,
      interrupted: this.#context.io.signal.aborted,
      errors: this.#errors,
    };
  }

  #explain(error: unknown): unknown {
    if (error instanceof NotAnArray) {
      return usageFailure(`${this.#run.name} is no JSON array`, 'one object a line? Then say: --format ndjson');
    }
    if (!(error instanceof Failure) || this.#writer === undefined) return error;
    const { exitCode, hint, code, reply, retryable } = error;
    const { stored } = this.#writer.counts;
    const outcome = stored > 0 ? 'unknown' : error.outcome;
    const details = { hint, code, reply, retryable, outcome, cause: error } as const;
    const message = `${error.message}; ${stored} records were stored before`;
    return new Failure(exitCode === EXIT.ok ? EXIT.server : exitCode, message, details);
  }
}

async function readHeader(bytes: Buffer, delimiter: string): Promise<string[]> {
  const { parse } = await import('csv-parse/sync');
  const [columns = []] = parse(bytes, { delimiter, relax_quotes: true }) as string[][];
  const names = columns.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw usageFailure(`the CSV header has "${twice}" twice`);
  return names;
}
