import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGlob, StepBudget } from '../src/glob.ts';

const ROWS: readonly [pattern: string, matches: string[], refuses: string[]][] = [
  ['*', ['', 'a', 'a*b\n'], []],
  ['', [''], ['a']],
  ['h?llo', ['hello', 'h*llo'], ['hllo', 'heello']],
  ['h*llo', ['hllo', 'heeello', 'hllo llo'], ['hell', 'xhllo']],
  ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'hllo']],
  ['h[^e]llo', ['hallo'], ['hello', 'hllo']],
  ['h[a-c]llo', ['hbllo'], ['hdllo']],
  ['h[c-a]llo', ['hbllo'], ['hdllo']],
  ['h[\\]]x', ['h]x'], ['h\\x']],
  ['a\\*b', ['a*b'], ['axb', 'a\\*b']],
  ['a\\', ['a\\'], ['a']],
  ['[', [], ['[', '']],
  ['[a', ['a'], ['[a', 'b']],
  ['[]', [], ['', ']']],
  ['[^]', ['x'], ['']],
  ['a**b', ['ab', 'axyb'], ['a']],
  ['*a*b*', ['ab', 'xaybz'], ['ba']],
  ['[a-]', ['a', ']', '^'], ['b', '-']],
  ['\xe9?', ['\xe9\xff'], ['e\xff']],
];

for (const [pattern, matches, refuses] of ROWS) {
  test(`glob ${JSON.stringify(pattern)}`, () => {
    const glob = compileGlob(pattern);
    for (const text of matches) assert.equal(glob.matches(text, new StepBudget()), true, text);
    for (const text of refuses) assert.equal(glob.matches(text, new StepBudget()), false, text);
  });
}

test('glob: the prefix every match begins with', () => {
  assert.equal(compileGlob('user:*').prefix, 'user:');
  assert.equal(compileGlob('a\\*b?').prefix, 'a*b');
  assert.equal(compileGlob('*a').prefix, '');
  assert.equal(compileGlob('*').matchesAll, true);
  assert.equal(compileGlob('a*').matchesAll, false);
});

test('glob: a hostile pattern takes no exponential time, and is refused before it takes a long one', () => {
  const budget = new StepBudget();
  assert.equal(compileGlob(`${'*a'.repeat(200)}b`).matches('a'.repeat(20_000), budget), false);
  assert.ok(budget.left > 0);
  const costly = compileGlob(`*${'a'.repeat(4000)}b`);
  assert.throws(() => costly.matches('a'.repeat(65_536), new StepBudget()), /takes too long/);
});

test('glob: a budget is shared by all that is matched with it', () => {
  const budget = new StepBudget();
  const before = budget.left;
  compileGlob('abc').matches('abc', budget);
  compileGlob('x*').matches('abc', budget);
  assert.ok(budget.left < before - 3);
  budget.left = 0;
  assert.throws(() => compileGlob('a').matches('a', budget), /takes too long/);
});
