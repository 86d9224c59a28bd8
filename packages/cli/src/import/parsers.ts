/**
 * Parsers: batches parsed on a piscina pool, several at once, given back in the order of the file (so that of two records
 * with one key the later one wins, as a reader expects).
 *
 * A small input is parsed right here: starting threads takes longer than parsing it.
 */
import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import type { ParsedBatch, RawBatch, Recipe } from './batch.ts';
import { SPAN_COLUMNS } from './batch.ts';
import type { SplitBatch } from './batches.ts';

export interface ParsedWithProgress extends ParsedBatch {
  bytesRead: number;
}

const WORKER = new URL('../../bin/parse-worker.js', import.meta.url).href;

export class Parsers {
  readonly #threads: number;
  #pool: Promise<Piscina> | undefined;

  constructor(threads = Math.min(4, Math.max(1, availableParallelism() - 1))) {
    this.#threads = threads;
  }

  async *parseAll(batches: AsyncIterable<SplitBatch>, recipe: () => Recipe): AsyncGenerator<ParsedWithProgress> {
    const underWay: Promise<ParsedWithProgress>[] = [];
    let first = true;
    for await (const batch of batches) {
      const alone = first && batch.last;
      first = false;
      const parsed = this.#parse(batch, recipe(), alone);
      // Awaited in order below; a failure must not count as unhandled until its turn comes.
      parsed.catch(() => undefined);
      underWay.push(parsed);
      if (underWay.length > this.#threads * 2) yield await underWay.shift()!;
    }
    for (const parsed of underWay) yield await parsed;
  }

  async close(): Promise<void> {
    await (await this.#pool)?.destroy();
  }

  async #parse(batch: SplitBatch, recipe: Recipe, here: boolean): Promise<ParsedWithProgress> {
    const raw = toRaw(batch, recipe);
    const parsed = here ? (await import('./parse-batch.ts')).default(raw) : await this.#onPool(raw);
    const bad = [...batch.bad, ...parsed.bad].sort((a, b) => a.number - b.number || a.line - b.line);
    return { ...parsed, bad, bytesRead: batch.bytesRead };
  }

  async #onPool(raw: RawBatch): Promise<ParsedBatch> {
    this.#pool ??= this.#startPool();
    const transferList = [raw.bytes.buffer as ArrayBuffer, raw.spans.buffer as ArrayBuffer];
    const pool = await this.#pool;
    return (await pool.run(raw, { transferList })) as ParsedBatch;
  }

  async #startPool(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    // execArgv: [] because `--import tsx`, which tests run with, breaks workers of Node 20.
    const threads = { minThreads: this.#threads, maxThreads: this.#threads };
    return new Piscina({ filename: WORKER, ...threads, execArgv: [] });
  }
}

function toRaw(batch: SplitBatch, recipe: Recipe): RawBatch {
  const spans = new Uint32Array(batch.spans.length * SPAN_COLUMNS);
  for (const [i, { start, end, line, number }] of batch.spans.entries()) {
    spans.set([start, end, line, number], i * SPAN_COLUMNS);
  }
  // A copy of its own: the rest of the buffer is still needed here, and what is transferred is gone.
  return { recipe, bytes: new Uint8Array(batch.bytes), spans };
}
