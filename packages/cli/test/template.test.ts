import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadTemplate, Template } from '../src/import/template.ts';

test('fields, inner fields, the record number and braces', () => {
  const record = { country: 'CO', pos: { lat: 4.7, tags: ['a'] }, 'a.b': 'dotted', up: true };
  const rows: [string, string][] = [
    ['city:{country}', 'city:CO'],
    ['{pos.lat}', '4.7'],
    ['{pos.tags.0}', 'a'],
    ['{a.b}', 'dotted'],
    ['{ country }:{up}', 'CO:true'],
    ['{{{country}}}', '{CO}'],
    ['n{#}', 'n17'],
  ];
  for (const [source, text] of rows) assert.equal(new Template(source).fill(record, 17), text, source);
});

test('a field that is missing or no plain value is named', () => {
  const fill = (source: string): string => new Template(source).fill({ a: null, o: {}, l: [] }, 1);
  assert.throws(() => fill('{nope}'), /no field "nope"/);
  assert.throws(() => fill('{a}'), /no field "a"/);
  assert.throws(() => fill('{a.b.c}'), /no field "a.b.c"/);
  assert.throws(() => fill('{o}'), /field "o" is an object/);
  assert.throws(() => fill('{l}'), /field "l" is an array/);
  assert.throws(() => fill('{constructor}'), /no field "constructor"/);
});

test('bad templates are found before anything is read', () => {
  for (const source of ['plain', '{', 'a}b', '{}', '{ }', '{a', '{{a}}']) {
    assert.throws(() => new Template(source), BadTemplate, source);
  }
});
