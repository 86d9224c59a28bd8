/** Whose patterns are given up when a PUBLISH takes too long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Glob, MatchTooLong, type StepBudget } from '@quintet/engine/codec';
import { matchPatterns } from '../src/pubsub/pattern-matching.ts';

let steps = 0;

/** A pattern that takes so many steps, and matches. */
function pattern(
  cost: number,
  ...owners: string[]
): { glob: Pick<Glob, 'matches'>; sessions: Set<string>; cost: number } {
  const matches = (_text: string, budget: StepBudget): boolean => {
    steps += Math.min(cost, budget.left);
    if (cost > budget.left) throw new MatchTooLong();
    budget.left -= cost;
    return true;
  };
  return { glob: { matches }, sessions: new Set(owners), cost };
}

type Fake = ReturnType<typeof pattern>;

function match(patterns: Fake[]): { costs: number[]; costly: string[] } {
  steps = 0;
  const { matching, costly } = matchPatterns<string, Fake>(patterns, 'c', 1000);
  return { costs: matching.map(({ cost }) => cost), costly: [...costly].sort() };
}

test('patterns: within the budget nobody is given up, however it is shared out', () => {
  assert.deepEqual(match([pattern(990, 'a'), pattern(1, 'b'), pattern(9, 'c')]), { costs: [990, 1, 9], costly: [] });
  assert.deepEqual(match([]), { costs: [], costly: [] });
});

test('patterns: who takes more than its share is given up, wherever it stands; the others are served', () => {
  assert.deepEqual(match([pattern(990, 'a'), pattern(20, 'b'), pattern(5, 'c')]), { costs: [20, 5], costly: ['a'] });
  assert.deepEqual(match([pattern(20, 'b'), pattern(5, 'c'), pattern(990, 'a')]), { costs: [20, 5], costly: ['a'] });
  assert.deepEqual(match([pattern(20, 'b'), pattern(5000, 'a'), pattern(5, 'c')]), { costs: [20, 5], costly: ['a'] });
  const many = Array.from({ length: 300 }, () => pattern(4, 'a'));
  assert.deepEqual(match([...many, pattern(7, 'b')]), { costs: [7], costly: ['a'] });
  assert.deepEqual(match([pattern(2000, 'a')]), { costs: [], costly: ['a'] }, 'also the only one');
});

test('patterns: one that others share stays theirs', () => {
  const shared = pattern(10, 'a', 'b');
  assert.deepEqual(match([shared, pattern(2000, 'a')]), { costs: [10], costly: ['a'] });
});

test('patterns: many clients together take twice the budget at most', () => {
  const crowd = Array.from({ length: 50 }, (_, index) => pattern(400, `x${index}`));
  const { costs, costly } = match([...crowd, pattern(15, 'cheap')]);
  assert.deepEqual([costs, costly.length], [[15], 50]);
  assert.ok(steps <= 2000, `${steps} steps`);
});
