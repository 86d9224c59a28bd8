/**
 * The JSON face of an entry: what `--json` prints, `export` writes and `import` reads. Nothing is mangled:
 *
 *   {"key":"name","value":"luis","kind":"text"}
 *   {"key":"hits","value":17,"kind":"number"}
 *   {"key":"city","value":{"lat":4.7},"kind":"structured"}
 *   {"key":"logo","value":"iVBORw0=","encoding":"base64","kind":"bytes"}
 *   {"key":"seen","value":"1v8A…","encoding":"msgpack","kind":"structured"}    holds what JSON cannot say (dates, bigints, ...)
 *   {"key":"/w==","keyEncoding":"base64", ...}                                 a key that is no UTF-8
 *
 * A structured value that cannot be read is bytes: it costs nothing but itself. Import needs `kind` to tell a structured
 * string from text, and text that is no UTF-8 from bytes; a record with `encoding` msgpack and without `kind` is of kvctl 0.1
 * (import/earlier-export.ts).
 *
 * `version` and `expiresAt` (ms since the epoch) follow where they are known; import heeds `expiresAt`, not `version`.
 */
import { isUtf8 } from 'node:buffer';
import type { Entry, Kind, TypedValue } from '../server/commands.ts';
import { packStructured, readStructured } from './structured.ts';

export interface JsonValue {
  value: unknown;
  encoding?: 'base64' | 'msgpack' | 'number';
  kind: Kind;
}

export interface JsonEntry extends JsonValue {
  key: string;
  keyEncoding?: 'base64';
  version?: number;
  expiresAt?: number;
}

export function keyToJson(key: Buffer): { key: string; keyEncoding?: 'base64' } {
  return isUtf8(key) ? { key: key.toString() } : { key: key.toString('base64'), keyEncoding: 'base64' };
}

export function valueToJson({ kind, bytes }: TypedValue): JsonValue {
  if (kind === 'text' && isUtf8(bytes)) return { value: bytes.toString(), kind };
  if (kind === 'number') return numberToJson(bytes.toString('latin1'));
  if (kind === 'structured') return structuredToJson(bytes);
  return { value: bytes.toString('base64'), encoding: 'base64', kind };
}

function structuredToJson(bytes: Buffer): JsonValue {
  const read = readStructured(bytes);
  if (read === undefined) return { value: bytes.toString('base64'), encoding: 'base64', kind: 'bytes' };
  if (read.isJson) return { value: read.value, kind: 'structured' };
  return { value: bytes.toString('base64'), encoding: 'msgpack', kind: 'structured' };
}

/** What increments made may be an integer no double holds, and what APPEND made no number at all: then it goes as it is. */
function numberToJson(text: string): JsonValue {
  const value = Number(text);
  if (Number.isFinite(value) && String(value) === text) return { value, kind: 'number' };
  return { value: text, encoding: 'number', kind: 'number' };
}

export function entryToJson(key: Buffer, entry: Entry): JsonEntry {
  const json: JsonEntry = { ...keyToJson(key), ...valueToJson(entry), version: entry.version };
  if (entry.expiresAt > 0) json.expiresAt = entry.expiresAt;
  return json;
}

/** The other way round. Throws an Error that says what is wrong with the record. */
export function valueFromJson(value: unknown, encoding: unknown, kind?: unknown): TypedValue {
  if (encoding === undefined || encoding === '' || encoding === null) {
    if (value === undefined) throw new Error('there is no "value"');
    return plainFromJson(value, kind === 'structured');
  }
  if (typeof value !== 'string') throw new Error(`a value with an encoding must be a string`);
  if (encoding === 'number') return { kind: 'number', bytes: Buffer.from(value) };
  if (encoding === 'json') return plainFromJson(JSON.parse(value), kind === 'structured');
  if (encoding === 'base64') return { kind: kind === 'text' ? 'text' : 'bytes', bytes: fromBase64(value) };
  if (encoding === 'msgpack') return ifReadable(fromBase64(value));
  throw new Error(`unknown encoding ${JSON.stringify(encoding)}`);
}

function plainFromJson(value: unknown, isStructured: boolean): TypedValue {
  if (typeof value === 'string' && !isStructured) return { kind: 'text', bytes: Buffer.from(value) };
  // JSON.parse makes Infinity of 1e999, which is no decimal text.
  if (typeof value === 'number' && Number.isFinite(value) && !isStructured && !Object.is(value, -0)) {
    return { kind: 'number', bytes: Buffer.from(String(value)) };
  }
  return { kind: 'structured', bytes: packStructured(value) };
}

function ifReadable(bytes: Buffer): TypedValue {
  return { kind: readStructured(bytes) === undefined ? 'bytes' : 'structured', bytes };
}

export function keyFromJson(key: unknown, encoding: unknown): Buffer {
  if (typeof key !== 'string') throw new Error('there is no "key" (give the record one, or use --key TEMPLATE)');
  if (encoding === 'base64') return fromBase64(key);
  if (encoding !== undefined && encoding !== '') throw new Error(`unknown keyEncoding ${JSON.stringify(encoding)}`);
  return Buffer.from(key);
}

/** Buffer.from takes anything and drops what is no base64: here that is an error. */
export function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) throw new Error('broken base64');
  return bytes;
}
