/** The real machines on real threads: increments through kills of every kind add up exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../src/core/data/operation.ts';
import type { Result } from '../../src/core/data/result.ts';
import { Master } from '../../src/core/master/master.ts';
import type { Note } from '../../src/core/protocol/notes.ts';
import { DEFAULT_MASTER_SETTINGS, DEFAULT_NODE_SETTINGS } from '../../src/core/protocol/settings.ts';
import { hashSlotOf, shardOfSlot } from '../../src/core/protocol/slot.ts';
import { type Runtime, startRuntime } from '../../src/runtime/index.ts';

const KEYS = 20;
const CALLERS = 50;
const FAULTS = ['kill', 'crash', 'exit', 'exhaustMemory'] as const;

function start(): Runtime<Master> {
  return startRuntime({
    master: { ...DEFAULT_MASTER_SETTINGS, hangLimitMs: 5_000 },
    node: DEFAULT_NODE_SETTINGS,
    nodeHeapMb: 64,
    createMaster: (parts) => new Master(parts),
  });
}

function call(runtime: Runtime<Master>, operation: Operation): Promise<Result> {
  const shard = shardOfSlot(hashSlotOf(operation.key), DEFAULT_MASTER_SETTINGS.shards);
  return new Promise((resolve, reject) => {
    const onError = (code: string, details: string): void => reject(new Error(`${code} ${details}`));
    runtime.inputs.submit(shard, operation, { onResult: resolve, onError });
  });
}

function next<T extends Note['type']>(runtime: Runtime<Master>, type: T): Promise<void> {
  return new Promise((resolve) => {
    const stop = runtime.onNote((note) => {
      if (note.type !== type) return;
      stop();
      resolve();
    });
  });
}

test('increments under deaths of every kind are applied exactly once', async () => {
  const runtime = start();
  await runtime.ready;
  const wanted = new Array<number>(KEYS).fill(0);
  let going = true;
  const callers = Array.from({ length: CALLERS }, async (_, executor) => {
    for (let i = 0; going; i++) {
      const key = (executor + i) % KEYS;
      await call(runtime, { verb: 'increment', key: `counter:${key}`, by: '1' });
      wanted[key]! += 1;
    }
  });
  for (let round = 0; round < 8; round++) {
    const restored = next(runtime, 'redundancy-restored');
    const fault = FAULTS[round % FAULTS.length]!;
    assert.ok(runtime.faults[fault]((round % 5) + 1), fault);
    await restored;
  }
  going = false;
  await Promise.all(callers);
  for (const [key, sum] of wanted.entries()) {
    const { value } = await call(runtime, { verb: 'get', key: `counter:${key}` });
    assert.equal(value, String(sum));
  }
  await runtime.close();
});
