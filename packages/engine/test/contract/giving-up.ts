/** Contract: AbortSignal and timeoutMs. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { rejects, type Test } from './subject.ts';

/** Longer than any test waits for; the nodes are busy for so long. */
const STALL_MS = 250;

export function givingUp(test: Test): void {
  test('an aborted signal sends nothing', async (store) => {
    const reason = new Error('not today');
    const options = { signal: AbortSignal.abort(reason) };
    const calls = [
      store.get('k', options),
      store.getEntry('k', options),
      store.has('k', options),
      store.put('k', 1, options),
      store.delete('k', options),
      store.getAndPut('k', 1, options),
      store.getAndDelete('k', options),
      store.getMany(['k'], options),
      store.putMany([['k', 1]], options),
      store.deleteMany(['k'], options),
      store.increment('k', 1, options),
      store.incrementFloat('k', 1, options),
      store.append('k', 'x', options),
      store.expire('k', 1, options),
      store.persist('k', options),
      store.ttl('k', options),
      store.entries(options).next(),
      store.keys(options).next(),
      store.count(options),
      store.clear(options),
    ];
    for (const call of calls) assert.equal((await rejects(call, 'ABORTED')).cause, reason);
    assert.equal(await store.has('k'), false);
  });

  test('a signal and a timeout that do not fire change nothing, and leave no listener', async (store) => {
    const { signal } = new AbortController();
    const options = { signal, timeoutMs: 60_000 };
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.put(`k${i}`, i, options)));
    assert.deepStrictEqual(await store.getMany(['k1', 'k49'], options), [1, 49]);
    await rejects(store.increment('k1', 'x' as never, options), 'INVALID_OPTION');
    assert.equal(await store.count(options), 50);
    for await (const key of store.keys(options)) assert.ok(key);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('many calls share one listener of a signal', async (store) => {
    const { signal } = new AbortController();
    const calls = Array.from({ length: 100 }, (_, i) => store.put(`k${i}`, i, { signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await Promise.all(calls);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('abort of calls under way', async (store, subject) => {
    subject.stall(STALL_MS);
    const controller = new AbortController();
    const { signal } = controller;
    const write = store.put('k', 1, { signal });
    const read = store.get('other', { signal });
    const many = store.putMany(
      [
        ['a', 1],
        ['b', 2],
      ],
      { signal },
    );
    setTimeout(() => controller.abort(new Error('too slow')), 10);
    const began = performance.now();
    const error = await rejects(write, 'ABORTED', 'ABORTED_IN_FLIGHT');
    assert.equal((error.cause as Error).message, 'too slow');
    await rejects(read, 'ABORTED');
    await rejects(many, 'ABORTED', 'ABORTED_IN_FLIGHT');
    assert.ok(performance.now() - began < STALL_MS, 'without waiting for the answer');
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await store.put('k', 2);
    assert.equal(await store.get('k'), 2, 'what was given up does not come later than what followed');
  });

  test('timeouts of calls under way', async (store, subject) => {
    subject.stall(STALL_MS);
    const began = performance.now();
    await Promise.all([
      rejects(store.put('k', 1, { timeoutMs: 20 }), 'TIMEOUT', 'TIMEOUT_IN_FLIGHT'),
      rejects(store.get('other', { timeoutMs: 20 }), 'TIMEOUT'),
      rejects(store.getMany(['x', 'y'], { timeoutMs: 20 }), 'TIMEOUT'),
      rejects(store.deleteMany(['x', 'y'], { timeoutMs: 20 }), 'TIMEOUT', 'TIMEOUT_IN_FLIGHT'),
      rejects(store.count({ timeoutMs: 20 }), 'TIMEOUT'),
      rejects(store.keys({ timeoutMs: 20 }).next(), 'TIMEOUT'),
    ]);
    assert.ok(performance.now() - began < STALL_MS, 'without waiting for the answer');
    await store.put('k', 2);
    assert.equal(await store.get('k'), 2);
  });

  for (const timeoutMs of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '10', null]) {
    test(`a timeout of ${typeof timeoutMs} ${String(timeoutMs)} is refused`, async (store) => {
      await rejects(store.get('k', { timeoutMs: timeoutMs as number }), 'INVALID_OPTION');
    });
  }

  test('a signal that is none is refused', async (store) => {
    for (const signal of [{}, 5, 'abort', null, new AbortController()]) {
      await rejects(store.get('k', { signal: signal as never }), 'INVALID_OPTION');
    }
  });
}
