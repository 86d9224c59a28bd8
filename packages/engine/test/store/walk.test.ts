import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlabStore } from '../../src/core/store/slab-store.ts';
import { chance, collidingKeys, newStore, SEED, walkAll } from './fixture.ts';

function fill(store: SlabStore, from: number, to: number): void {
  for (let i = from; i < to; i++) store.put(`key ${i}`, `value ${i}`, 0, i + 1, 0);
}

const keysOf = (entries: readonly { key: string }[]) => entries.map((entry) => entry.key);

test('pages follow the order of hashes and respect their limits', () => {
  const store = newStore();
  fill(store, 0, 5000);
  const walked = walkAll(store, 7);
  assert.equal(new Set(keysOf(walked)).size, 5000);
  for (let i = 1; i < walked.length; i++) assert.ok(store.hashOf(walked[i - 1]!.key) <= store.hashOf(walked[i]!.key));
  for (const { key, value } of walked) assert.equal(value, key.replace('key', 'value'));

  let shown = 0;
  const cursor = store.walk(0, 7, 1e9, false, () => shown++);
  assert.ok(shown === 7 && cursor > 0);
  let bytes = 0;
  store.walk(0, 1e9, 100, false, (entry) => {
    bytes += entry.key.length + entry.value.length;
  });
  assert.ok(bytes >= 100 && bytes < 200, `${bytes} bytes on a page of 100`);
  let values = '';
  assert.equal(
    store.walk(0, 1e9, 1e9, true, (entry) => (values += entry.value)),
    -1,
  );
  assert.equal(values, '');
});

test('a page shows at least one entry, and an empty store none', () => {
  const store = newStore();
  assert.deepEqual(walkAll(store, 0), []);
  fill(store, 0, 20);
  assert.equal(walkAll(store, 0).length, 20);
});

test('entries of equal hash are never parted', () => {
  const store = newStore();
  const [one, other] = collidingKeys(store);
  fill(store, 0, 2000);
  store.put(one, '', 0, 1, 0);
  store.put(other, '', 0, 1, 0);
  const page: string[] = [];
  for (let cursor = 0; cursor >= 0; ) {
    page.length = 0;
    cursor = store.walk(cursor, 1, 1e9, true, ({ key }) => page.push(key));
    assert.equal(page.includes(one), page.includes(other));
    assert.equal(page.length, page.includes(one) ? 2 : 1);
  }
});

for (const seed of [1, 2, 3, 4]) {
  test(`what lives throughout is shown exactly once, whatever else comes and goes (seed ${seed})`, () => {
    const random = chance(seed);
    const store = newStore();
    fill(store, 0, 3000);
    let next = 3000;
    const passing: number[] = [];
    const walked = walkAll(store, 40, () => {
      // Between pages others multiply or vanish by the thousand, so segments split, merge and move under the walk.
      const add = random() < 0.5;
      for (let i = 0; i < 1500; i++) {
        if (add) {
          store.put(`passing ${next}`, 'p', 0, next, 0);
          passing.push(next++);
        } else if (passing.length > 0) store.remove(`passing ${passing.pop()}`);
      }
      store.put(`key ${Math.floor(random() * 3000)}`, 'v'.repeat(random() * 50), 0, next, 0);
      store.reclaim();
    });
    const stayed = keysOf(walked).filter((key) => key.startsWith('key'));
    assert.equal(stayed.length, 3000);
    assert.equal(new Set(stayed).size, 3000);
    store.audit();
  });
}

test('a cursor goes on where it was on a copy with another layout', () => {
  const copies = [newStore(), newStore(), newStore()];
  fill(copies[0]!, 0, 4000);
  // The second copy got here through a crowd, the third in another order and with deletions.
  fill(copies[1]!, 0, 60_000);
  for (let i = 4000; i < 60_000; i++) copies[1]!.remove(`key ${i}`);
  for (let i = 4999; i >= 0; i--) fill(copies[2]!, i, i + 1);
  for (let i = 4000; i < 5000; i++) copies[2]!.remove(`key ${i}`);
  const seen: string[] = [];
  let page = 0;
  for (let cursor = 0; cursor >= 0; page++) {
    cursor = copies[page % 3]!.walk(cursor, 13, 1e9, true, ({ key }) => seen.push(key));
  }
  assert.deepEqual(seen, keysOf(walkAll(copies[0]!, 1000)));
  assert.equal(new Set(seen).size, 4000);
});

test('another seed means another order', () => {
  const one = newStore();
  const other = newStore(undefined, SEED + 1);
  fill(one, 0, 100);
  fill(other, 0, 100);
  assert.notDeepEqual(keysOf(walkAll(one, 100)), keysOf(walkAll(other, 100)));
});
