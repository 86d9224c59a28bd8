import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote, quoteIfNeeded } from '../src/text/quote.ts';

test('quoting shows what a terminal must not interpret', () => {
  const rows: [Buffer, string][] = [
    [Buffer.from('luis'), '"luis"'],
    [Buffer.from('Bogotá'), '"Bogotá"'],
    [Buffer.from('a"b\\c\n\t'), '"a\\"b\\\\c\\n\\t"'],
    [Buffer.from([0x00, 0xff, 0x41]), '"\\x00\\xffA"'],
    [Buffer.from('\u001b[31m'), '"\\x1b[31m"'],
    [Buffer.from('\u202e'), '"\\xe2\\x80\\xae"'],
  ];
  for (const [bytes, text] of rows) assert.equal(quote(bytes), text);
  assert.equal(quoteIfNeeded(Buffer.from('city:CO')), 'city:CO');
  assert.equal(quoteIfNeeded(Buffer.from('a\nb')), '"a\\nb"');
  assert.equal(quoteIfNeeded(Buffer.from('')), '""');
});
