/** Globs match as Redis's stringmatchlen does, and no input takes long. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Glob } from '../../src/client/glob.ts';

/** pattern, strings that match, strings that do not */
const TABLE: [pattern: string, yes: string[], no: string[]][] = [
  ['', [''], ['a']],
  ['*', ['', 'a', 'abc'], []],
  ['a', ['a'], ['', 'b', 'aa', 'A']],
  ['?', ['a', '*'], ['', 'ab']],
  ['a*c', ['ac', 'abc', 'acbc'], ['a', 'acb']],
  ['*a*b*', ['ab', 'xaxbx', 'aab'], ['ba', '']],
  ['**', ['', 'a'], []],
  ['h[ae]llo', ['hallo', 'hello'], ['hillo', 'hllo']],
  ['h[^e]llo', ['hallo'], ['hello', 'hllo']],
  ['[a-c]x', ['ax', 'bx', 'cx'], ['dx', '-x']],
  ['[c-a]', ['a', 'b', 'c'], ['d']],
  ['[^a-c]', ['d', '^'], ['a', 'b']],
  ['[a-]', ['a', '^', ']'], ['-', 'b']],
  ['[\\a-c]', ['a', '-', 'c'], ['b']],
  ['[]x', [], ['x', ']x', '']],
  ['[\\]]', [']'], ['\\', 'a']],
  ['[a\\-c]', ['a', '-', 'c'], ['b', '\\']],
  ['[ab', ['a', 'b'], ['c', '[ab']],
  ['\\*', ['*'], ['a', '\\*']],
  ['\\[a]', ['[a]'], ['a']],
  ['a\\', ['a\\'], ['a']],
  ['a?c*e', ['abcde', 'abce'], ['ace', 'abcd']],
  ['\xff*', ['\xff', '\xff\x00'], ['f']],
];

describe('Glob', () => {
  for (const [pattern, yes, no] of TABLE) {
    it(JSON.stringify(pattern), () => {
      const glob = new Glob(pattern);
      for (const text of yes) assert.ok(glob.matches(text), `${text} matches`);
      for (const text of no) assert.ok(!glob.matches(text), `${text} does not match`);
      for (const text of yes) assert.ok(text.startsWith(glob.literalPrefix));
    });
  }

  it('knows what every match begins with', () => {
    const prefixes = ['user:*', 'a\\*b?', '*x', '[a]', 'plain', ''].map((pattern) => new Glob(pattern).literalPrefix);
    assert.deepStrictEqual(prefixes, ['user:', 'a*b', '', '', 'plain', '']);
  });

  it('agrees with a plain recursive matcher', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(letters, texts, (pattern, text) => new Glob(pattern).matches(text) === slowMatch(pattern, text)),
      { numRuns: 3000 },
    );
  });

  it('the worst pattern on a long key is quick', () => {
    const began = performance.now();
    assert.equal(new Glob(`${'*a'.repeat(500)}b`).matches('a'.repeat(4000)), false);
    assert.ok(performance.now() - began < 1000);
  });
});

function slowMatch(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return slowMatch(pattern.slice(1), text) || (text !== '' && slowMatch(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && slowMatch(pattern.slice(1), text.slice(1));
}
