/** Entries as text in the three formats, each such that `kvctl import` brings the same entries back. */
import type { Format } from '../import/batch.ts';
import type { Entry } from '../server/commands.ts';
import { jsonLine, visible } from '../text/visible.ts';
import { entryToJson } from '../values/json-face.ts';

export interface EntryWriter {
  begin: string;
  entry(key: Buffer, entry: Entry): string;
  end: string;
}

/** `onTerminal`: it is looked at, not kept: what is no text is shown, not written. (JSON is safe there as it is.) */
export function entryWriter(format: Format, onTerminal = false): EntryWriter {
  if (format === 'csv') {
    const shown = (row: string): string => (onTerminal ? `${visible(row.slice(0, -1))}\n` : row);
    return { begin: `${CSV_COLUMNS.join(',')}\n`, entry: (key, entry) => shown(csvRow(key, entry)), end: '' };
  }
  if (format === 'ndjson')
    return { begin: '', entry: (key, entry) => `${jsonLine(entryToJson(key, entry))}\n`, end: '' };
  let first = true;
  const entry = (key: Buffer, found: Entry): string => {
    const comma = first ? '' : ',\n';
    first = false;
    return comma + jsonLine(entryToJson(key, found));
  };
  return { begin: '[\n', entry, end: '\n]\n' };
}

const CSV_COLUMNS = ['key', 'keyEncoding', 'value', 'encoding', 'kind', 'version', 'expiresAt'] as const;

function csvRow(key: Buffer, entry: Entry): string {
  const face = entryToJson(key, entry);
  const fields: Record<string, unknown> = { ...face };
  // CSV knows only text: a structured value goes as JSON and says so.
  if (typeof face.value !== 'string') {
    fields.value = JSON.stringify(face.value);
    fields.encoding = 'json';
  }
  return `${CSV_COLUMNS.map((column) => csvField(fields[column])).join(',')}\n`;
}

function csvField(value: unknown): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
