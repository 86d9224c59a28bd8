import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance, collidingKeys, newStore } from './fixture.ts';

test('an empty store has nothing to evict, a single entry is it', () => {
  const store = newStore();
  const random = chance(1);
  assert.equal(store.evictionCandidate(5, 0, random), undefined);
  store.put('only', '', 0, 1, 0);
  assert.equal(store.evictionCandidate(5, 0, random), 'only');
});

test('eviction prefers what was not used for long', () => {
  const store = newStore();
  const random = chance(2);
  for (let i = 0; i < 10_000; i++) store.put(`key ${i}`, 'v', 0, 1, 0);
  // The first half was used at tick 10, the second at tick 20.
  for (let i = 0; i < 10_000; i++) store.touch(`key ${i}`, i < 5000 ? 10 : 20);
  let old = 0;
  for (let i = 0; i < 2000; i++) if (Number(store.evictionCandidate(5, 21, random)!.slice(4)) < 5000) old++;
  assert.ok(old / 2000 > 0.93, `${old} of 2000 were old; five samples promise 97 %`);
});

test('marks wrap around', () => {
  const store = newStore();
  const random = chance(3);
  store.put('older', '', 0, 1, 0);
  store.put('newer', '', 0, 1, 0);
  store.touch('older', 0xfff0);
  store.touch('newer', 0x1_0005);
  for (let i = 0; i < 50; i++) assert.equal(store.evictionCandidate(16, 0x1_0006, random), 'older');
});

test('what is written counts as used when it is written', () => {
  const store = newStore();
  const random = chance(4);
  store.put('a', '', 0, 1, 0);
  store.put('b', '', 0, 1, 0);
  store.touch('b', 7);
  store.touch('absent', 9);
  store.put('a', '', 0, 2, 0);
  for (let i = 0; i < 50; i++) assert.equal(store.evictionCandidate(16, 10, random), 'b');
});

test('every entry can be picked, about as often as any other', () => {
  const store = newStore();
  const random = chance(5);
  for (let i = 0; i < 3000; i++) store.put(`key ${i}`, 'v', 0, 1, 0);
  for (let i = 0; i < 2950; i++) store.remove(`key ${i}`);
  const picked = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const key = store.evictionCandidate(1, 0, random)!;
    picked.set(key, (picked.get(key) ?? 0) + 1);
  }
  assert.equal(picked.size, 50);
  assert.ok(Math.max(...picked.values()) < 20 * (20_000 / 50) * 0.5);
});

test('touch says whether it changed anything; touchHash marks all of that hash', () => {
  const store = newStore();
  const [one, other] = collidingKeys(store);
  store.put(one, '', 0, 1, 0);
  store.put(other, '', 0, 1, 0);
  assert.equal(store.touch(one, 5), true);
  assert.equal(store.touch(one, 5), false);
  assert.equal(store.touch('absent', 5), false);
  store.touchHash(store.hashOf(one), 6);
  assert.equal(store.touch(one, 6), false);
  assert.equal(store.touch(other, 6), false);
  store.touchHash(12345, 7);
});
