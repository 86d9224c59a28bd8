/**
 * Bytes as a person reads them: `"luis"`, with `\n`, `\"` and `\xff` where the bytes are no printable UTF-8. The form
 * redis-cli uses on a terminal.
 */
import { isUtf8 } from 'node:buffer';
import { UNPRINTABLE } from './visible.ts';

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

export function quote(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer)) return `"${[...buffer.toString('latin1')].map(quoteByte).join('')}"`;
  return `"${[...buffer.toString()].map(quoteChar).join('')}"`;
}

/** As it is where that is safe on one line, quoted otherwise: keys in lists. */
export function quoteIfNeeded(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer)) return quote(buffer);
  const text = buffer.toString();
  return text === '' || UNPRINTABLE.test(text) || text.startsWith('"') ? quote(buffer) : text;
}

function quoteByte(char: string): string {
  const code = char.charCodeAt(0);
  if (SHORT[char] !== undefined) return SHORT[char];
  return code < 0x20 || code > 0x7e ? `\\x${code.toString(16).padStart(2, '0')}` : char;
}

function quoteChar(char: string): string {
  if (SHORT[char] !== undefined) return SHORT[char];
  if (!UNPRINTABLE.test(char)) return char;
  return [...Buffer.from(char).toString('latin1')].map(quoteByte).join('');
}
