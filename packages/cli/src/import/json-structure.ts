/**
 * Where one JSON value ends, by its structure alone: strings, brackets, and what may follow what. Finds the first byte at
 * which the structure cannot be right, so that a record with a lost brace does not swallow the records behind it.
 */
import { isSpace, NEWLINE, QUOTE } from './splitter.ts';

export type ElementEnd =
  | { type: 'end'; end: number }
  | { type: 'broken'; at: number; why: string }
  | { type: 'incomplete' };

const BACKSLASH = 0x5c;
const OPENING: Readonly<Record<number, number>> = { 123: 0x7d, 91: 0x5d };
const OBJECT_END = 0x7d;
const ARRAY_END = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** `value`: a value may begin; `key`: a property name; `after`: a value has ended (or goes on, if it is a number). */
type State = 'value' | 'key' | 'after';

export function findElementEnd(buffer: Buffer, start: number, last: boolean): ElementEnd {
  const first = buffer[start]!;
  if (first === QUOTE) return stringEnd(buffer, start);
  if (OPENING[first] === undefined) return scalarEnd(buffer, start, last);
  return containerEnd(buffer, start);
}

function containerEnd(buffer: Buffer, start: number): ElementEnd {
  const closers: number[] = [];
  let state: State = 'value';
  for (let at = start; at < buffer.length; at += 1) {
    const byte = buffer[at]!;
    if (byte === QUOTE) {
      if (state === 'after') return { type: 'broken', at, why: 'a comma, colon or bracket is missing' };
      const string = stringEnd(buffer, at);
      if (string.type !== 'end') return string;
      at = string.end - 1;
      state = 'after';
    } else if (OPENING[byte] !== undefined) {
      if (state !== 'value')
        return { type: 'broken', at, why: 'an object or array begins where none can: is a bracket missing?' };
      closers.push(OPENING[byte]);
      state = byte === 0x7b ? 'key' : 'value';
    } else if (byte === OBJECT_END || byte === ARRAY_END) {
      if (closers.pop() !== byte) return { type: 'broken', at, why: 'brackets do not match' };
      if (closers.length === 0) return { type: 'end', end: at + 1 };
      state = 'after';
    } else if (byte === COMMA) state = closers.at(-1) === OBJECT_END ? 'key' : 'value';
    else if (byte === COLON) state = 'value';
    else if (state === 'value' && !isSpace(byte)) state = 'after';
  }
  return { type: 'incomplete' };
}

/** JSON strings hold no raw newline, so one ends the search: the closing quote is missing. */
function stringEnd(buffer: Buffer, open: number): ElementEnd {
  for (let at = open + 1; at < buffer.length; at += 1) {
    const byte = buffer[at];
    if (byte === QUOTE) return { type: 'end', end: at + 1 };
    if (byte === BACKSLASH) at += 1;
    else if (byte === NEWLINE) return { type: 'broken', at, why: 'a string runs over the end of its line' };
  }
  return { type: 'incomplete' };
}

function scalarEnd(buffer: Buffer, start: number, last: boolean): ElementEnd {
  let at = start;
  while (at < buffer.length && buffer[at] !== COMMA && buffer[at] !== ARRAY_END && buffer[at] !== NEWLINE) at += 1;
  if (at === buffer.length && !last) return { type: 'incomplete' };
  while (at > start && isSpace(buffer[at - 1])) at -= 1;
  return { type: 'end', end: at };
}
