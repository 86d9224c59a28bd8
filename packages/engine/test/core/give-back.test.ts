/** GiveBack: when a collection is due. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GiveBack } from '../../src/core/node/memory/give-back.ts';

const MB = 1024 * 1024;

test('due after much was let go, and at most once a second', () => {
  const giveBack = new GiveBack();
  assert.equal(giveBack.due(0, 100 * MB), false);
  assert.equal(giveBack.due(200, 97 * MB), false);
  assert.equal(giveBack.due(400, 50 * MB), true);
  assert.equal(giveBack.due(600, 10 * MB), false);
  assert.equal(giveBack.due(1400, 10 * MB), true);
  assert.equal(giveBack.due(9000, 10 * MB), false);
});

test('twice more at rest, then never without cause', () => {
  const giveBack = new GiveBack();
  giveBack.due(0, 100 * MB);
  assert.equal(giveBack.due(1000, 0), true);
  const atRest = (bytes: number) => Array.from({ length: 4 }, () => giveBack.dueAtRest(bytes));
  assert.deepEqual(atRest(0), [true, true, false, false]);
  assert.deepEqual(atRest(50 * MB), [false, false, false, false]);
  assert.deepEqual(atRest(0), [true, true, false, false]);
});
