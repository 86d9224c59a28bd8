/** SlotMemory: cells side by side, whole blocks given back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotMemory } from '../../src/core/store/slots.ts';
import type { Memory } from '../../src/core/store/store.ts';
import { chance } from './fixture.ts';

/** Memory that knows what of it is out. */
function counted() {
  const out = new Set<Uint8Array>();
  const memory = {
    allocate: (bytes: number) => {
      const piece = new Uint8Array(bytes);
      out.add(piece);
      return piece;
    },
    recycle: (piece: Uint8Array) => assert.ok(out.delete(piece), 'given back once, and what was taken'),
  };
  return { slots: new SlotMemory(memory as unknown as Memory), out };
}

test('few and very many slots are arrays of their own', () => {
  const { slots, out } = counted();
  for (const count of [20, 127, 2049]) {
    const taken = slots.take(count);
    assert.equal(taken.length, count * 2);
    slots.give(taken);
  }
  assert.equal(out.size, 0);
});

test('the slots of a segment that has shrunk lie in a block', () => {
  const { slots, out } = counted();
  for (const count of [1024, 373, 148]) {
    slots.give(slots.take(count));
    const cell = slots.take(count);
    assert.equal(out.size, 1, `${count} slots`);
    slots.give(cell);
  }
  assert.equal(out.size, 0);
});

test('cells never overlap, are used again, and blocks are given back with their last cell', () => {
  const { slots, out } = counted();
  const random = chance(1);
  const taken: { cell: Int32Array; mark: number }[] = [];
  const giveOne = () => {
    const [{ cell, mark }] = taken.splice(Math.floor(random() * taken.length), 1) as [(typeof taken)[number]];
    assert.ok(
      cell.every((word) => word === mark),
      'nobody else wrote here',
    );
    slots.give(cell);
  };
  let most = 0;
  for (let step = 1; step <= 4000; step++) {
    if (taken.length > 100 || (taken.length > 0 && random() < 0.4)) giveOne();
    else {
      const cell = slots.take(128 + Math.floor(random() * 1400)).fill(step);
      taken.push({ cell, mark: step });
    }
    most = Math.max(most, out.size);
  }
  assert.ok(most < 60, `${most} blocks for a hundred cells`);
  while (taken.length > 0) giveOne();
  assert.equal(out.size, 0);
});

test('release gives everything back', () => {
  const { slots, out } = counted();
  for (let i = 0; i < 100; i++) slots.take(600 + i * 10);
  slots.release();
  assert.equal(out.size, 0);
});
