import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlabStore } from '../../src/core/store/slab-store.ts';
import { chance, newStore } from './fixture.ts';

/** Asks and removes until the store has nothing more to say about this time. */
function expire(store: SlabStore, time: number, limit = 100, examine = 500): string[] {
  const expired: string[] = [];
  for (let quiet = 0; quiet < 200; ) {
    const keys = store.due(time, limit, examine);
    assert.ok(keys.length <= limit);
    for (const key of keys) {
      assert.ok(store.remove(key), 'nothing is reported twice while it is removed at once');
      expired.push(key);
    }
    quiet = keys.length === 0 ? quiet + 1 : 0;
  }
  return expired;
}

test('nothing is reported before its time, everything after it', () => {
  const store = newStore();
  for (let i = 0; i < 5000; i++) store.put(`key ${i}`, 'v'.repeat(i % 50), 0, 1, i % 10 === 0 ? 0 : 10_000 + i);
  assert.equal(store.expiring, 4500);
  assert.deepEqual(expire(store, 9999), []);
  const first = expire(store, 12_000);
  assert.ok(first.length > 0);
  for (const key of first) assert.ok(Number(key.slice(4)) <= 2000);
  const rest = expire(store, 20_000);
  assert.equal(first.length + rest.length, 4500);
  assert.equal(store.expiring, 0);
  assert.equal(store.size, 500);
  store.audit();
});

test('a single short deadline in a tiny store is reported at once', () => {
  const store = newStore();
  store.put('a', 'v', 0, 1, 100);
  assert.deepEqual(store.due(99, 10, 10), []);
  assert.deepEqual(store.due(100, 10, 10), ['a']);
  store.remove('a');
  store.put('b', 'v', 0, 1, 101);
  assert.deepEqual(store.due(101, 10, 10), ['b']);
});

test('what is reported but not removed is reported again', () => {
  const store = newStore();
  for (let i = 0; i < 100; i++) store.put(`key ${i}`, 'v'.repeat(100), 0, 1, 50);
  assert.equal(store.due(50, 1000, 1000).length, 100);
  assert.equal(store.due(1050, 1000, 1000).length, 100);
});

test('limits are kept, and the sweep goes on where it stopped', () => {
  const store = newStore();
  for (let i = 0; i < 3000; i++) store.put(`key ${i}`, '', 0, 1, 1000);
  const seen = new Set<string>();
  for (let call = 0; call < 400 && seen.size < 3000; call++) {
    const keys = store.due(2000, 10, 15);
    assert.ok(keys.length <= 10);
    for (const key of keys) seen.add(key);
  }
  assert.equal(seen.size, 3000);
});

test('a deadline that is moved, dropped or overwritten no longer counts', () => {
  const store = newStore();
  for (const key of ['moved', 'dropped', 'overwritten', 'kept', 'given'])
    store.put(key, 'v', 0, 1, key === 'given' ? 0 : 100);
  store.setDeadline('moved', 2, 5000);
  store.setDeadline('dropped', 2, 0);
  store.put('overwritten', 'v', 0, 2, 0);
  store.setDeadline('given', 2, 90);
  store.audit();
  assert.deepEqual(expire(store, 1000).sort(), ['given', 'kept']);
  assert.deepEqual(expire(store, 6000), ['moved']);
});

for (const seed of [1, 2, 3]) {
  test(`under writes, removals and compaction nothing is late by more than the pause (seed ${seed})`, () => {
    const random = chance(seed);
    const store = newStore();
    const deadlines = new Map<string, number>();
    let time = 1000;
    for (let step = 0; step < 40_000; step++) {
      const key = `key ${Math.floor(random() * 3000)}`;
      const expiresAt = random() < 0.7 ? time + Math.floor(random() * 2000) : 0;
      const dice = random();
      if (dice < 0.75) {
        store.put(key, 'v'.repeat(random() < 0.01 ? 3000 : random() * 60), 0, step, expiresAt);
        deadlines.set(key, expiresAt);
      } else if (dice < 0.85) {
        if (store.setDeadline(key, step, expiresAt)) deadlines.set(key, expiresAt);
      } else if (dice < 0.9) {
        store.remove(key);
        deadlines.delete(key);
      } else store.reclaim();
      if (step % 10 !== 0) continue;
      time += Math.floor(random() * 10);
      for (const due of store.due(time, 50, 400)) {
        const deadline = deadlines.get(due)!;
        assert.ok(deadline !== 0 && deadline <= time);
        deadlines.delete(due);
        store.remove(due);
      }
      if (step % 1000 !== 0) continue;
      store.audit();
    }
    for (let i = 0; i < 100; i++, time += 50) {
      for (const due of store.due(time, 100, 1000)) {
        store.remove(due);
        deadlines.delete(due);
      }
    }
    const late = [...deadlines].filter(([, deadline]) => deadline !== 0 && deadline <= time - 1000);
    assert.deepEqual(late, []);
  });
}

test('an idle store answers without a look at its chunks', () => {
  const store = newStore();
  for (let i = 0; i < 50_000; i++) store.put(`key ${i}`, 'v'.repeat(64), 0, 1, 1e9 + i);
  const begin = performance.now();
  for (let i = 0; i < 100_000; i++) store.due(5000 + i, 100, 1000);
  assert.ok(performance.now() - begin < 500);
});

test('a deadline given behind the back of a sweep is not forgotten', () => {
  const store = newStore();
  for (let i = 0; i < 30; i++) store.put(`key ${i}`, '', 0, 1, i === 29 ? 1000 : 1e9);
  store.setDeadline('key 29', 2, 1e9);
  assert.deepEqual(store.due(1000, 100, 10), [], 'the sweep stands in the middle of the chunk');
  store.setDeadline('key 0', 2, 1500);
  store.audit();
  assert.deepEqual(expire(store, 1000), []);
  assert.deepEqual(expire(store, 2000), ['key 0']);
});

test('a sweep whose chunk is freed and used again goes on elsewhere', () => {
  const store = newStore();
  const living = new Set<string>();
  const fill = (name: string, bytes: number) => {
    for (let i = 0; i < 5000; i++) {
      store.put(`${name} ${i}`, 'v'.repeat(bytes), 0, 1, 1000);
      living.add(`${name} ${i}`);
    }
  };
  const sweep = (until: number, time: number, examine: number) => {
    for (let call = 0; call < 20_000 && living.size > until; call++) {
      for (const key of store.due(time + call, 100, examine)) {
        assert.ok(living.delete(key), `${key} is reported though it is gone`);
        assert.ok(store.remove(key));
      }
    }
    assert.ok(living.size <= until, `${living.size} were not reported`);
  };
  fill('first', 64);
  sweep(2000, 1000, 37);
  for (const key of living) store.remove(key);
  living.clear();
  fill('second', 81);
  sweep(0, 9000, 37);
  store.audit();
});

test('a sweep that stopped inside the last chunk does not go on in the middle of what is written there anew', () => {
  const store = newStore();
  store.put('a', 'v', 0, 1, 100);
  store.put('b', 'v', 0, 1, 100);
  assert.deepEqual(store.due(200, 1, 10), ['a']);
  store.remove('a');
  store.remove('b');
  for (const key of ['k'.repeat(300), 'b']) store.put(key, '\xff'.repeat(300), 0, 2, 150);
  assert.deepEqual(expire(store, 10_000).sort(), ['b', 'k'.repeat(300)]);
  store.audit();
});
