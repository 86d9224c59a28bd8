/**
 * CSV: records end at a newline outside of quotes (RFC 4180). csv-parse reads the fields; this finds where records end.
 *
 * Why not let csv-parse do both: after one quote that is never closed it takes the rest of the file as one field, and
 * every record in it is lost. Here such a record is bad, and the next one begins on the next line.
 */
import { countLines, lineEnd, NEWLINE, QUOTE, type Scan, type Splitter, trimmed } from './splitter.ts';

/** A quoted field over more lines or bytes than this is taken as a quote that somebody forgot to close. */
const QUOTED_LINES_MAX = 1_000;
const QUOTED_BYTES_MAX = 32 * 1024 * 1024;

type Found = { type: 'record'; end: number; lines: number } | { type: 'broken'; why: string } | { type: 'incomplete' };

export class CsvSplitter implements Splitter {
  readonly #delimiter: number;
  #line = 1;
  #number = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  scan(buffer: Buffer, last: boolean): Scan {
    const scan: Scan = { spans: [], bad: [], consumed: 0 };
    while (scan.consumed < buffer.length) {
      const found = this.#findEnd(buffer, scan.consumed, last);
      if (found.type === 'incomplete') break;
      if (found.type === 'broken' && lineEnd(buffer, scan.consumed, last) === -1) break;
      this.#take(buffer, scan, found, last);
    }
    return scan;
  }

  #take(buffer: Buffer, scan: Scan, found: Exclude<Found, { type: 'incomplete' }>, last: boolean): void {
    const start = scan.consumed;
    if (found.type === 'broken') {
      this.#number += 1;
      scan.bad.push({ line: this.#line, number: this.#number, message: found.why });
      scan.consumed = Math.min(lineEnd(buffer, start, last) + 1, buffer.length);
      this.#line += 1;
      return;
    }
    const { end, lines } = found;
    if (trimmed(buffer, start, end) !== undefined) {
      const crlf = buffer[end - 1] === 0x0d ? 1 : 0;
      this.#number += 1;
      scan.spans.push({ start, end: end - crlf, line: this.#line, number: this.#number });
    }
    this.#line += lines;
    scan.consumed = Math.min(end + 1, buffer.length);
  }

  #findEnd(buffer: Buffer, start: number, last: boolean): Found {
    let at = start;
    let lines = 1;
    for (;;) {
      if (buffer[at] === QUOTE) {
        const close = this.#closingQuote(buffer, at, last);
        if (typeof close !== 'number') return close;
        lines += countLines(buffer, at, close);
        at = close + 1;
      }
      while (at < buffer.length && buffer[at] !== this.#delimiter && buffer[at] !== NEWLINE) at += 1;
      if (at >= buffer.length) return last ? { type: 'record', end: buffer.length, lines } : { type: 'incomplete' };
      if (buffer[at] === NEWLINE) return { type: 'record', end: at, lines };
      at += 1;
    }
  }

  /** The quote that closes the one at `open`: not doubled, and with a delimiter or the end of the line behind it. */
  #closingQuote(buffer: Buffer, open: number, last: boolean): number | Found {
    let lines = 0;
    for (let at = open + 1; at < buffer.length; at += 1) {
      const byte = buffer[at];
      if (byte === NEWLINE) lines += 1;
      if (lines > QUOTED_LINES_MAX) return { type: 'broken', why: 'a quote is never closed' };
      if (byte !== QUOTE) continue;
      const next = buffer[at + 1];
      if (next === undefined) return last ? at : { type: 'incomplete' };
      if (next === QUOTE) at += 1;
      else if (next === this.#delimiter || next === NEWLINE || next === 0x0d) return at;
      else return { type: 'broken', why: 'a quote is closed in the middle of a field' };
    }
    const hopeless = last || buffer.length - open > QUOTED_BYTES_MAX;
    return hopeless ? { type: 'broken', why: 'a quote is never closed' } : { type: 'incomplete' };
  }
}
