/**
 * Values between JavaScript and what the core stores: a one-byte string and a ValueKind.
 *
 * Owns      which kind a value gets, and both directions for each kind.
 * Does not  walk structured values (structured.ts).
 *
 * | value put                              | kind       | stored as       | reads back as              |
 * |----------------------------------------|------------|-----------------|----------------------------|
 * | string                                 | text       | UTF-8           | string                     |
 * | Uint8Array, Buffer                     | bytes      | its bytes       | Uint8Array                 |
 * | finite number (not -0)                 | number     | decimal text    | number                     |
 * | null, boolean, bigint, objects, -0 …   | structured | msgpack         | what it was                |
 *
 * Numbers have a kind of their own so that `put('n', 5)`, `increment('n')`, `get('n')` is 5, 6, 6, while redis-cli sees
 * plain decimal text. What was stored by other means than this table (RESP writes bytes and calls them text) never makes
 * a value unreadable: text that is no UTF-8 and structured values that are no msgpack read back as Uint8Array.
 */
import { types } from 'node:util';
import { ValueKind } from '../../core/data/operation.ts';
import { KvError } from '../../core/protocol/errors.ts';
import { bytesToOneByte, oneByteToBytes, oneByteToText, textToOneByte } from '../../runtime/memory/one-byte.ts';
import { packStructured, unpackStructured } from './structured.ts';
import { valueTooLarge } from './too-large.ts';

/** The kind a value is stored as. */
export function kindOf(value: unknown): ValueKind {
  if (typeof value === 'string') return ValueKind.text;
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? ValueKind.number : ValueKind.structured;
  }
  return types.isUint8Array(value) ? ValueKind.bytes : ValueKind.structured;
}

/**
 * A value as the core stores it; `kind` is its {@link kindOf}.
 * @throws {KvError} INVALID_VALUE naming what cannot be stored and where, VALUE_TOO_LARGE
 */
export function encodeValue(value: unknown, kind: ValueKind, maxBytes: number): string {
  checkLength(value, kind, maxBytes);
  const encoded = encode(value, kind, maxBytes);
  if (encoded.length > maxBytes) throw valueTooLarge(encoded.length, maxBytes);
  return encoded;
}

/** What V8 could not make one string of must be refused before it tries; how long a structured value is, its writer sees. */
function checkLength(value: unknown, kind: ValueKind, maxBytes: number): void {
  if (kind === ValueKind.text) {
    const { length } = value as string;
    // A unit of UTF-16 is one to three bytes of UTF-8: most texts need not be looked through.
    if (length * 3 <= maxBytes) return;
    // A text put together of pieces is made one by whoever looks through it.
    if (length > maxBytes) throw valueTooLarge(length, maxBytes);
    const bytes = Buffer.byteLength(value as string, 'utf8');
    if (bytes > maxBytes) throw valueTooLarge(bytes, maxBytes);
  } else if (kind === ValueKind.bytes) {
    const { byteLength } = value as Uint8Array;
    if (byteLength > maxBytes) throw valueTooLarge(byteLength, maxBytes);
  }
}

/** A stored value as it was put. */
export function decodeValue(stored: string, kind: ValueKind): unknown {
  switch (kind) {
    case ValueKind.text:
      return oneByteToText(stored) ?? oneByteToBytes(stored);
    case ValueKind.bytes:
      return oneByteToBytes(stored);
    case ValueKind.number:
      return decodeNumber(stored);
    case ValueKind.structured:
      return unpackStructured(oneByteToBytes(stored));
  }
}

function encode(value: unknown, kind: ValueKind, maxBytes: number): string {
  switch (kind) {
    case ValueKind.text: {
      const encoded = textToOneByte(value as string);
      if (encoded !== undefined) return encoded;
      throw new KvError('INVALID_VALUE', 'the string has a lone surrogate, so it has no UTF-8');
    }
    case ValueKind.bytes:
      return bytesToOneByte(value as Uint8Array);
    case ValueKind.number:
      return String(value);
    case ValueKind.structured:
      return packStructured(value, maxBytes);
  }
}

/**
 * Numbers put come back exactly: String and Number are inverse for finite doubles. What increments made of them may be
 * an integer that no double holds; that comes back as a bigint. Text after an APPEND over RESP may be no number at all.
 */
function decodeNumber(stored: string): unknown {
  const number = Number(stored);
  if (Number.isSafeInteger(number)) return number;
  if (Number.isNaN(number)) return oneByteToText(stored) ?? oneByteToBytes(stored);
  if (!Number.isInteger(number) || !/^-?\d+$/.test(stored)) return number;
  const integer = BigInt(stored);
  return integer === BigInt(number) || String(number) === stored ? number : integer;
}
