/** Ways for a node to die: each is told once, with its own reason, and none takes the process or another node along. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { nodeId } from '../../src/core/protocol/ids.ts';
import { RelayCluster } from './fixtures/relay-cluster.ts';

const NODE_2 = nodeId(2, 1);

async function deathOf(
  cluster: RelayCluster,
  cause: () => void,
): Promise<{ node: number; reason: string; detail: string }> {
  const down = cluster.next('node-down');
  const up = cluster.next('node-up');
  cause();
  const { node, reason, detail } = await down;
  await up;
  // The successor serves, and nobody else died.
  await cluster.put(1);
  assert.equal(cluster.deaths().length, 1);
  return { node, reason, detail };
}

test('killed: the master knows at once, before the thread is gone', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  const { faults } = cluster.runtime;
  assert.deepEqual(
    await deathOf(cluster, () => {
      faults.kill(2);
      assert.equal(cluster.deaths().length, 1);
      assert.equal(faults.kill(2), false);
    }),
    { node: NODE_2, reason: 'killed', detail: 'killed on command' },
  );
});

test('crashed: the error is kept', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  const died = await deathOf(cluster, () => cluster.runtime.faults.crash(2));
  assert.deepEqual(died, { node: NODE_2, reason: 'crashed', detail: 'Error: crashed on command' });
});

test('crashed: a broken invariant in the machine ends its node, with its text', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  const died = await deathOf(cluster, () => void cluster.ask(1, 'violate').catch(() => {}));
  assert.equal(died.reason, 'crashed');
  assert.match(died.detail, /a rule was broken/);
});

test('exited: process.exit ends the node only', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  const died = await deathOf(cluster, () => cluster.runtime.faults.exit(2));
  assert.deepEqual(died, { node: NODE_2, reason: 'exited', detail: 'exit code 1' });
});

test('out-of-memory: V8 ends the node, the process lives', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  const died = await deathOf(cluster, () => cluster.runtime.faults.exhaustMemory(2));
  assert.equal(died.reason, 'out-of-memory');
});

test('hung: told after the limit, though the thread says nothing; the others are not blamed', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3, hangLimitMs: 200 });
  const from = performance.now();
  const died = await deathOf(cluster, () => cluster.runtime.faults.hang(2, 60_000));
  assert.equal(died.node, NODE_2);
  assert.equal(died.reason, 'hung');
  assert.ok(performance.now() - from >= 200);
});

test('hung: a master that was itself asleep blames nobody', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3, hangLimitMs: 200 });
  // Nodes hang for longer than the limit, all of it while the main thread is blocked as well.
  for (const seat of [1, 2, 3]) cluster.runtime.faults.hang(seat, 400);
  const until = performance.now() + 600;
  while (performance.now() < until);
  await Promise.all([cluster.put(0), cluster.put(1), cluster.put(2)]);
  assert.deepEqual(cluster.deaths(), []);
  await deathOf(cluster, () => cluster.runtime.faults.hang(2, 60_000));
});

test('slow: a node that dawdles every turn is not dead', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3, hangLimitMs: 200 });
  cluster.runtime.faults.slow(2, 50);
  const from = performance.now();
  for (let i = 0; i < 10; i++) await cluster.put(1);
  assert.ok(performance.now() - from > 400, 'it was slow');
  cluster.runtime.faults.slow(2, 0);
  assert.deepEqual(cluster.deaths(), []);
});

test('under load: every call is answered or failed, whoever is killed meanwhile', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3, spare: true });
  let answered = 0;
  let failed = 0;
  const count = { onResult: () => answered++, onError: () => failed++ };
  for (let round = 0; round < 10; round++) {
    const up = cluster.next('node-up');
    for (let i = 0; i < 3000; i++) {
      cluster.runtime.inputs.submit(
        i % 3,
        { verb: 'get', key: 'echo' },
        { onResult: () => count.onResult(), onError: () => count.onError() },
      );
      if (i === 1500) cluster.runtime.faults.kill((round % 3) + 1);
    }
    await up;
  }
  await cluster.ask(0, 'echo');
  assert.ok(answered > 0);
  assert.equal(cluster.deaths().length, 10);
});

test('a dead node with a spare waiting is replaced without starting a thread', async () => {
  let threads = 0;
  const count = (): void => {
    threads += 1;
  };
  process.on('worker', count);
  await using cluster = await RelayCluster.start({ nodes: 2, spare: true });
  if (threads < 3) await once(process, 'worker');
  const before = threads;
  assert.equal(before, 3);
  const up = cluster.next('node-up');
  cluster.runtime.faults.kill(1);
  await up;
  assert.equal(threads, before);
  process.off('worker', count);
});
