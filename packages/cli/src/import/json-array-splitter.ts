/**
 * A JSON array, of any size: finds its elements without parsing them, and finds its way back after a broken one.
 *
 * Owns      the walk along `[ element , element ]`, and where to go on after an element that is broken.
 * Does not  check elements in full (JSON.parse does, on another thread), only their structure (json-structure.ts).
 *
 * Way back  A broken element gives no reliable end. (1) If it begins its line, the next line with the same indentation
 *           and the same first character begins the next element: right for one record a line and for pretty-printed
 *           files. (2) Otherwise the walk goes on where the structure broke, if an object begins there, or (3) at the
 *           next object that follows a comma: right for files of one line.
 */
import { findElementEnd } from './json-structure.ts';
import { isSpace, NEWLINE, RECORD_BYTES_MAX, type Scan, type Splitter } from './splitter.ts';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const BRACE = 0x7b;

/** What may come next at the top level. */
type Expecting = 'array' | 'first' | 'element' | 'comma' | 'nothing' | 'ignored';

export class JsonArraySplitter implements Splitter {
  #expecting: Expecting = 'array';
  #line = 1;
  #number = 0;
  /** The spaces this line begins with; undefined once there was something else on it. */
  #indent: string | undefined = '';

  scan(buffer: Buffer, last: boolean): Scan {
    const scan: Scan = { spans: [], bad: [], consumed: 0 };
    while (this.#step(buffer, scan, last));
    if (last && this.#expecting !== 'nothing' && this.#expecting !== 'ignored') {
      this.#blame(
        scan,
        this.#expecting === 'array' ? 'the file is empty' : 'the array never ends: is the file cut off?',
        0,
      );
    }
    return scan;
  }

  /** One token of the top level. False when the buffer has no more. */
  #step(buffer: Buffer, scan: Scan, last: boolean): boolean {
    let at = scan.consumed;
    while (at < buffer.length && isSpace(buffer[at])) at += 1;
    this.#advance(buffer, scan, at);
    if (at >= buffer.length) return false;
    const byte = buffer[at];
    switch (this.#expecting) {
      case 'array':
        return this.#begin(buffer, scan, at);
      case 'nothing':
        this.#blame(scan, 'there is more after the end of the array', 0);
        this.#expecting = 'ignored';
        return true;
      case 'ignored':
        this.#advance(buffer, scan, buffer.length);
        return false;
      case 'comma':
        if (byte === COMMA || byte === CLOSE) return this.#punctuation(buffer, scan, at);
        this.#blame(scan, 'a comma is missing before this record', 0);
        this.#expecting = 'element';
        return true;
      default:
        if (byte === COMMA || byte === CLOSE) return this.#missing(buffer, scan, at);
        return this.#element(buffer, scan, at, last);
    }
  }

  #begin(buffer: Buffer, scan: Scan, at: number): boolean {
    if (buffer[at] !== OPEN) throw new NotAnArray();
    this.#expecting = 'first';
    this.#advance(buffer, scan, at + 1);
    return true;
  }

  #punctuation(buffer: Buffer, scan: Scan, at: number): boolean {
    this.#expecting = buffer[at] === COMMA ? 'element' : 'nothing';
    this.#advance(buffer, scan, at + 1);
    return true;
  }

  /** A comma or the end where an element should be. */
  #missing(buffer: Buffer, scan: Scan, at: number): boolean {
    const empty = this.#expecting === 'first' && buffer[at] === CLOSE;
    if (!empty) this.#blame(scan, 'a record is missing around this comma', 0);
    return this.#punctuation(buffer, scan, at);
  }

  #element(buffer: Buffer, scan: Scan, at: number, last: boolean): boolean {
    const found = findElementEnd(buffer, at, last);
    if (found.type === 'end') {
      this.#number += 1;
      scan.spans.push({ start: at, end: found.end, line: this.#line, number: this.#number });
      this.#expecting = 'comma';
      this.#advance(buffer, scan, found.end);
      return true;
    }
    const tooLong = buffer.length - at > RECORD_BYTES_MAX;
    if (found.type === 'incomplete' && !last && !tooLong) return false;
    const [brokenAt, why] = found.type === 'broken' ? [found.at, found.why] : [at + 1, 'the record never ends'];
    const next = nextElement(buffer, at, brokenAt, this.#indent);
    if (next === -1 && !last && !tooLong) return false;
    this.#blame(scan, why);
    this.#expecting = 'element';
    this.#advance(buffer, scan, next === -1 ? buffer.length : next);
    if (next === -1 && endsArray(buffer)) this.#expecting = 'nothing';
    return true;
  }

  #advance(buffer: Buffer, scan: Scan, to: number): void {
    for (let at = scan.consumed; at < to; at += 1) {
      const byte = buffer[at]!;
      if (byte === NEWLINE) {
        this.#line += 1;
        this.#indent = '';
      } else if (this.#indent !== undefined) {
        this.#indent = isSpace(byte) ? this.#indent + String.fromCharCode(byte) : undefined;
      }
    }
    scan.consumed = to;
  }

  #blame(scan: Scan, message: string, records = 1): void {
    this.#number += records;
    scan.bad.push({ line: this.#line, number: Math.max(1, this.#number), message });
  }
}

/** The file is something else: a usage error, not a bad record. */
export class NotAnArray extends Error {
  override readonly name = 'NotAnArray';
}

function nextElement(buffer: Buffer, start: number, brokenAt: number, indent: string | undefined): number {
  if (indent !== undefined) {
    const newline = buffer.indexOf(`\n${indent}${String.fromCharCode(buffer[start]!)}`, start);
    return newline === -1 ? -1 : newline + 1 + indent.length;
  }
  if (buffer[brokenAt] === BRACE) return brokenAt;
  for (let at = buffer.indexOf(BRACE, brokenAt); at !== -1; at = buffer.indexOf(BRACE, at + 1)) {
    let before = at - 1;
    while (before > start && isSpace(buffer[before])) before -= 1;
    if (buffer[before] === COMMA) return at;
  }
  return -1;
}

/** Whether the buffer's last character closes the array: then a broken last record did not hide the end. */
function endsArray(buffer: Buffer): boolean {
  let at = buffer.length - 1;
  while (at > 0 && isSpace(buffer[at])) at -= 1;
  return buffer[at] === CLOSE;
}
