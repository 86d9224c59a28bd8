/** Contract: calls made without awaiting take effect in the order they were made. */
import assert from 'node:assert/strict';
import type { Test } from './subject.ts';

export function order(test: Test): void {
  test('a read behind a write sees it, a write behind a read does not disturb it', async (store) => {
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 2000; i++) {
      void store.put('k', i);
      calls.push(store.get('k'));
    }
    const seen = await Promise.all(calls);
    assert.deepStrictEqual(seen, Array.from(seen.keys()));
  });

  test('increments of many callers add up', async (store) => {
    const results = await Promise.all(Array.from({ length: 3000 }, () => store.increment('k')));
    assert.deepStrictEqual(
      results,
      Array.from({ length: 3000 }, (_, i) => i + 1),
    );
    assert.equal(await store.increment('k', 0), 3000);
  });

  test('every kind of call keeps its place', async (store) => {
    const answers = await Promise.all([
      store.put('k', 'a'),
      store.append('k', 'b'),
      store.get('k'),
      store.getAndPut('k', 7),
      store.increment('k'),
      store.has('k'),
      store.getAndDelete('k'),
      store.has('k'),
      store.get('k'),
    ]);
    assert.deepStrictEqual(answers.slice(1), [2, 'ab', 'ab', 8, true, 8, false, undefined]);
  });

  test('a scan and a count behind writes see them', async (store) => {
    void store.putMany(Array.from({ length: 100 }, (_, i) => [`k${i}`, i] as const));
    assert.equal(await store.count(), 100);
    void store.put('more', 1);
    const cleared = store.clear();
    assert.equal(await store.get('more'), undefined);
    await cleared;
    assert.equal(await store.count(), 0);
  });
}
