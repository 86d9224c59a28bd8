/** ControlBlock: what the worker writes is what the main thread reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyStats } from '../../src/runtime/index.ts';
import { ControlBlock } from '../../src/runtime/threads/control-block.ts';

function pair(shards: number): { writer: ControlBlock; reader: ControlBlock } {
  const memory = new SharedArrayBuffer(ControlBlock.bytesFor(shards));
  return { writer: new ControlBlock(memory), reader: new ControlBlock(memory) };
}

function copy(shard: number): CopyStats {
  return { shard, role: 'learner', keys: 2 ** 40, expiring: 9, liveBytes: 5, reservedBytes: 6, expired: 7, evicted: 8 };
}

test('every beat changes the tick', () => {
  const { writer, reader } = pair(1);
  const before = reader.tick;
  writer.beat();
  assert.notEqual(reader.tick, before);
});

test('copies come back as they were described; fewer rows hide the old ones', () => {
  const { writer, reader } = pair(3);
  writer.writeCopies([copy(0), { ...copy(2), role: 'primary' }]);
  assert.deepEqual(reader.readCopies(), [copy(0), { ...copy(2), role: 'primary' }]);
  writer.writeCopies([]);
  assert.deepEqual(reader.readCopies(), []);
});

test('delays are those of the last 15 seconds, whoever reads and how often', () => {
  const { writer, reader } = pair(1);
  const other = new ControlBlock(reader.memory);
  assert.deepEqual(reader.readDelay(100), { mean: 0, max: 0 });
  for (const delay of [1, 2, 9]) writer.writeDelay(delay, 100);
  for (const who of [reader, other, reader]) assert.deepEqual(who.readDelay(100), { mean: 4, max: 9 });
  writer.writeDelay(4, 110);
  assert.deepEqual(reader.readDelay(115), { mean: 4, max: 9 });
  assert.deepEqual(reader.readDelay(116), { mean: 4, max: 4 });
  writer.writeDelay(1, 116);
  writer.writeDelay(3, 132);
  assert.deepEqual(reader.readDelay(132), { mean: 3, max: 3 }, 'a later second took the place of an older one');
  assert.deepEqual(reader.readDelay(1000), { mean: 0, max: 0 });
});
