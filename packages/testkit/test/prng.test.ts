/**
 * The random stream: fixed by its seed, evenly spread, forked without side effects.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../src/prng.ts';

/** The first draws of seed 1. */
const GOLDEN = [201, 560, 654, 549, 659];

const draws = (prng: Prng, count = 5): number[] => Array.from({ length: count }, () => prng.below(1000));

test('a seed fixes the stream, for good', () => {
  assert.deepEqual(draws(new Prng('quintet')), draws(new Prng('quintet')));
  assert.notDeepEqual(draws(new Prng('quintet')), draws(new Prng('quintet!')));
  assert.deepEqual(draws(new Prng(1)), GOLDEN, 'saved seeds no longer mean what they meant');
});

test('a fork depends on its name, not on what was drawn before', () => {
  const early = new Prng(7).fork('network');
  const parent = new Prng(7);
  draws(parent, 100);
  assert.deepEqual(draws(parent.fork('network')), draws(early));
  assert.notDeepEqual(draws(new Prng(7).fork('network')), draws(new Prng(7).fork('faults')));
  assert.notDeepEqual(draws(new Prng(7).fork('network')), draws(new Prng(7)));
});

test('draws are spread evenly', () => {
  const prng = new Prng('spread');
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 100_000; draw++) counts[prng.below(10)]!++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 400, String(counts));
  let hits = 0;
  for (let draw = 0; draw < 100_000; draw++) hits += Number(prng.chance(0.25));
  assert.ok(Math.abs(hits - 25_000) < 600, String(hits));
});

test('limits are checked', () => {
  const prng = new Prng(1);
  for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 33]) assert.throws(() => prng.below(limit), RangeError);
  assert.throws(() => prng.pick([]), RangeError);
  assert.equal(prng.below(1), 0);
  assert.equal(prng.chance(0), false);
  assert.equal(prng.chance(1), true);
});
