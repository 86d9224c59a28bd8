/**
 * From a stream of bytes to batches of whole records: the splitter finds them, this gathers them.
 *
 * Owns      the buffer between two chunks, and how large a batch is.
 * Why       batches: one message to a parsing thread for some thousand records, instead of one each.
 */

import type { Format } from './batch.ts';
import { CsvSplitter } from './csv-splitter.ts';
import { JsonArraySplitter } from './json-array-splitter.ts';
import { NdjsonSplitter } from './ndjson-splitter.ts';
import type { BadRecord, Span, Splitter } from './splitter.ts';

export interface SplitBatch {
  bytes: Buffer;
  spans: Span[];
  bad: BadRecord[];
  /** Bytes of the input up to here, for the progress bar. */
  bytesRead: number;
  /** No batch follows. */
  last: boolean;
}

const BATCH_BYTES = 256 * 1024;

export function splitterFor(format: Format, delimiter: string): Splitter {
  if (format === 'csv') return new CsvSplitter(delimiter);
  return format === 'json' ? new JsonArraySplitter() : new NdjsonSplitter();
}

export async function* splitBatches(input: AsyncIterable<Uint8Array>, splitter: Splitter): AsyncGenerator<SplitBatch> {
  let held = Buffer.alloc(0);
  let [parts, partsBytes, bytesRead, wanted]: [Buffer[], number, number, number] = [[], 0, 0, BATCH_BYTES];
  const scan = (last: boolean): SplitBatch => {
    held = Buffer.concat([held, ...parts]);
    [parts, partsBytes] = [[], 0];
    const { spans, bad, consumed } = splitter.scan(held, last);
    const bytes = held.subarray(0, consumed);
    held = held.subarray(consumed);
    // A record longer than what is here: look again only when there is twice as much, or long ones cost the square.
    wanted = Math.max(BATCH_BYTES, held.length);
    return { bytes, spans, bad, bytesRead, last };
  };
  for await (const chunk of withoutByteOrderMark(input)) {
    bytesRead += chunk.length;
    partsBytes += chunk.length;
    parts.push(chunk);
    if (partsBytes < wanted) continue;
    const batch = scan(false);
    if (batch.spans.length > 0 || batch.bad.length > 0) yield batch;
  }
  yield scan(true);
}

/** Spreadsheets begin their CSV with one. */
async function* withoutByteOrderMark(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (head === undefined) {
      yield bytes;
      continue;
    }
    head = Buffer.concat([head, bytes]);
    if (head.length < 3) continue;
    yield head.subarray(head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0);
    head = undefined;
  }
  if (head !== undefined) yield head;
}
