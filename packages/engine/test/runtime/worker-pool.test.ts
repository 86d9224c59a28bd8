/** The spare thread: when there is one again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MASTER, nodeId } from '../../src/core/protocol/ids.ts';
import { DEFAULT_NODE_SETTINGS } from '../../src/core/protocol/settings.ts';
import { BatchSender } from '../../src/runtime/drivers/batch-sender.ts';
import { Fleet } from '../../src/runtime/threads/fleet.ts';
import { WorkerPool } from '../../src/runtime/threads/worker-pool.ts';

/** A fleet whose nodes stay dead, and the next thread that is started. */
function fleetOfOne() {
  const pool = new WorkerPool(
    { nodeModule: undefined, nodeHeapMb: 32, shards: 1 },
    { enabled: true, calm: () => true },
  );
  const fleet = new Fleet({
    settings: { node: DEFAULT_NODE_SETTINGS, startLimitMs: 60_000 },
    pool,
    sender: new BatchSender(MASTER),
    listener: { onReady: () => {}, onBatch: () => {}, onSent: () => {}, onDied: () => {} },
  });
  return { pool, fleet };
}

/** Threads and the pool's timer keep no process alive. */
async function nextThread(): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  await new Promise((resolve) => process.once('worker', resolve));
  clearInterval(alive);
}

test('a node that dies before it is up, its seat not filled again, leaves a spare', { timeout: 20_000 }, async () => {
  const { pool, fleet } = fleetOfOne();
  const taken = nextThread();
  fleet.spawn(nodeId(1, 1));
  await taken;
  const spare = nextThread();
  assert.equal(fleet.declareDead(nodeId(1, 1), 'failed-to-start', ''), true);
  await spare;
  await fleet.close();
  assert.equal(pool.threads, 0);
});
