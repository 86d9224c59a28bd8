/**
 * Each row runs three times: the input as one buffer, cut in two at every place, and byte by byte. Records, their lines and
 * what is bad must be the same each time. What it must show: a broken record costs itself and no other.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Format } from '../src/import/batch.ts';
import { splitterFor } from '../src/import/batches.ts';
import { NotAnArray } from '../src/import/json-array-splitter.ts';

interface Row {
  name: string;
  input: string;
  /** `line text` of each record. */
  records: string[];
  /** `line part-of-the-message` of each bad one. */
  bad?: string[];
}

const NDJSON: Row[] = [
  { name: 'one a line', input: '{"a":1}\n{"a":2}\n', records: ['1 {"a":1}', '2 {"a":2}'] },
  { name: 'no newline at the end', input: '{"a":1}\n{"a":2}', records: ['1 {"a":1}', '2 {"a":2}'] },
  { name: 'blank lines and CRLF', input: '\r\n{"a":1}\r\n \n{"a":2}\r\n', records: ['2 {"a":1}', '4 {"a":2}'] },
  { name: 'nothing', input: '', records: [] },
];

const CSV: Row[] = [
  { name: 'plain', input: 'a,b\n1,2\n', records: ['1 a,b', '2 1,2'] },
  { name: 'CRLF, no newline at the end', input: 'a,b\r\n1,2', records: ['1 a,b', '2 1,2'] },
  { name: 'newline in quotes', input: 'a\n"x\ny",1\n2\n', records: ['1 a', '2 "x\ny",1', '4 2'] },
  { name: 'doubled quotes', input: '"a""b",c\n"""",d\n', records: ['1 "a""b",c', '2 """",d'] },
  { name: 'a stray quote inside of a field', input: 'a\n5" pipe,1\nb\n', records: ['1 a', '2 5" pipe,1', '3 b'] },
  { name: 'blank lines', input: 'a\n\n\nb\n', records: ['1 a', '4 b'] },
  {
    name: 'a quote never closed costs its line only',
    input: 'a,b\n"open,1\nc,2\nd,3\n',
    records: ['1 a,b', '3 c,2', '4 d,3'],
    bad: ['2 never closed'],
  },
  {
    name: 'a quote closed in the middle of a field',
    input: 'a,b\n"x"y,1\nc,2\n',
    records: ['1 a,b', '3 c,2'],
    bad: ['2 middle of a field'],
  },
  {
    name: 'an open quote that meets another one lines later',
    input: 'a\n"open\nb\n"c",d\ne\n',
    records: ['1 a', '3 b', '4 "c",d', '5 e'],
    bad: ['2 middle of a field'],
  },
];

const JSON_ARRAY: Row[] = [
  {
    name: 'one line',
    input: '[{"a":1},{"a":"}]"} , {"a":[{}]}]',
    records: ['1 {"a":1}', '1 {"a":"}]"}', '1 {"a":[{}]}'],
  },
  {
    name: 'pretty',
    input: '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n',
    records: ['2 {\n    "a": 1\n  }', '5 {\n    "a": 2\n  }'],
  },
  { name: 'empty', input: ' [ ] ', records: [] },
  { name: 'scalars', input: '[1, "a,\\"b", null ,true\n]', records: ['1 1', '1 "a,\\"b"', '1 null', '1 true'] },
  {
    name: 'a cut-off record, one a line',
    input: '[\n{"a":1},\n{"b":"x,\n{"a":3},\n{"a":4}\n]',
    records: ['2 {"a":1}', '4 {"a":3}', '5 {"a":4}'],
    bad: ['3 string runs over'],
  },
  {
    name: 'a record that ends after a colon does not take its neighbour along',
    input: '[\n{"a":\n{"a":2},\n{"a":3}\n]',
    records: ['3 {"a":2}', '4 {"a":3}'],
    bad: ['2 where none can'],
  },
  {
    name: 'a lost closing brace, one a line',
    input: '[\n{"a":1,\n{"a":2},\n{"a":3}\n]',
    records: ['3 {"a":2}', '4 {"a":3}'],
    bad: ['2 where none can'],
  },
  {
    name: 'a lost closing brace, pretty-printed',
    input: '[\n  {\n    "a": 1,\n    "o": {\n      "b": 1\n  },\n  {\n    "a": 2\n  }\n]',
    records: ['7 {\n    "a": 2\n  }'],
    bad: ['2 where none can'],
  },
  {
    name: 'a lost brace in a file of one line',
    input: '[{"a":1},{"a":2,{"a":3},{"a":4}]',
    records: ['1 {"a":1}', '1 {"a":3}', '1 {"a":4}'],
    bad: ['1 where none can'],
  },
  {
    name: 'brackets that do not match',
    input: '[\n{"a":[1}},\n{"a":2}\n]',
    records: ['3 {"a":2}'],
    bad: ['2 do not match'],
  },
  {
    name: 'the last record is broken',
    input: '[\n{"a":1},\n{"a":2\n]',
    records: ['2 {"a":1}'],
    bad: ['3 do not match'],
  },
  {
    name: 'the file is cut off',
    input: '[\n{"a":1},\n{"a"',
    records: ['2 {"a":1}'],
    bad: ['3 never ends', '3 cut off'],
  },
  { name: 'cut off after a comma', input: '[\n{"a":1},\n', records: ['2 {"a":1}'], bad: ['3 cut off'] },
  {
    name: 'a missing comma loses nothing',
    input: '[{"a":1} {"a":2}]',
    records: ['1 {"a":1}', '1 {"a":2}'],
    bad: ['1 comma is missing'],
  },
  {
    name: 'two commas',
    input: '[{"a":1},,{"a":2},]',
    records: ['1 {"a":1}', '1 {"a":2}'],
    bad: ['1 missing', '1 missing'],
  },
  { name: 'more after the end', input: '[{"a":1}]\n{"a":2}', records: ['1 {"a":1}'], bad: ['2 after the end'] },
];

/** What a splitter finds when its input comes in these chunks. */
function split(format: Format, chunks: readonly Buffer[]): { records: string[]; bad: string[]; numbers: number[] } {
  const splitter = splitterFor(format, ',');
  const found = { records: [] as string[], bad: [] as string[], numbers: [] as number[] };
  let held = Buffer.alloc(0);
  for (const [i, chunk] of chunks.entries()) {
    held = Buffer.concat([held, chunk]);
    const { spans, bad, consumed } = splitter.scan(held, i === chunks.length - 1);
    for (const { start, end, line, number } of spans) {
      found.records.push(`${line} ${held.toString('utf8', start, end)}`);
      found.numbers.push(number);
    }
    for (const { line, message } of bad) found.bad.push(`${line} ${message}`);
    held = held.subarray(consumed);
  }
  return found;
}

function check(format: Format, row: Row, chunks: readonly Buffer[], how: string): void {
  const { records, bad, numbers } = split(format, chunks);
  assert.deepEqual(records, row.records, how);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
    how,
  );
  const expected = row.bad ?? [];
  assert.equal(bad.length, expected.length, `${how}: ${bad.join(' | ')}`);
  for (const [i, text] of expected.entries()) {
    const [line, part] = [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1)];
    assert.ok(bad[i]!.startsWith(`${line} `) && bad[i]!.includes(part), `${how}: "${bad[i]}" is not "${text}"`);
  }
}

const TABLES: [Format, Row[]][] = [
  ['ndjson', NDJSON],
  ['csv', CSV],
  ['json', JSON_ARRAY],
];
for (const [format, rows] of TABLES) {
  for (const row of rows) {
    test(`${format}: ${row.name}`, () => {
      const bytes = Buffer.from(row.input);
      check(format, row, [bytes], 'whole');
      for (let at = 1; at < bytes.length; at += 1)
        check(format, row, [bytes.subarray(0, at), bytes.subarray(at)], `cut at ${at}`);
      check(format, row, [...bytes].map((byte) => Buffer.from([byte])).concat(Buffer.alloc(0)), 'byte by byte');
    });
  }
}

test('a file that is no array is told apart from an array with bad records', () => {
  assert.throws(() => split('json', [Buffer.from('{"a":1}\n{"a":2}\n')]), NotAnArray);
});
