import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { RawBatch, Recipe } from '../src/import/batch.ts';
import { splitterFor } from '../src/import/batches.ts';
import parseBatch from '../src/import/parse-batch.ts';
import { unpackRecords } from '../src/import/writer.ts';
import { readStructured, structuredJson } from '../src/values/structured.ts';

/** As JSON, or what JSON cannot say as Node shows it. */
function shownStructured(bytes: Buffer): string {
  const { value } = readStructured(bytes)!;
  return structuredJson(bytes) ?? inspect(value, { depth: 9, breakLength: Number.POSITIVE_INFINITY });
}

/** Records as `key = value`, and the bad ones as `line: message`. */
function parse(
  input: string | Buffer,
  recipe: Partial<Recipe> & Pick<Recipe, 'format'>,
): { records: string[]; bad: string[] } {
  const bytes = Buffer.from(input as string);
  const whole: Recipe = { delimiter: ',', as: 'structured', ...recipe };
  const { spans } = splitterFor(whole.format, whole.delimiter).scan(bytes, true);
  if (whole.format === 'csv') whole.columns = bytes.toString('utf8', spans[0]!.start, spans.shift()!.end).split(',');
  const flat = Uint32Array.from(spans.flatMap(({ start, end, line, number }) => [start, end, line, number]));
  const parsed = parseBatch({ recipe: whole, bytes, spans: flat } satisfies RawBatch);
  const shown = unpackRecords(parsed).map(({ key, value, expiresAt }) => {
    const text = value.kind === 'structured' ? shownStructured(value.bytes) : value.bytes.toString();
    return `${key} = ${value.kind} ${text}${expiresAt > 0 ? ` until ${expiresAt}` : ''}`;
  });
  return { records: shown, bad: parsed.bad.map(({ line, message }) => `${line}: ${message}`) };
}

test('records as export writes them', () => {
  const lines = [
    '{"key":"a","value":"x"}',
    '{"key":"b","value":{"n":1},"expiresAt":99}',
    '{"key":"c","value":5,"version":7}',
    '{"key":"","value":"the empty key is a key"}',
  ];
  const { records, bad } = parse(lines.join('\n'), { format: 'ndjson' });
  assert.deepEqual(records, [
    'a = text x',
    'b = structured {"n":1} until 99',
    'c = number 5',
    ' = text the empty key is a key',
  ]);
  assert.deepEqual(bad, []);
});

test('keys and values from templates', () => {
  const input = '[{"id":1,"mail":"a@x"},{"id":2,"mail":"b@x"}]';
  assert.deepEqual(parse(input, { format: 'json', keyTemplate: 'u:{id}' }).records, [
    'u:1 = structured {"id":1,"mail":"a@x"}',
    'u:2 = structured {"id":2,"mail":"b@x"}',
  ]);
  assert.deepEqual(parse(input, { format: 'json', keyTemplate: '{#}', valueTemplate: '<{mail}>' }).records, [
    '1 = text <a@x>',
    '2 = text <b@x>',
  ]);
  assert.deepEqual(parse('[{"id":1}]', { format: 'json', keyTemplate: '{id}', as: 'text' }).records, [
    '1 = text {"id":1}',
  ]);
});

test('bad lines name their line and cost nothing else', () => {
  const lines = [
    '{"key":"a","value":"x"}',
    '{"key":"b",',
    '',
    '"text"',
    '[1]',
    '{"value":1}',
    '{"key":""}',
    '{"key":"z","value":"y"}',
  ];
  const { records, bad } = parse(lines.join('\n'), { format: 'ndjson' });
  assert.deepEqual(records, ['a = text x', 'z = text y']);
  assert.deepEqual(
    bad.map((text) => text.split(':')[0]),
    ['2', '4', '5', '6', '7'],
  );
  assert.match(bad[0]!, /^2: bad JSON \(.+\): \{"key":"b",$/);
  assert.match(bad[1]!, /must be an object/);
});

test('a line that is no UTF-8 is bad, its neighbours are not', () => {
  const input = Buffer.concat([
    Buffer.from('{"key":"a","value":"'),
    Buffer.from([0xff]),
    Buffer.from('"}\n{"key":"ñ","value":"é"}\n'),
  ]);
  const { records, bad } = parse(input, { format: 'ndjson' });
  assert.deepEqual(records, ['ñ = text é']);
  assert.deepEqual(bad, ['1: is no UTF-8']);
});

test('CSV: quotes, newlines in fields, rows of the wrong length', () => {
  const input = 'id,name\n1,"x, y"\n2,"two\nlines"\n3\n4,"say ""hi"""\n5,a,b\n6,5" pipe\n';
  const { records, bad } = parse(input, { format: 'csv', keyTemplate: '{id}', valueTemplate: '{name}' });
  assert.deepEqual(records, ['1 = text x, y', '2 = text two\nlines', '4 = text say "hi"', '6 = text 5" pipe']);
  assert.deepEqual(bad, ['5: bad CSV: 1 fields, but the header has 2', '7: bad CSV: 3 fields, but the header has 2']);
});

test('a field missing from one record only', () => {
  const { records, bad } = parse('{"id":1}\n{"no":2}\n{"id":{"x":1}}\n{"id":4}', {
    format: 'ndjson',
    keyTemplate: 'k{id}',
    as: 'text',
  });
  assert.deepEqual(records, ['k1 = text {"id":1}', 'k4 = text {"id":4}']);
  assert.deepEqual(bad, ['2: no field "id"', '3: field "id" is an object']);
});

test('a bad deadline is a bad record', () => {
  const { bad } = parse('{"key":"a","value":1,"expiresAt":"soon"}', { format: 'ndjson' });
  assert.deepEqual(bad, ['1: "expiresAt" is no time in ms since the epoch']);
});

test('exports of kvctl 0.1: msgpack in its private form comes back as what it was', () => {
  const map = '1HJApGtleXMA';
  const lines = [
    // { when: Date, big: bigint, raw: bytes, map: Map of an object and a Set, list: records, re, none, f: Float32Array }
    '{"key":"all","encoding":"msgpack","value":"1HJAmKR3aGVuo2JpZ6NyYXejbWFwpGxpc3SicmWkbm9uZaFm1/8dU1MAZVPxANhCAAAAAAAAAEAAAAAAAAAAAMcDdAEB/4LUckGRoWsBoXahc9RzAJHTAAAAAAAAAAGS1HJCkqFhoWIBAkIDBNR4AJKieCuiZ2nUAADHBXQHAADAPw=="}',
    '{"key":"empty","encoding":"msgpack","value":"1HJAkA=="}',
    '{"key":"map","encoding":"msgpack","value":"gQEC"}',
    '{"key":"loop","encoding":"msgpack","value":"1mkAAAABkdZwAAAAAQ=="}',
    `{"key":"broken","encoding":"msgpack","value":"${map}"}`,
  ];
  const { records, bad } = parse(lines.join('\n'), { format: 'ndjson' });
  assert.deepEqual(bad, []);
  assert.deepEqual(records.slice(0, 3), [
    'all = structured { when: 2023-11-14T22:13:20.123Z, big: 1180591620717411303424n, raw: Uint8Array(2) [ 1, 255 ], ' +
      "map: Map(2) { { k: 1 } => 'v', 's' => Set(1) { 1n } }, list: [ { a: 1, b: 2 }, { a: 3, b: 4 } ], re: /x+/gi, " +
      'none: undefined, f: Float32Array(1) [ 1.5 ] }',
    'empty = structured {}',
    'map = structured Map(1) { 1 => 2 }',
  ]);
  assert.match(records[3]!, /^loop = bytes /);
  assert.match(records[4]!, /^broken = bytes /);
});
