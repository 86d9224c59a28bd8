/** HangWatch: sleeps while all nodes rest, and misses nobody who does not wake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Heartbeat } from '../../src/core/master/membership/failure-detector.ts';
import { HangWatch } from '../../src/runtime/threads/hang-watch.ts';

/** A watch with a limit of 160 ms, so a look every 10 ms. `looked` resolves at the next look, `hung` with the first node told. */
function watchOf(beats: () => Heartbeat[]) {
  let looks = 0;
  let tellLook = () => {};
  let tellHung = (_node: number) => {};
  const hung = new Promise<number>((resolve) => (tellHung = resolve));
  const heartbeats = () => {
    looks += 1;
    tellLook();
    return beats();
  };
  const watch = new HangWatch({ hangLimitMs: 160, heartbeats, onHung: (node) => tellHung(node) });
  // The watch keeps no process alive, as this test must.
  const alive = setInterval(() => {}, 1000);
  const stop = () => {
    clearInterval(alive);
    watch.stop();
  };
  const looked = () => new Promise<void>((resolve) => (tellLook = resolve));
  return { watch, hung, looked, stop, looks: () => looks };
}

test('all at rest: one look, then none until something is sent; who does not wake then is told', async () => {
  let resting = true;
  const { watch, hung, looked, looks, stop } = watchOf(() => [{ node: 257, tick: 7, resting }]);
  await looked();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(looks(), 1);
  resting = false;
  watch.wake();
  assert.equal(await hung, 257);
  assert.ok(looks() >= 16, 'a whole limit of looks, none of them before the wake');
  stop();
});

test('one that rests hides no other', async () => {
  const { hung, stop } = watchOf(() => [
    { node: 257, tick: 7, resting: true },
    { node: 513, tick: 9, resting: false },
  ]);
  assert.equal(await hung, 513);
  stop();
});

test('a watch that was stopped does not wake', async () => {
  const { watch, looked, looks, stop } = watchOf(() => [{ node: 257, tick: 7, resting: true }]);
  await looked();
  stop();
  watch.wake();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(looks(), 1);
});
