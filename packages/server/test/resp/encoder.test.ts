import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, bulk, type Encoder, error, integer, RESP2, RESP3, simple, utf8 } from '../../src/resp/encoder.ts';

const ALIKE: readonly [name: string, encoded: string, wanted: string][] = [
  ['simple', simple('OK'), '+OK\r\n'],
  ['error', error('ERR no'), '-ERR no\r\n'],
  ['error with line ends', error("ERR unknown command 'a\r\n+OK\r\n'"), "-ERR unknown command 'a  +OK  '\r\n"],
  ['integer', integer(-5), ':-5\r\n'],
  ['large integer', integer(9_223_372_036_854_775_807n), ':9223372036854775807\r\n'],
  ['bulk', bulk('a\r\n\xff'), '$4\r\na\r\n\xff\r\n'],
  ['empty bulk', bulk(''), '$0\r\n\r\n'],
  ['array', array([integer(1), bulk('a')]), '*2\r\n:1\r\n$1\r\na\r\n'],
  ['empty array', array([]), '*0\r\n'],
];

for (const [name, encoded, wanted] of ALIKE) test(`encoder: ${name}`, () => assert.equal(encoded, wanted));

const DIFFERENT: readonly [name: string, encode: (encoder: Encoder) => string, resp2: string, resp3: string][] = [
  ['nil', (encoder) => encoder.nil, '$-1\r\n', '_\r\n'],
  ['nil array', (encoder) => encoder.nilArray, '*-1\r\n', '_\r\n'],
  ['map', (encoder) => encoder.map([bulk('a'), integer(1)]), '*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'],
  ['set', (encoder) => encoder.set([integer(1)]), '*1\r\n:1\r\n', '~1\r\n:1\r\n'],
  ['push', (encoder) => encoder.push([integer(1)]), '*1\r\n:1\r\n', '>1\r\n:1\r\n'],
  ['double', (encoder) => encoder.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['infinity', (encoder) => encoder.double(Number.NEGATIVE_INFINITY), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['not a number', (encoder) => encoder.double(Number.NaN), '$3\r\nnan\r\n', ',nan\r\n'],
  ['minus zero', (encoder) => encoder.double(-0), '$2\r\n-0\r\n', ',-0\r\n'],
  ['boolean', (encoder) => encoder.boolean(true) + encoder.boolean(false), ':1\r\n:0\r\n', '#t\r\n#f\r\n'],
  ['big number', (encoder) => encoder.bigNumber('12'), '$2\r\n12\r\n', '(12\r\n'],
  ['verbatim', (encoder) => encoder.verbatim('txt', 'ab'), '$2\r\nab\r\n', '=6\r\ntxt:ab\r\n'],
];

for (const [name, encode, resp2, resp3] of DIFFERENT) {
  test(`encoder: ${name} in RESP2 and RESP3`, () => assert.deepEqual([encode(RESP2), encode(RESP3)], [resp2, resp3]));
}

test('encoder: text becomes the one-byte string of its UTF-8', () => {
  assert.equal(utf8('plain'), 'plain');
  assert.equal(utf8('é€'), '\xc3\xa9\xe2\x82\xac');
});
