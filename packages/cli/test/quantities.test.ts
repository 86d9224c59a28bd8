import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BadQuantity,
  formatCount,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  parseVersion,
  parseWhole,
} from '../src/text/quantities.ts';

test('durations with units, without, and joined', () => {
  const rows: [string, number][] = [
    ['500ms', 500],
    ['30s', 30_000],
    ['30', 30_000],
    ['0.5', 500],
    ['1.5s', 1_500],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['7D', 604_800_000],
    ['0', 0],
  ];
  for (const [text, ms] of rows) assert.equal(parseDuration(text), ms, text);
});

test('what is no duration says what one looks like', () => {
  for (const text of ['', 's', '5x', '-5s', '5 s', '1e3', 'soon', '99999999999999999w']) {
    assert.throws(
      () => parseDuration(text),
      (error) => error instanceof BadQuantity && /500ms, 30s/.test(error.message),
      text,
    );
  }
});

test('durations are shown short', () => {
  const rows: [number, string][] = [
    [0, '0ms'],
    [850, '850ms'],
    [29_400, '29.4s'],
    [30_000, '30s'],
    [725_000, '12m 5s'],
    [12_000_000, '3h 20m'],
    [187_200_000, '2d 4h'],
  ];
  for (const [ms, text] of rows) assert.equal(formatDuration(ms), text);
});

test('sizes count by 1024 and come back', () => {
  const rows: [string, number][] = [
    ['512mb', 512 * 2 ** 20],
    ['2GB', 2 ** 31],
    ['64k', 65_536],
    ['1.5MiB', 1_572_864],
    ['1000', 1_000],
    ['7b', 7],
  ];
  for (const [text, bytes] of rows) assert.equal(parseSize(text), bytes, text);
  for (const text of ['', 'mb', '-1', '5xb', '5 5mb']) assert.throws(() => parseSize(text), BadQuantity, text);
  assert.equal(formatSize(512 * 2 ** 20), '512 MB');
  assert.equal(formatSize(1_536), '1.5 KB');
});

test('whole numbers and versions are checked, not rounded', () => {
  assert.equal(parseWhole('10', 1, 10), 10);
  for (const text of ['0', '11', '1.5', '-1', 'ten', ''])
    assert.throws(() => parseWhole(text, 1, 10), BadQuantity, text);
  assert.equal(parseVersion('17'), 17);
  for (const text of ['x', '1.5', '-1', '', '9007199254740993'])
    assert.throws(() => parseVersion(text), /is no version/, text);
});

test('counts have separators in every locale', () => {
  assert.equal(formatCount(171_075), '171,075');
  assert.equal(formatCount(17), '17');
});
