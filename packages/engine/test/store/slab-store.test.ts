import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudget } from '../../src/core/store/budget.ts';
import { KEY_BYTES_MAX } from '../../src/core/store/hash.ts';
import { BufferMemory } from '../../src/runtime/memory/buffer-memory.ts';
import { collidingKeys, newStore, walkAll } from './fixture.ts';

test('an entry comes back as it was put', () => {
  const store = newStore();
  const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
  const rows: [string, string, 0 | 1 | 2, number, number][] = [
    ['a', '1', 0, 1, 0],
    ['', 'the empty key', 1, 2, 0],
    ['empty value', '', 2, 3, 0],
    [every, every, 1, 2 ** 53 - 1, 2 ** 53 - 1],
    ['k'.repeat(KEY_BYTES_MAX), 'v', 0, 5, 1],
    ['long', every.repeat(5000), 0, 6, 1_800_000_000_000],
  ];
  for (const [key, value, kind, version, expiresAt] of rows) store.put(key, value, kind, version, expiresAt);
  store.audit();
  for (const [key, value, kind, version, expiresAt] of rows) {
    assert.deepEqual(store.get(key), { value, kind, version, expiresAt });
    assert.deepEqual(store.head(key), { kind, version, expiresAt, valueBytes: value.length });
  }
  assert.equal(store.size, rows.length);
  assert.equal(store.expiring, 3);
  assert.equal(store.get('b'), undefined);
  assert.equal(store.head('b'), undefined);
  assert.throws(() => store.put('k'.repeat(KEY_BYTES_MAX + 1), '', 0, 1, 0));
});

test('keys that are alike to a careless comparison are told apart', () => {
  const store = newStore();
  const [one, other] = collidingKeys(store);
  const keys = [one, other, 'abc', 'abcd', 'abcde', 'abc\0', 'abc\0\0', 'abd', '\0', '\0\0', ''];
  for (const [i, key] of keys.entries()) store.put(key, `v${i}`, 0, i + 1, 0);
  for (const [i, key] of keys.entries()) assert.equal(store.get(key)?.value, `v${i}`);
  assert.ok(store.remove(one));
  assert.equal(store.get(one), undefined);
  assert.equal(store.get(other)?.value, 'v1');
  store.audit();
});

test('a value is replaced in place, by a shorter, a longer, with and without a deadline', () => {
  const store = newStore();
  const rows: [string, number][] = [
    ['12345678', 0],
    ['87654321', 0],
    ['', 5],
    ['', 0],
    ['x'.repeat(100), 7],
    ['y'.repeat(108), 0],
    ['x'.repeat(100), 9],
    ['z'.repeat(100_000), 9],
    ['w'.repeat(100_000), 9],
    ['small', 0],
  ];
  for (const [i, [value, expiresAt]] of rows.entries()) {
    store.put('key', value, 0, i + 1, expiresAt);
    assert.deepEqual(store.get('key'), { value, kind: 0, version: i + 1, expiresAt });
    assert.equal(store.size, 1);
    assert.equal(store.expiring, expiresAt === 0 ? 0 : 1);
    store.audit();
  }
});

test('a new deadline leaves value and kind as they are', () => {
  const store = newStore();
  assert.equal(store.setDeadline('key', 1, 5), false);
  store.put('key', 'value', 2, 1, 0);
  for (const [version, expiresAt] of [
    [2, 0],
    [3, 100],
    [4, 50],
    [5, 0],
    [6, 70],
  ] as const) {
    assert.equal(store.setDeadline('key', version, expiresAt), true);
    assert.deepEqual(store.get('key'), { value: 'value', kind: 2, version, expiresAt });
    assert.equal(store.expiring, expiresAt === 0 ? 0 : 1);
    store.audit();
  }
});

test('what is removed is gone, once', () => {
  const store = newStore();
  store.put('key', 'value', 0, 1, 9);
  assert.equal(store.remove('key'), true);
  assert.equal(store.remove('key'), false);
  assert.equal(store.get('key'), undefined);
  assert.deepEqual([store.size, store.expiring, store.liveBytes], [0, 0, 0]);
  store.audit();
});

test('an empty or tiny store costs a few KiB', () => {
  const store = newStore();
  assert.ok(store.reservedBytes < 1024, `${store.reservedBytes} bytes when empty`);
  store.put('key', 'value', 0, 1, 0);
  assert.ok(store.reservedBytes < 6 * 1024, `${store.reservedBytes} bytes with one entry`);
});

test('clear leaves an empty store, release leaves nothing', () => {
  const budget = createBudget();
  const stores = [newStore(budget), newStore(budget), newStore(budget)];
  const empty = budget.reserved;
  for (const store of stores) {
    for (let i = 0; i < 5000; i++) store.put(`key ${i}`, 'v'.repeat(i % 3000), 0, i + 1, i % 2);
    store.audit();
  }
  assert.equal(
    budget.reserved,
    stores.reduce((sum, store) => sum + store.reservedBytes, 0),
  );
  for (const store of stores) {
    store.clear();
    store.audit();
    assert.deepEqual([store.size, store.expiring, store.liveBytes], [0, 0, 0]);
    assert.deepEqual(walkAll(store, 10), []);
    assert.deepEqual(store.due(10, 10, 10), []);
  }
  assert.equal(budget.reserved, empty);
  stores[0]!.put('key', 'again', 0, 1, 0);
  assert.equal(stores[0]!.get('key')?.value, 'again');
  for (const store of stores) store.release();
  assert.equal(budget.reserved, 0);
});

test('huge values have chunks of their own, and go as a whole', () => {
  const store = newStore();
  const empty = store.reservedBytes;
  for (let i = 0; i < 20; i++) store.put(`huge ${i}`, String.fromCharCode(65 + i).repeat(3_000_000 + i), 0, i + 1, 0);
  assert.ok(store.reservedBytes < store.liveBytes * 1.01);
  store.audit();
  for (let i = 0; i < 20; i++) {
    assert.equal(store.get(`huge ${i}`)?.value, String.fromCharCode(65 + i).repeat(3_000_000 + i));
    store.remove(`huge ${i}`);
    store.audit();
  }
  assert.ok(store.reservedBytes <= empty + 64);
});

test('a write never grows the store by more than was announced', () => {
  const store = newStore();
  const sizes = [0, 10, 64, 500, 1100, 5000, 40_000, 100_000];
  for (let i = 0; i < 40_000; i++) {
    const key = `key ${(i * 7919) % 10_000}`;
    const value = 'v'.repeat(sizes[(i * 31) % (i < 5000 ? 8 : 6)]!);
    const announced = store.growthFor(key.length, value.length);
    const before = store.reservedBytes;
    if (i % 5 === 4) store.remove(key);
    else store.put(key, value, 0, i + 1, 0);
    assert.ok(store.reservedBytes - before <= announced, `grew by ${store.reservedBytes - before} of ${announced}`);
  }
  store.audit();
});

test('an allocation that fails changes nothing', () => {
  const store = newStore();
  store.put('key', 'value', 0, 1, 0);
  const { reservedBytes, liveBytes } = store;
  // No machine these tests run on grants this: the budget is the caller's to ask, but the store must stay whole.
  const { allocate } = BufferMemory.prototype;
  BufferMemory.prototype.allocate = () => {
    throw new RangeError('Array buffer allocation failed');
  };
  try {
    assert.throws(() => store.put('key', 'v'.repeat(100_000), 0, 2, 0), RangeError);
    assert.throws(() => store.put('other', 'v'.repeat(100_000), 0, 2, 0), RangeError);
  } finally {
    BufferMemory.prototype.allocate = allocate;
  }
  assert.deepEqual([store.reservedBytes, store.liveBytes, store.size], [reservedBytes, liveBytes, 1]);
  assert.equal(store.get('key')?.value, 'value');
  store.audit();
});
