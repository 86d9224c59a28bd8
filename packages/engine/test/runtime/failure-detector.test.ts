/** FailureDetector: who hangs, judged only in time in which the master itself was awake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureDetector } from '../../src/core/master/membership/failure-detector.ts';
import { AWAKE, type Heartbeat } from '../../src/core/protocol/heartbeat.ts';

const LIMIT_MS = 400;

interface Beat {
  node: number;
  tick: number;
  resting?: boolean;
  waitedMs?: number;
}

/** `posted` goes on all the while: a node rests only if it has all of them. */
function heartbeat({ node, tick, resting, waitedMs = Number.NaN }: Beat, look: number): Heartbeat {
  return { node, tick, posted: look, rested: resting === true ? look : AWAKE, waitedMs };
}

/** Looks at the given gaps; `beats` tells each node's tick at the i-th look. Returns whom each look named, with no last copies. */
function run(gaps: readonly number[], beats: (look: number) => Beat[]): number[][] {
  const detector = new FailureDetector(LIMIT_MS);
  let now = 1000;
  return gaps.map((gap, i) => {
    now += gap;
    const heartbeats = beats(i).map((beat) => heartbeat(beat, i));
    const quiet = detector.look(now, heartbeats);
    return quiet.filter((one) => detector.isHung(one, false)).map(({ node }) => node);
  });
}

const even = (count: number, gapMs = 25): number[] => new Array(count).fill(gapMs);
const first = (reports: number[][]): number => reports.findIndex((hung) => hung.length > 0);

test('a node whose tick advances never hangs', () => {
  const reports = run(even(100), (i) => [{ node: 257, tick: i }]);
  assert.deepEqual(reports.flat(), []);
});

test('a node is named after the limit without a tick, and not before', () => {
  const reports = run(even(18), () => [{ node: 257, tick: 7 }]);
  assert.equal(first(reports), 16);
  assert.deepEqual(reports.slice(16), [[257], [257]]);
});

test('one that stops late is judged from its last tick on', () => {
  const reports = run(even(24), (i) => [{ node: 257, tick: Math.min(i, 5) }]);
  assert.equal(first(reports), 21);
});

test('a single tick, even a wrapped one, clears it', () => {
  const reports = run(even(31), (i) => [{ node: 257, tick: i < 16 ? 2 ** 31 - 1 : -(2 ** 31) }]);
  assert.deepEqual(reports.flat(), []);
});

test('time before a late look counts for nobody', () => {
  const reports = run([25, 25, 5_000, ...even(14)], () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports.flat(), []);
});

test('a master that is always late blames nobody', () => {
  const reports = run(even(50, 200), () => [{ node: 257, tick: 7 }]);
  assert.deepEqual(reports.flat(), []);
});

test('a look that is slow counts for little more than one that is not', () => {
  assert.equal(first(run(even(20, 37), () => [{ node: 257, tick: 7 }])), 11, 'on a machine with time it counts whole');
  assert.equal(first(run(even(20, 140), () => [{ node: 257, tick: 7 }])), 11, 'one four times as slow counts no more');
});

test('silence counted before a late look stays counted', () => {
  const reports = run([...even(16), 5_000, ...even(2)], () => [{ node: 257, tick: 7 }]);
  assert.equal(first(reports), 17);
});

test('nodes are judged apart, and a new life begins with nothing against it', () => {
  const reports = run(even(33), (i) => [
    { node: i < 16 ? 257 : 513, tick: 0 },
    { node: 258, tick: i },
  ]);
  assert.deepEqual(reports.slice(0, 32).flat(), []);
  assert.deepEqual(reports[32], [513]);
});

test('a node at rest never hangs, and its first wake is no hang', () => {
  const reports = run(even(70), (i) => [{ node: 257, tick: i < 66 ? 7 : 8, resting: i < 60 }]);
  assert.deepEqual(reports.flat(), []);
});

test('a node that was at rest and does not wake is named after the limit', () => {
  const reports = run(even(30), (i) => [{ node: 257, tick: 7, resting: i < 8 }]);
  assert.equal(first(reports), 24);
});

test('a node that rests between looks starts anew each time, whatever its tick', () => {
  const reports = run(even(90), (i) => [{ node: 257, tick: 7, resting: i % 15 === 0 }]);
  assert.deepEqual(reports.flat(), []);
});

test('one that says it rests, is sent something and never moves is named, though nobody looked for long', () => {
  // Asleep for 10 s after the third look; the first look after it is late and counts for nobody.
  const reports = run([25, 25, 25, 10_000, ...even(20)], (i) => [{ node: 257, tick: 7, resting: i < 3 }]);
  assert.equal(first(reports), 19);
});

test('one at rest does not cover another that stands still', () => {
  const reports = run(even(18), () => [
    { node: 257, tick: 7, resting: true },
    { node: 513, tick: 7 },
  ]);
  assert.deepEqual(reports.flat(), [513, 513]);
});

test('one with a last copy is waited for ten times as long', () => {
  const detector = new FailureDetector(LIMIT_MS);
  assert.equal(detector.isHung({ node: 257, quietMs: LIMIT_MS * 10 - 1 }, true), false);
  assert.equal(detector.isHung({ node: 257, quietMs: LIMIT_MS * 10 }, true), true);
});

test('F5: time in which a node waited for a processor is taken off, three quarters at most', () => {
  const after = (waits: (look: number) => number) => {
    return first(run(even(100), (i) => [{ node: 257, tick: 7, waitedMs: waits(i) }]));
  };
  assert.equal(
    after(() => 0),
    16,
  );
  assert.equal(
    after((i) => i * 12.5),
    32,
    'half the time',
  );
  assert.equal(
    after((i) => i * 25),
    64,
    'all the time',
  );
  assert.equal(
    after(() => Number.NaN),
    16,
    'where the system does not tell',
  );
  assert.equal(
    after((i) => (i < 8 ? Number.NaN : 1e6)),
    16,
    'nothing is known of the time before it was first told',
  );
});

test('nobody looks before there is a node, or while all rest; a post begins it again', () => {
  const detector = new FailureDetector(LIMIT_MS);
  const look = (now: number, ...resting: boolean[]) => {
    detector.look(
      now,
      resting.map((rests, i) => heartbeat({ node: 257 + i, tick: 7, resting: rests }, 1)),
    );
    return detector.nextLookAt;
  };
  assert.equal(detector.nextLookAt, Number.POSITIVE_INFINITY);
  detector.begin(1000);
  assert.equal(detector.nextLookAt, 1025);
  assert.equal(look(1025, true, false), 1050);
  detector.begin(1030);
  assert.equal(detector.nextLookAt, 1050, 'what is planned stays');
  assert.equal(look(1050, true, true), Number.POSITIVE_INFINITY);
  detector.begin(5000);
  assert.equal(detector.nextLookAt, 5025);
});
