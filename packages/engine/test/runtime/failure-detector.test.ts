/** FailureDetector: who hangs, judged only in time in which the master itself was awake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureDetector, type Heartbeat } from '../../src/core/master/membership/failure-detector.ts';

const LIMIT_MS = 400;

/** Samples at the given gaps; `beats` tells each node's tick at the i-th sample. Returns what each sample reported. */
function run(gaps: readonly number[], beats: (sample: number) => Heartbeat[]): number[][] {
  const detector = new FailureDetector(LIMIT_MS);
  let now = 1000;
  return gaps.map((gap, i) => {
    now += gap;
    return detector.sample(now, beats(i));
  });
}

const even = (count: number): number[] => new Array(count).fill(50);

test('a node whose tick advances never hangs', () => {
  const reports = run(even(100), (i) => [{ node: 257, tick: i }]);
  assert.deepEqual(reports.flat(), []);
});

test('a node is reported after the limit without a tick, and not before', () => {
  const reports = run(even(10), () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports, [[], [], [], [], [], [], [], [], [257], [257]]);
});

test('one that stops late is judged from its last tick on', () => {
  const reports = run(even(14), (i) => [{ node: 257, tick: Math.min(i, 5) }]);
  assert.equal(
    reports.findIndex((hung) => hung.length > 0),
    13,
  );
});

test('a single tick, even a wrapped one, clears it', () => {
  const reports = run(even(16), (i) => [{ node: 257, tick: i < 8 ? 2 ** 31 - 1 : -(2 ** 31) }]);
  assert.deepEqual(reports.flat(), []);
});

test('time before a late sample counts for nobody', () => {
  const reports = run([50, 50, 5_000, 50, 50], () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports.flat(), []);
});

test('a master that is always late blames nobody', () => {
  const reports = run(new Array(50).fill(200), () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports.flat(), []);
});

test('a little late is still on time', () => {
  const reports = run(new Array(6).fill(140), () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports, [[], [], [], [257], [257], [257]]);
});

test('silence counted before a late sample stays counted', () => {
  const reports = run([...even(6), 5_000, ...even(3)], () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports.at(-1), [257]);
});

test('nodes are judged apart, and a new life begins with nothing against it', () => {
  const reports = run(even(20), (i) => [
    { node: i < 8 ? 257 : 513, tick: 0 },
    { node: 258, tick: i },
  ]);
  assert.deepEqual(reports.slice(0, 16).flat(), []);
  assert.deepEqual(reports[16], [513]);
});

test('a node at rest never hangs, and its first wake is no hang', () => {
  const reports = run(even(40), (i) => [{ node: 257, tick: i < 35 ? 7 : 8, resting: i < 32 }]);
  assert.deepEqual(reports.flat(), []);
});

test('a node that was at rest and does not wake is reported after the limit', () => {
  const reports = run(even(20), (i) => [{ node: 257, tick: 7, resting: i < 8 }]);
  assert.equal(
    reports.findIndex((hung) => hung.length > 0),
    16,
  );
});

test('a node that rests between looks starts anew each time, whatever its tick', () => {
  const reports = run(even(60), (i) => [{ node: 257, tick: 7, resting: i % 7 === 0 }]);
  assert.deepEqual(reports.flat(), []);
});

test('one that says it rests, is sent something and never moves is reported, though nobody looked for long', () => {
  // Asleep for 10 s after the third look; the first look after it is late and counts for nobody.
  const reports = run([50, 50, 50, 10_000, ...even(12)], (i) => [{ node: 257, tick: 7, resting: i < 3 }]);
  assert.equal(
    reports.findIndex((hung) => hung.length > 0),
    11,
  );
});

test('one at rest does not cover another that stands still', () => {
  const reports = run(even(12), () => [
    { node: 257, tick: 7, resting: true },
    { node: 513, tick: 7 },
  ]);
  assert.deepEqual(reports.flat(), [513, 513, 513, 513]);
});
