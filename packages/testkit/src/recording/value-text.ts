/**
 * Values as the checker knows them: text, one character a byte, so that lengths and appended suffixes come out right whatever
 * is written.
 *
 * Owns      the text of a key and of a value. A string and its UTF-8 bytes have one text, and so have a number and its digits:
 *           a store may give back the one for the other (RESP does).
 * Why shifted: the checker marks values nobody read by a control character that no value shown contains (unread-values.ts), and
 *           random bytes contain them all. U+0100 and up are bytes of no value, so bytes below 32 are shown there.
 */
import { inspect, types } from 'node:util';

const SHIFT = 0x100;

/** The text of a value. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return bytesText(Buffer.from(value, 'utf8'));
  if (types.isUint8Array(value)) return bytesText(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const everything = { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: Infinity, sorted: true };
  return `=${inspect(value, everything)}`;
}

function bytesText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\x00-\x1f]/g, (character) => String.fromCharCode(SHIFT + character.charCodeAt(0)));
}
