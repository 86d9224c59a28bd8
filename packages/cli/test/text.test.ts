import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globPrefix, globToRegExp } from '../src/text/glob.ts';
import { quote, quoteIfNeeded } from '../src/text/quote.ts';

test('globs match as in Redis', () => {
  const rows: [glob: string, yes: string[], no: string[]][] = [
    ['*', ['', 'a', 'a\nb'], []],
    ['user:?', ['user:1', 'user:ü'], ['user:', 'user:12']],
    ['user:[0-9]*', ['user:1', 'user:10'], ['user:x']],
    ['[^a]b', ['bb'], ['ab']],
    ['[z-a]', ['m'], ['M']],
    ['a\\*b', ['a*b'], ['axb']],
    ['a.b', ['a.b'], ['axb']],
    ['a[', [], ['a', 'a[']],
    ['[\\]]', [']'], ['x']],
    ['{a}|b+', ['{a}|b+'], ['a']],
  ];
  for (const [glob, yes, no] of rows) {
    const pattern = globToRegExp(glob);
    for (const text of yes) assert.ok(pattern.test(text), `${glob} matches ${JSON.stringify(text)}`);
    for (const text of no) assert.ok(!pattern.test(text), `${glob} does not match ${JSON.stringify(text)}`);
  }
});

test('the literal beginning of a glob goes to the server', () => {
  const rows: [string, string][] = [
    ['user:*', 'user:'],
    ['us?r', 'us'],
    ['plain', 'plain'],
    ['a\\*b*', 'a*b'],
    ['*', ''],
  ];
  for (const [glob, prefix] of rows) assert.equal(globPrefix(glob), prefix);
});

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
