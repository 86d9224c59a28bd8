/** OrderFilter: what is under way on a key is seen by later operations of that key, and by those on the whole shard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Call } from '../../../src/core/master/shard/call.ts';
import { ALL_SLOTS, NO_SLOT, OrderFilter, slotOfKey } from '../../../src/core/master/shard/order-filter.ts';

const SLOTS = 8;
/** What the filter asks of a call. */
const on = (slot: number, isWrite: boolean, slots: readonly number[] | null = null) =>
  ({ slot, slots, isWrite }) as Call;
const write = (slot: number) => on(slot, true);
const read = (slot: number) => on(slot, false);
const transaction = (...slots: number[]) => on(slots[0]!, true, slots);
const CLEAR = on(ALL_SLOTS, true);

test('a key has one slot, within the mask, and many keys use them all', () => {
  fc.assert(
    fc.property(fc.string(), (key) => {
      const slot = slotOfKey(key, SLOTS - 1);
      return slot >= 0 && slot < SLOTS && slot === slotOfKey(key, SLOTS - 1);
    }),
  );
  const used = new Set(Array.from({ length: 1000 }, (_, i) => slotOfKey(`key:${i}`, 255)));
  assert.ok(used.size > 240, `${used.size} of 256 slots`);
});

test('several keys: each slot once, however many they are', () => {
  const filter = new OrderFilter(SLOTS);
  for (const count of [1, 5, 100]) {
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    const slots = filter.slotsOf(keys);
    assert.equal(new Set(slots).size, slots.length);
    assert.deepEqual([...slots].sort(), [...new Set(keys.map((key) => filter.slotOf(key)))].sort());
  }
});

test('a write is seen on its slot alone until it is removed', () => {
  const filter = new OrderFilter(SLOTS);
  filter.addNumbered(write(3));
  filter.addNumbered(write(3));
  assert.deepEqual(
    [filter.hasWrite(read(3)), filter.hasWrite(read(4)), filter.hasWrite(transaction(4, 3))],
    [true, false, true],
  );
  filter.removeNumbered(write(3));
  assert.equal(filter.hasWrite(read(3)), true, 'there were two');
  filter.removeNumbered(write(3));
  assert.equal(filter.hasWrite(read(3)), false);
});

test('logged reads and direct reads are told apart from writes, and a clear meets every direct read', () => {
  const filter = new OrderFilter(SLOTS);
  filter.addNumbered(read(1));
  filter.addDirectRead(read(2));
  assert.deepEqual(
    [filter.hasLoggedRead(read(1)), filter.hasWrite(read(1)), filter.hasDirectRead(write(1))],
    [true, false, false],
  );
  assert.deepEqual(
    [filter.hasDirectRead(write(2)), filter.hasDirectRead(CLEAR), filter.hasDirectRead(transaction(1, 2))],
    [true, true, true],
  );
  filter.removeDirectRead(read(2));
  assert.equal(filter.hasDirectRead(CLEAR), false);
});

test('F1: direct reads and logged operations never meet in a slot', () => {
  const filter = new OrderFilter(SLOTS);
  filter.addDirectRead(read(1));
  assert.throws(() => filter.addNumbered(write(1)), /F1/);
  filter.addNumbered(write(2));
  assert.throws(() => filter.addDirectRead(read(2)), /F1/);
});

test('a clear is a write of every slot, and one that is held holds every slot', () => {
  const filter = new OrderFilter(SLOTS);
  filter.addNumbered(CLEAR);
  assert.equal(filter.hasWrite(read(5)), true);
  filter.removeNumbered(CLEAR);
  filter.addHeld(CLEAR);
  assert.equal(filter.isHeld(read(5)), true);
  filter.removeHeld(CLEAR);
  assert.equal(filter.isHeld(read(5)), false);
});

test('F2: a lock holds each of its slots, and a clear waits for any; what a lock covers waits for nothing', () => {
  const filter = new OrderFilter(SLOTS);
  filter.addHeld(transaction(1, 6));
  assert.deepEqual(
    [1, 2, 6].map((slot) => filter.isHeld(write(slot))),
    [true, false, true],
  );
  assert.equal(filter.isHeld(CLEAR), true);
  assert.equal(filter.isHeld(on(NO_SLOT, true)), false);
  filter.removeHeld(transaction(1, 6));
  assert.deepEqual(
    [1, 6].map((slot) => filter.isHeld(write(slot))),
    [false, false],
  );
});

test('after clear() nothing is under way', () => {
  const filter = new OrderFilter(SLOTS);
  filter.addNumbered(transaction(1, 2));
  filter.addNumbered(CLEAR);
  filter.addHeld(write(3));
  filter.clear();
  assert.deepEqual([filter.hasWrite(read(1)), filter.isHeld(read(3)), filter.isHeld(CLEAR)], [false, false, false]);
});
