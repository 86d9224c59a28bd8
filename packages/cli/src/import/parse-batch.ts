/**
 * Parses a batch of records into keys and values. Runs on a piscina thread (and on the main thread when the whole input
 * is one small batch): pure, no connection, no state but the compiled templates.
 *
 * A record that cannot be used is reported with its line and costs nothing but itself.
 */
import { isUtf8 } from 'node:buffer';
import { parse as parseCsv } from 'csv-parse/sync';
import type { TypedValue } from '../server/commands.ts';
import { keyFromJson, valueFromJson } from '../values/json-face.ts';
import { KINDS, type ParsedBatch, type RawBatch, type Recipe, SPAN_COLUMNS } from './batch.ts';
import { fromEarlierExport } from './earlier-export.ts';
import type { BadRecord } from './splitter.ts';
import { Template } from './template.ts';

interface Parsed {
  key: Buffer;
  value: TypedValue;
  expiresAt: number;
}

interface Templates {
  key: Template | undefined;
  value: Template | undefined;
}

export default function parseBatch(batch: RawBatch): ParsedBatch {
  const { recipe, spans } = batch;
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  const templates = compile(recipe);
  const texts = sliceRecords(bytes, spans);
  const rows = recipe.format === 'csv' ? readRows(texts, recipe) : undefined;
  const collected = new Collector();
  for (let i = 0; i < texts.length; i += 1) {
    const [line, number] = [spans[i * SPAN_COLUMNS + 2]!, spans[i * SPAN_COLUMNS + 3]!];
    try {
      const text = texts[i];
      if (text === undefined) throw new Error('is no UTF-8');
      const record: unknown =
        rows === undefined ? parseJson(text) : namedFields(rows[i] ?? readRow(text, recipe), recipe);
      collected.add(toParsed(record, number, recipe, templates), line, number);
    } catch (error) {
      collected.bad.push({ line, number, message: (error as Error).message });
    }
  }
  return collected.finish();
}

function compile(recipe: Recipe): Templates {
  return {
    key: recipe.keyTemplate === undefined ? undefined : new Template(recipe.keyTemplate),
    value: recipe.valueTemplate === undefined ? undefined : new Template(recipe.valueTemplate),
  };
}

/** Undefined for a record that is no UTF-8: decoding it anyway would change it without a word. */
function sliceRecords(bytes: Buffer, spans: Uint32Array): (string | undefined)[] {
  const allValid = isUtf8(bytes);
  const texts: (string | undefined)[] = [];
  for (let at = 0; at < spans.length; at += SPAN_COLUMNS) {
    const slice = bytes.subarray(spans[at], spans[at + 1]);
    texts.push(allValid || isUtf8(slice) ? slice.toString() : undefined);
  }
  return texts;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const clipped = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    // V8 quotes the whole text in its message; the reason comes before.
    const reason = (error as Error).message.replace(/,? (\.\.\.)?".*$/s, '').replace(/ in JSON( at .*)?$/, '');
    throw new Error(`bad JSON (${reason}): ${clipped}`);
  }
}

/** All rows of the batch in one go; if that fails, or does not give one row each, they are read one by one. */
function readRows(texts: readonly (string | undefined)[], recipe: Recipe): (string[] | undefined)[] {
  try {
    const rows = csvRows(texts.join('\n'), recipe);
    if (rows.length === texts.length && !texts.includes(undefined)) return rows;
  } catch {
    // Found out below which record it was.
  }
  return [];
}

function readRow(text: string, recipe: Recipe): string[] {
  const rows = csvRows(text, recipe);
  if (rows.length !== 1) throw new Error('bad CSV: quotes do not match');
  return rows[0]!;
}

function csvRows(text: string, { delimiter }: Recipe): string[][] {
  return parseCsv(text, { delimiter, relax_column_count: true, relax_quotes: true, skip_empty_lines: false });
}

export function namedFields(row: readonly string[], recipe: Recipe): Record<string, string> {
  const columns = recipe.columns!;
  if (row.length !== columns.length) {
    throw new Error(`bad CSV: ${row.length} fields, but the header has ${columns.length}`);
  }
  return Object.fromEntries(columns.map((name, i) => [name, row[i]!]));
}

function toParsed(record: unknown, number: number, recipe: Recipe, templates: Templates): Parsed {
  if (typeof record !== 'object' || record === null || (Array.isArray(record) && templates.key === undefined)) {
    throw new Error('a record must be an object');
  }
  const fields = record as Record<string, unknown>;
  // Without a template the record is one that export wrote; with one, a field "key" is a field like any other.
  const exported = templates.key === undefined;
  const key = exported ? keyFromJson(fields.key, fields.keyEncoding) : Buffer.from(templates.key!.fill(record, number));
  const expiresAt = exported ? deadline(fields.expiresAt) : 0;
  if (key.length === 0 && !exported) throw new Error('the key is empty');
  if (templates.value !== undefined) return { key, value: text(templates.value.fill(record, number)), expiresAt };
  if (exported) return { key, value: exportedValue(fields), expiresAt };
  return {
    key,
    value: recipe.as === 'text' ? text(JSON.stringify(record)) : valueFromJson(record, undefined),
    expiresAt,
  };
}

/** CSV has an empty field where there is no kind. */
function exportedValue({ value, encoding, kind }: Record<string, unknown>): TypedValue {
  const isEarlier = encoding === 'msgpack' && typeof value === 'string' && (kind === undefined || kind === '');
  return isEarlier ? fromEarlierExport(value) : valueFromJson(value, encoding, kind);
}

function text(value: string): TypedValue {
  return { kind: 'text', bytes: Buffer.from(value) };
}

/** CSV has it as text, and an empty field where there is none. */
function deadline(value: unknown): number {
  if (value === undefined || value === null || value === '') return 0;
  const at = Number(value);
  if (!Number.isSafeInteger(at) || at <= 0) throw new Error('"expiresAt" is no time in ms since the epoch');
  return at;
}

/** Gathers what is parsed into the flat form of ParsedBatch. */
class Collector {
  readonly bad: BadRecord[] = [];
  readonly #parts: Buffer[] = [];
  readonly #table: number[] = [];
  readonly #expiresAt: number[] = [];
  #length = 0;

  add({ key, value, expiresAt }: Parsed, line: number, number: number): void {
    const keyEnd = this.#length + key.length;
    this.#length = keyEnd + value.bytes.length;
    this.#parts.push(key, value.bytes);
    this.#table.push(keyEnd, this.#length, KINDS.indexOf(value.kind), line, number);
    this.#expiresAt.push(expiresAt);
  }

  finish(): ParsedBatch {
    // A buffer of its own, not a piece of Buffer's pool: it goes to another thread.
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return {
      bytes,
      table: Uint32Array.from(this.#table),
      expiresAt: Float64Array.from(this.#expiresAt),
      bad: this.bad,
    };
  }
}
