/** HangWatch: sleeps while all nodes rest, and misses nobody who does not wake. Timers and clock are mocked. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Heartbeat } from '../../src/core/master/membership/failure-detector.ts';
import { HangWatch } from '../../src/runtime/threads/hang-watch.ts';

const LIMIT_MS = 160;
/** Sixteen looks in a limit. */
const EVERY_MS = 10;

/** A watch whose timer and clock move only by `pass`. (The interval of node:test's mock outlives clearInterval in its callback.) */
function watchOf(t: TestContext, beats: () => Heartbeat[]) {
  let now = 0;
  let looks = 0;
  let look: (() => void) | undefined;
  const hung: number[] = [];
  t.mock.method(performance, 'now', () => now);
  t.mock.method(globalThis, 'setInterval', (callback: () => void, ms: number) => {
    assert.equal(ms, EVERY_MS);
    look = callback;
    return { unref: () => ({}) };
  });
  t.mock.method(globalThis, 'clearInterval', () => (look = undefined));
  const heartbeats = () => {
    looks += 1;
    return beats();
  };
  const watch = new HangWatch({ hangLimitMs: LIMIT_MS, heartbeats, onHung: (node) => hung.push(node) });
  const pass = (ms: number) => {
    for (const end = now + ms; now < end; look?.()) now += EVERY_MS;
  };
  return { watch, hung, pass, looks: () => looks };
}

test('all at rest: one look, then none until something is sent; then a node that does not wake is reported', (t) => {
  let resting = true;
  const { watch, hung, pass, looks } = watchOf(t, () => [{ node: 257, tick: 7, resting }]);
  pass(10 * LIMIT_MS);
  assert.equal(looks(), 1);
  resting = false;
  watch.wake();
  pass(LIMIT_MS - EVERY_MS);
  assert.deepEqual(hung, [], 'not before a whole limit after the wake');
  pass(2 * EVERY_MS);
  assert.equal(hung[0], 257);
});

test('one that rests hides no other', (t) => {
  const { hung, pass } = watchOf(t, () => [
    { node: 257, tick: 7, resting: true },
    { node: 513, tick: 9, resting: false },
  ]);
  pass(2 * LIMIT_MS);
  assert.equal(hung[0], 513);
  assert.ok(!hung.includes(257));
});

test('a watch that was stopped does not wake', (t) => {
  const { watch, pass, looks } = watchOf(t, () => [{ node: 257, tick: 7, resting: true }]);
  pass(EVERY_MS);
  watch.stop();
  watch.wake();
  pass(10 * LIMIT_MS);
  assert.equal(looks(), 1);
});
