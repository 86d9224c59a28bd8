/**
 * The JSON face of an entry: what `--json` prints, `export` writes and `import` reads. Nothing is mangled:
 *
 *   {"key":"name","value":"luis"}                              text
 *   {"key":"hits","value":17}                                  number
 *   {"key":"city","value":{"lat":4.7}}                         structured (any other JSON)
 *   {"key":"logo","value":"iVBORw0=","encoding":"base64"}      bytes
 *   {"key":"seen","value":"x8D/…","encoding":"msgpack"}        structured, but with what JSON cannot say (dates, bigints, ...)
 *   {"key":"/w==","keyEncoding":"base64", ...}                 a key that is no UTF-8
 *
 * `version` and `expiresAt` (ms since the epoch) follow where they are known; import heeds `expiresAt`, not `version`.
 */
import { isUtf8 } from 'node:buffer';
import type { Entry, TypedValue } from '../server/commands.ts';
import { isJsonSafe, packStructured, unpackStructured } from './structured.ts';

export interface JsonValue {
  value: unknown;
  encoding?: 'base64' | 'msgpack' | 'number';
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

export function valueToJson(value: TypedValue): JsonValue {
  if (value.kind === 'text' && isUtf8(value.bytes)) return { value: value.bytes.toString() };
  if (value.kind === 'number') return numberToJson(value.bytes.toString('latin1'));
  if (value.kind === 'structured') {
    const decoded = unpackStructured(value.bytes);
    // A string, stored as msgpack by whoever, must not come back as text.
    if (typeof decoded !== 'string' && isJsonSafe(decoded)) return { value: decoded };
    return { value: value.bytes.toString('base64'), encoding: 'msgpack' };
  }
  return { value: value.bytes.toString('base64'), encoding: 'base64' };
}

/** What increments made may be an integer no double holds, and what APPEND made no number at all: then it goes as it is. */
function numberToJson(text: string): JsonValue {
  const value = Number(text);
  if (Number.isFinite(value) && String(value) === text) return { value };
  return { value: text, encoding: 'number' };
}

export function entryToJson(key: Buffer, entry: Entry): JsonEntry {
  const json: JsonEntry = { ...keyToJson(key), ...valueToJson(entry), version: entry.version };
  if (entry.expiresAt > 0) json.expiresAt = entry.expiresAt;
  return json;
}

/** The other way round. Throws an Error that says what is wrong with the record. */
export function valueFromJson(value: unknown, encoding: unknown): TypedValue {
  if (encoding === undefined || encoding === '' || encoding === null) {
    if (value === undefined) throw new Error('there is no "value"');
    if (typeof value === 'string') return { kind: 'text', bytes: Buffer.from(value) };
    if (typeof value === 'number' && !Object.is(value, -0))
      return { kind: 'number', bytes: Buffer.from(String(value)) };
    return { kind: 'structured', bytes: packStructured(value) };
  }
  if (typeof value !== 'string') throw new Error(`a value with an encoding must be a string`);
  if (encoding === 'number') return { kind: 'number', bytes: Buffer.from(value) };
  if (encoding === 'json') return valueFromJson(JSON.parse(value), undefined);
  if (encoding === 'base64') return { kind: 'bytes', bytes: fromBase64(value) };
  if (encoding === 'msgpack') return { kind: 'structured', bytes: fromBase64(value) };
  throw new Error(`unknown encoding ${JSON.stringify(encoding)}`);
}

export function keyFromJson(key: unknown, encoding: unknown): Buffer {
  if (typeof key !== 'string') throw new Error('there is no "key" (give the record one, or use --key TEMPLATE)');
  if (encoding === 'base64') return fromBase64(key);
  if (encoding !== undefined && encoding !== '') throw new Error(`unknown keyEncoding ${JSON.stringify(encoding)}`);
  return Buffer.from(key);
}

/** Buffer.from takes anything and drops what is no base64: here that is an error. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) throw new Error('broken base64');
  return bytes;
}
