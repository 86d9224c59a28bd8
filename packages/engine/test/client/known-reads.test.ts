/** Reads whose answer the cluster's own thread knows: nothing is submitted for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TypedStore } from '../../src/client/typed/typed-store.ts';
import { type KeyReadOperation, type Operation, ValueKind } from '../../src/core/data/operation.ts';
import { plainResult, type Result, Status, valueResult } from '../../src/core/data/result.ts';
import type { Sink, StoreExecutor } from '../../src/executor/executor.ts';

/** Knows `entries` as stored text; whatever is submitted is absent. */
function storeKnowing(entries: Record<string, string>) {
  const submitted: string[] = [];
  const executor: Partial<StoreExecutor> = {
    limits: { maxKeyBytes: 100, maxValueBytes: 1000 },
    shards: 1,
    entryAtOnce: ({ key }: KeyReadOperation): Result | null => {
      const value = entries[key];
      return value === undefined ? null : valueResult(Status.ok, 1, value, ValueKind.text, 0);
    },
    submit: ({ verb, key }: Operation, sink: Sink) => {
      submitted.push(`${verb} ${key}`);
      queueMicrotask(() => sink.onResult(plainResult(Status.absent, 0)));
      return {};
    },
  };
  return { store: new TypedStore(executor as StoreExecutor), submitted };
}

test('has of a known key submits nothing; with a limit of time it goes the long way, as get does', async () => {
  const { store, submitted } = storeKnowing({ a: 'one' });
  assert.equal(await store.has('a'), true);
  assert.deepEqual(submitted, []);
  assert.equal(await store.has('absent'), false);
  assert.equal(await store.has('a', { timeoutMs: 60_000 }), false);
  assert.deepEqual(submitted, ['stat absent', 'stat a']);
});
