/**
 * Keys between JavaScript and the core's one-byte strings.
 *
 * Owns      the checks of a key, and what it is called in messages.
 * Does not  know kinds of values (values.ts) or encode text (runtime/memory/one-byte.ts).
 */
import { types } from 'node:util';
import { KvError } from '../../core/protocol/errors.ts';
import {
  bytesToOneByte,
  isAscii,
  oneByteToBytes,
  oneByteToText,
  textToOneByte,
} from '../../runtime/memory/one-byte.ts';
import type { Key } from '../store/entries.ts';
import { keyTooLarge } from './too-large.ts';

/**
 * A key as the core knows it.
 * @throws {KvError} INVALID_KEY, KEY_TOO_LARGE
 */
export function encodeKey(key: Key, maxBytes: number): string {
  const isKey = typeof key === 'string' || types.isUint8Array(key);
  // Each unit of a string is a byte at least: a length that V8 could not make one string of is refused before it tries.
  if (isKey && key.length > maxBytes) throw keyTooLarge(key.length, maxBytes);
  const encoded = typeof key === 'string' ? textToOneByte(key) : types.isUint8Array(key) ? bytesToOneByte(key) : null;
  if (encoded === null) throw new KvError('INVALID_KEY', `got ${nameOf(key)}`);
  if (encoded === undefined) throw new KvError('INVALID_KEY', 'the string has a lone surrogate, so it has no UTF-8');
  if (encoded.length > maxBytes) throw keyTooLarge(encoded.length, maxBytes);
  return encoded;
}

/** A key as it is told: text if it is UTF-8, else its bytes. Either finds the entry. */
export function decodeKey(key: string): Key {
  return oneByteToText(key) ?? oneByteToBytes(key);
}

/** A key for a message: what is no UTF-8 shows as U+FFFD. */
export function showKey(key: string): string {
  if (isAscii(key)) return key;
  return Buffer.from(key, 'latin1').toString('utf8');
}

/** What something is, for a message: `null`, `an array`, `a number`, `an instance of Foo`. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `an instance of ${name}` : 'an object';
}
