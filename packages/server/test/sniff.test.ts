import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sniff, sniff } from '../src/listen/sniff.ts';

/** What the bytes are taken for once decided, fed one by one: no prefix may decide otherwise than the whole. */
function decision(text: string): Sniff {
  const bytes = Buffer.from(text, 'latin1');
  for (let length = 0; length <= bytes.length; length++) {
    const answer = sniff(bytes.subarray(0, length));
    if (answer !== 'more') return answer;
  }
  return 'more';
}

const ROWS: readonly [text: string, protocol: Sniff][] = [
  ['*1\r\n$4\r\nPING\r\n', 'resp'],
  ['*', 'resp'],
  ['PING\r\n', 'resp'],
  ['P', 'more'],
  ['PRI', 'more'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
  ['PRI * HTTP/2.0\r\nHost: x\r\n', 'resp'],
  ['GET k\r\n', 'resp'],
  ['GET k', 'more'],
  ['GET / HTTP/1.1\r\nHost: a\r\n', 'http1'],
  ['get / HTTP/1.0\n', 'http1'],
  ['GET /a b HTTP/1.1\r\n', 'resp'],
  ['SET k "x HTTP/1.1"\r\n', 'resp'],
  ['OPTIONS * HTTP/1.1\r\n', 'http1'],
  ['POST anything\r\n', 'http1'],
  ['Host: localhost\r\n', 'http1'],
  ['\x16\x03\x01', 'tls'],
  ['\r\n', 'resp'],
  ['', 'more'],
  ['x'.repeat(9000), 'resp'],
];

for (const [text, protocol] of ROWS) {
  test(`sniff: ${JSON.stringify(text.slice(0, 30))} is ${protocol}`, () => assert.equal(decision(text), protocol));
}
