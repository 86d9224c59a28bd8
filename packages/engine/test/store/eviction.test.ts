import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance, newStore, storeAndClock } from './fixture.ts';

test('an empty store has nothing to evict, a single entry is it', () => {
  const store = newStore();
  const random = chance(1);
  assert.equal(store.evictionCandidate(5, random), undefined);
  store.put('only', '', 0, 1, 0);
  assert.equal(store.evictionCandidate(5, random), 'only');
});

test('eviction prefers what was not used for long', () => {
  const { store, clock } = storeAndClock();
  const random = chance(2);
  for (let i = 0; i < 10_000; i++) {
    clock.tick = i < 5000 ? 10 : 20;
    store.put(`key ${i}`, 'v', 0, 1, 0);
  }
  clock.tick = 21;
  let old = 0;
  for (let i = 0; i < 2000; i++) if (Number(store.evictionCandidate(5, random)!.slice(4)) < 5000) old++;
  assert.ok(old / 2000 > 0.93, `${old} of 2000 were old; five samples promise 97 %`);
});

test('marks wrap around', () => {
  const { store, clock } = storeAndClock();
  const random = chance(3);
  clock.tick = 0xfffff0;
  store.put('older', '', 0, 1, 0);
  clock.tick = 5;
  store.put('newer', '', 0, 1, 0);
  clock.tick = 6;
  for (let i = 0; i < 50; i++) assert.equal(store.evictionCandidate(16, random), 'older');
});

test('what is written counts as used when it is written', () => {
  const { store, clock } = storeAndClock();
  const random = chance(4);
  store.put('a', '', 0, 1, 0);
  clock.tick = 7;
  store.put('b', '', 0, 1, 0);
  clock.tick = 9;
  store.put('a', '', 0, 2, 0);
  clock.tick = 10;
  for (let i = 0; i < 50; i++) assert.equal(store.evictionCandidate(16, random), 'b');
});

test('every entry can be picked, about as often as any other', () => {
  const store = newStore();
  const random = chance(5);
  for (let i = 0; i < 3000; i++) store.put(`key ${i}`, 'v', 0, 1, 0);
  for (let i = 0; i < 2950; i++) store.remove(`key ${i}`);
  const picked = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const key = store.evictionCandidate(1, random)!;
    picked.set(key, (picked.get(key) ?? 0) + 1);
  }
  assert.equal(picked.size, 50);
  assert.ok(Math.max(...picked.values()) < 20 * (20_000 / 50) * 0.5);
});
