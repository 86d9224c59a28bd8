/** Globs match as Redis's stringmatchlen does, and no input takes long. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Glob, MatchTooLong, STEPS_A_TURN, StepBudget } from '../../src/client/codec/glob.ts';

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
  ['[^]', ['x'], ['']],
  ['[^', ['x', '^'], ['', 'xx']],
  ['[', [], ['[', '']],
  ['[\\', ['\\'], ['', '[']],
  ['[\xf0-\xff]', ['\xf0', '\xf8', '\xff'], ['\xef', 'a']],
  ['[a-bx-z5]', ['a', 'b', 'x', 'z', '5'], ['c', 'w', '-', '4']],
];

const matches = (glob: Glob, text: string): boolean => glob.matches(text, new StepBudget());

describe('Glob', () => {
  for (const [pattern, yes, no] of TABLE) {
    it(JSON.stringify(pattern), () => {
      const glob = new Glob(pattern);
      for (const text of yes) assert.ok(matches(glob, text), `${text} matches`);
      for (const text of no) assert.ok(!matches(glob, text), `${text} does not match`);
      for (const text of yes) assert.ok(text.startsWith(glob.literalPrefix));
    });
  }

  it('knows what every match begins with, and whether all match', () => {
    const prefixes = ['user:*', 'a\\*b?', '*x', '[a]', 'plain', ''].map((pattern) => new Glob(pattern).literalPrefix);
    assert.deepStrictEqual(prefixes, ['user:', 'a*b', '', '', 'plain', '']);
    const all = ['*', '***', '*a', '', '?*'].map((pattern) => new Glob(pattern).matchesAll);
    assert.deepStrictEqual(all, [true, true, false, false, false]);
  });

  it('agrees with a slow matcher that does as Redis does', () => {
    const pieces = fc.array(fc.constantFrom(...'ab-]^', '*', '?', '[', '\\', '[a-b]', '[^a]', '\xff'), {
      maxLength: 9,
    });
    const texts = fc.string({ unit: fc.constantFrom(...'ab-]^[\\', '\xff'), maxLength: 9 });
    fc.assert(
      fc.property(pieces, texts, (parts, text) => {
        const pattern = parts.join('');
        assert.equal(matches(new Glob(pattern), text), slowMatch(pattern, text), `${pattern} on ${text}`);
      }),
      { numRuns: 5000 },
    );
  });

  it('paused after every step, it comes to the same', () => {
    const pieces = fc.string({ unit: fc.constantFrom(...'ab*?'), maxLength: 8 });
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(pieces, texts, fc.integer({ min: 2, max: 5 }), (pattern, text, steps) => {
        const glob = new Glob(pattern);
        let found = glob.matchOrPause(text, new StepBudget(steps));
        while (typeof found !== 'boolean') found = glob.matchOrPause(text, new StepBudget(steps), found);
        assert.equal(found, matches(glob, text));
      }),
      { numRuns: 2000 },
    );
  });

  it('what takes longer than its budget is refused, and what many take is taken from one', () => {
    const costly = new Glob(`*${'a'.repeat(4000)}b`);
    assert.throws(() => matches(costly, 'a'.repeat(65_536)), MatchTooLong);
    const budget = new StepBudget();
    new Glob('abc').matches('abc', budget);
    new Glob('x*').matches('abc', budget);
    assert.ok(budget.left < STEPS_A_TURN - 4);
    budget.left = 0;
    assert.throws(() => new Glob('a').matches('a', budget), MatchTooLong);
  });

  it('a star takes what is left at once: an ordinary pattern costs about the length of its text', () => {
    const budget = new StepBudget();
    assert.ok(new Glob('user:*').matches(`user:${'x'.repeat(60_000)}`, budget));
    assert.ok(STEPS_A_TURN - budget.left < 20);
  });

  it('a step costs the same whatever its class says: a whole budget is less than half a second', () => {
    // 4,090 members, none of them met: it was 3.6 s when each was compared with each byte.
    const members = Array.from({ length: 2045 }, (_, i) => `\\${String.fromCharCode(98 + (i % 20))}`).join('');
    const glob = new Glob(`*[^b][${members}]`);
    const before = process.cpuUsage();
    const budget = new StepBudget();
    while (budget.left > 0) glob.matchOrPause('a'.repeat(60_000), budget);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 500_000, `${user / 1000} ms`);
  });

  it('a pattern of classes is not many times as large as its text', () => {
    const before = process.memoryUsage().arrayBuffers;
    const globs = Array.from({ length: 200 }, () => new Glob('[]'.repeat(2000)));
    assert.ok(process.memoryUsage().arrayBuffers - before < 200 * 2000 * 10, String(globs.length));
  });
});

/** stringmatchlen of Redis 7.0, written down as it is told: each rule tried at each place. */
function slowMatch(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') {
    return slowMatch(pattern.slice(1), text) || (text !== '' && slowMatch(pattern, text.slice(1)));
  }
  if (text === '') return false;
  const rest = text.slice(1);
  if (pattern[0] === '?') return slowMatch(pattern.slice(1), rest);
  if (pattern[0] === '[') {
    const [met, after] = slowClass(pattern.slice(1), text.charCodeAt(0));
    return met && slowMatch(after, rest);
  }
  const literal = pattern[0] === '\\' && pattern.length > 1 ? pattern.slice(1) : pattern;
  return literal[0] === text[0] && slowMatch(literal.slice(1), rest);
}

function slowClass(body: string, byte: number): [met: boolean, after: string] {
  const negated = body[0] === '^';
  let left = negated ? body.slice(1) : body;
  let met = false;
  while (left !== '' && left[0] !== ']') {
    if (left[0] === '\\' && left.length >= 2) {
      met ||= left.charCodeAt(1) === byte;
      left = left.slice(2);
    } else if (left.length >= 3 && left[1] === '-') {
      const [low, high] = [left.charCodeAt(0), left.charCodeAt(2)].sort((a, b) => a - b);
      met ||= byte >= low! && byte <= high!;
      left = left.slice(3);
    } else {
      met ||= left.charCodeAt(0) === byte;
      left = left.slice(1);
    }
  }
  return [met !== negated, left.slice(1)];
}
