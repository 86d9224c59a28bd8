/**
 * Text and bytes between JavaScript and the core's one-byte strings (char code = byte).
 *
 * Owns      UTF-8 in both directions, and the ASCII short cut.
 * Why two ways to look for non-ASCII: a regular expression beats the call into C++ on short strings (8 chars: 17 against
 * 19 ns, 16: 22 against 32), and is four times slower on long ones (64 KiB: 27 against 10 us).
 */
import { isUtf8 } from 'node:buffer';
import { textOfUtf8 } from './long-text.ts';

/** Up to this length the regular expression is the faster test. */
const REGEX_CHARS_MAX = 32;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range begins at 0
const NOT_ASCII = /[^\x00-\x7f]/;

/** @types/node leaves out the methods that write() and toString('latin1') end in; they work on any Uint8Array. */
interface Latin1Methods {
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}
const { latin1Write, latin1Slice } = Buffer.prototype as unknown as Latin1Methods;

/** Whether every character is ASCII: then the string is its own UTF-8, and goes through without a copy. */
export function isAscii(text: string): boolean {
  return text.length <= REGEX_CHARS_MAX ? !NOT_ASCII.test(text) : Buffer.byteLength(text) === text.length;
}

/** Bytes as a one-byte string. Works on every Uint8Array, whatever realm or buffer it comes from. */
export function bytesToOneByte(bytes: Uint8Array): string {
  return latin1Slice.call(bytes, 0, bytes.byteLength);
}

/** A one-byte string as bytes in a buffer of their own. */
export function oneByteToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  latin1Write.call(bytes, text, 0, text.length);
  return bytes;
}

/** The UTF-8 of a string as a one-byte string, or undefined if the string has a lone surrogate and thus no UTF-8. */
export function textToOneByte(text: string): string | undefined {
  if (isAscii(text)) return text;
  return isWellFormed(text) ? bytesToOneByte(Buffer.from(text, 'utf8')) : undefined;
}

/** The string whose UTF-8 it is, or undefined if it is not valid UTF-8. */
export function oneByteToText(oneByte: string): string | undefined {
  if (isAscii(oneByte)) return oneByte;
  const bytes = Buffer.from(oneByte, 'latin1');
  return isUtf8(bytes) ? textOfUtf8(bytes) : undefined;
}

// Node 20 has String.prototype.isWellFormed, TypeScript's ES2023 library does not know it yet.
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
