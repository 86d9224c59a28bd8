import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance, newStore } from './fixture.ts';

const RATIO_MAX = 1.5;

/** Entries under which fixed costs (the first chunks and segments) drown the ratio. */
const ENOUGH_BYTES = 256 * 1024;

test('overwriting with values of changing size keeps reserved bytes near live bytes', () => {
  const random = chance(1);
  const store = newStore();
  let worst = 0;
  for (let i = 0; i < 400_000; i++) {
    store.put(`key:${Math.floor(random() * 20_000)}`, 'v'.repeat(20 + random() * 100), 0, i + 1, 0);
    if (i > 20_000) worst = Math.max(worst, store.reservedBytes / store.liveBytes);
  }
  assert.ok(worst <= RATIO_MAX, `reserved up to ${worst.toFixed(2)} times the live bytes`);
  store.audit();
});

test('deleting a random half and inserting others, over and over, likewise', () => {
  const random = chance(2);
  const store = newStore();
  let keys: number[] = [];
  let next = 0;
  let worst = 0;
  for (let round = 0; round < 20; round++) {
    while (keys.length < 20_000) {
      store.put(`key:${next}`, 'v'.repeat(64), 0, next + 1, 0);
      keys.push(next++);
    }
    const kept: number[] = [];
    for (const key of keys) {
      if (random() < 0.5) kept.push(key);
      else store.remove(`key:${key}`);
      worst = Math.max(worst, store.reservedBytes / store.liveBytes);
    }
    keys = kept;
  }
  assert.ok(worst <= RATIO_MAX, `reserved up to ${worst.toFixed(2)} times the live bytes`);
  store.audit();
});

test('deleting everything but a few gives the memory back', () => {
  const random = chance(3);
  const store = newStore();
  for (let i = 0; i < 50_000; i++) store.put(`key:${i}`, 'v'.repeat(64), 0, 1, 0);
  let worst = 0;
  const order = Array.from({ length: 50_000 }, (_, i) => i).sort(() => random() - 0.5);
  for (const i of order.slice(10)) {
    store.remove(`key:${i}`);
    if (store.liveBytes > ENOUGH_BYTES) worst = Math.max(worst, store.reservedBytes / store.liveBytes);
  }
  assert.ok(worst <= RATIO_MAX, `reserved up to ${worst.toFixed(2)} times the live bytes`);
  while (store.reclaim());
  assert.ok(store.reservedBytes < 16 * 1024, `${store.reservedBytes} bytes for ten entries`);
  for (const i of order.slice(0, 10)) assert.equal(store.get(`key:${i}`)?.value, 'v'.repeat(64));
  store.audit();
});

test('reclaim comes to an end and leaves little dead', () => {
  const random = chance(4);
  const store = newStore();
  for (let i = 0; i < 50_000; i++) store.put(`key:${i}`, 'v'.repeat(64), 0, 1, 0);
  for (let i = 0; i < 50_000; i++) if (random() < 0.2) store.remove(`key:${i}`);
  const before = store.reservedBytes;
  let slices = 0;
  while (store.reclaim()) slices++;
  assert.ok(slices > 5 && slices < 500, `${slices} slices`);
  assert.ok(store.reservedBytes < before);
  assert.ok(store.reservedBytes < store.liveBytes * 1.35, `${store.reservedBytes / store.liveBytes}`);
  assert.equal(store.reclaim(), false);
  store.audit();
});

test('deleting in the order of writing gives the memory back without any reclaiming', () => {
  const store = newStore();
  for (let i = 0; i < 50_000; i++) store.put(`key:${i}`, 'v'.repeat(64), 0, 1, 0);
  for (let i = 0; i < 49_990; i++) store.remove(`key:${i}`);
  assert.ok(store.reservedBytes < 16 * 1024, `${store.reservedBytes} bytes for ten entries`);
  store.audit();
});
