// The fuzzer's patience: who hangs is given up, who only had no chance is not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Patience, type Pulse, patiently, pulse } from './fuzz/patience.ts';

/** Beats when told to. */
function byHand(): { start: Pulse; beat(times: number): void; stopped: boolean } {
  let run = (): void => {};
  const hand = {
    stopped: false,
    start: (beat: () => void) => {
      run = beat;
      return () => {
        hand.stopped = true;
      };
    },
    beat: (times: number) => {
      for (let i = 0; i < times && !hand.stopped; i++) run();
    },
  };
  return hand;
}

test('patience: lost once, after the beats that were promised', () => {
  const hand = byHand();
  let lost = 0;
  new Patience(1000, () => lost++, hand.start);
  hand.beat(9);
  assert.equal(lost, 0);
  hand.beat(1);
  assert.deepEqual([lost, hand.stopped], [1, true]);
  hand.beat(50);
  assert.equal(lost, 1);
});

test('patience: begins anew with every sign of life, and ends when told', () => {
  const hand = byHand();
  let lost = 0;
  const patience = new Patience(1000, () => lost++, hand.start);
  for (let signs = 0; signs < 5; signs++) {
    hand.beat(9);
    patience.renew();
  }
  patience.end();
  hand.beat(50);
  assert.deepEqual([lost, hand.stopped], [0, true]);
});

/** Nobody in this process has a chance meanwhile, as on a machine that stands still. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('patience: however long the process stood still, that was one beat', async () => {
  let beats = 0;
  const stop = pulse(() => beats++);
  standStill(1500);
  await new Promise((resolve) => setTimeout(resolve, 1));
  stop();
  assert.equal(beats, 1);
});

test('patience: what came meanwhile is heard before patience is lost', async () => {
  const heard = await patiently(300, async (signal) => {
    const { port1, port2 } = new MessageChannel();
    const message = once(port1, 'message', { signal });
    port2.postMessage('here');
    standStill(1500);
    const [text] = (await message) as [string];
    port1.close();
    return text;
  });
  assert.equal(heard, 'here');
});

test('patience: who never comes is given up', async () => {
  const never = (signal: AbortSignal) => once(new EventTarget(), 'never', { signal });
  await assert.rejects(patiently(200, never), (error: Error) => String(error.cause).includes('0.2 s of beats'));
});
