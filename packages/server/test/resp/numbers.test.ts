import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFloat, readInteger } from '../../src/resp/numbers.ts';

test('readInteger: one spelling per number, 64 bits', () => {
  const rows: readonly [string, number | bigint | null][] = [
    ['0', 0],
    ['-1', -1],
    ['999999999999999', 999_999_999_999_999],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['9223372036854775807', 9_223_372_036_854_775_807n],
    ['-9223372036854775808', -9_223_372_036_854_775_808n],
    ['9223372036854775808', null],
    ['-9223372036854775809', null],
  ];
  for (const [text, value] of rows) assert.equal(readInteger(text), value, text);
  for (const text of ['', '-', '+1', '01', '-0', ' 1', '1 ', '1.0', '1e3', '0x1', 'abc', '1\n']) {
    assert.equal(readInteger(text), null, JSON.stringify(text));
  }
});

test('readFloat: what Redis takes for a number', () => {
  const rows: readonly [string, number][] = [
    ['1', 1],
    ['+1', 1],
    ['-1.5', -1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['3.0e3', 3000],
    ['1E-2', 0.01],
    ['inf', Number.POSITIVE_INFINITY],
    ['-INF', Number.NEGATIVE_INFINITY],
    ['+Infinity', Number.POSITIVE_INFINITY],
  ];
  for (const [text, value] of rows) assert.equal(readFloat(text), value, text);
  for (const text of ['', '.', 'nan', '1 ', ' 1', '1e', 'e1', '--1', 'infin', '1e999', '0b1']) {
    assert.equal(readFloat(text), null, JSON.stringify(text));
  }
});
