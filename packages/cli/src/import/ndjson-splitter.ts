/** NDJSON: a record a line. Blank lines are no records. */
import { lineEnd, type Scan, type Splitter, trimmed } from './splitter.ts';

export class NdjsonSplitter implements Splitter {
  #line = 1;
  #number = 0;

  scan(buffer: Buffer, last: boolean): Scan {
    const scan: Scan = { spans: [], bad: [], consumed: 0 };
    while (scan.consumed < buffer.length) {
      const end = lineEnd(buffer, scan.consumed, last);
      if (end === -1) break;
      const record = trimmed(buffer, scan.consumed, end);
      if (record !== undefined) {
        this.#number += 1;
        scan.spans.push({ ...record, line: this.#line, number: this.#number });
      }
      this.#line += 1;
      scan.consumed = Math.min(end + 1, buffer.length);
    }
    return scan;
  }
}
