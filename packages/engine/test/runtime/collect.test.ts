/** shrinkHeap: what a heap keeps after much was allocated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { shrinkHeap } from '../../src/runtime/threads/collect.ts';

const MB = 1e6;

function keptBytes(): number {
  const { heapTotal, heapUsed } = process.memoryUsage();
  return heapTotal - heapUsed;
}

/** Fills the room for young objects with some that live, so that V8 makes more of it. */
function allocateMuch(): void {
  let kept: object[] = [];
  for (let count = 0; count < 3_000_000; count++) {
    kept.push({ count, text: `x${count}` });
    if (kept.length > 100_000) kept = [];
  }
}

test('a heap that is told to shrink twice keeps no room for what is over', async () => {
  allocateMuch();
  shrinkHeap();
  await delay(300);
  shrinkHeap();
  assert.ok(keptBytes() < 16 * MB, `${(keptBytes() / MB).toFixed(1)} MB`);
});
