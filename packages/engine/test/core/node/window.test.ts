/** Window: records above the committed seq, in order and without a hole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Window } from '../../../src/core/node/window.ts';
import { record } from './fixture.ts';

function filled(from: number, to: number): Window {
  const window = new Window();
  for (let seq = from; seq <= to; seq++) window.append(record(seq, seq));
  return window;
}

const seqs = (window: Window): number[] => window.toArray().map(({ seq }) => seq);

test('records stay in order until they are trimmed, the one that was named included', () => {
  const window = filled(5, 9);
  assert.deepEqual(seqs(window), [5, 6, 7, 8, 9]);
  window.trim(7);
  assert.deepEqual([seqs(window), window.length], [[8, 9], 2]);
  window.trim(3);
  assert.deepEqual(seqs(window), [8, 9], 'what is older was trimmed already');
  window.trim(100);
  assert.equal(window.length, 0);
});

test('W1: a hole is a bug, wherever trimming has got to', () => {
  assert.throws(() => filled(1, 3).append(record(5, 5)), /W1/);
  assert.throws(() => filled(1, 3).append(record(3, 3)), /W1/);
  const window = filled(1, 3);
  window.trim(2);
  assert.throws(() => window.append(record(5, 5)), /W1/);
});

test('an empty window takes any record: a copy begins where its source is', () => {
  const window = filled(1, 3);
  window.clear();
  window.append(record(70, 9));
  assert.deepEqual(seqs(window), [70]);
});
