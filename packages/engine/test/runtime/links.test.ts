/** Links between threads: order, batching, a mesh that follows deaths and births, turns of a node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId } from '../../src/core/protocol/ids.ts';
import { RelayCluster } from './fixtures/relay-cluster.ts';

const PUTS = 5_000;

test('what is submitted in one turn travels in a few batches and is answered in order, shard by shard', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  const before = await cluster.counts(0);
  // The relay nodes throw if a record is out of order on any link.
  const puts = Array.from({ length: PUTS }, (_, i) => cluster.put(i % 3));
  await Promise.all(puts);
  const { answers } = cluster.runtime.master;
  for (const shard of [0, 1, 2]) {
    const own = answers.filter((answer) => answer.startsWith(`${shard}:`));
    assert.deepEqual(
      own,
      own.map((_, i) => `${shard}:${i + 1}`),
    );
  }
  assert.equal(answers.length, PUTS);
  const after = await cluster.counts(0);
  assert.ok(after.messages - before.messages > PUTS / 3);
  // Seat 1 hears one batch of requests and one question from the master (the clock apart).
  assert.ok(after.batches - before.batches <= 4, `${after.batches - before.batches} batches`);
});

test('a newcomer is joined to every peer: records pass both ways through a seat that was filled again', async () => {
  await using cluster = await RelayCluster.start({ nodes: 3 });
  for (let life = 2; life <= 4; life++) {
    const up = cluster.next('node-up');
    assert.ok(cluster.runtime.faults.kill(2));
    assert.equal((await up).node, nodeId(2, life));
    // Shard 0 goes n1 → n2, shard 1 n2 → n3.
    await Promise.all([cluster.put(0), cluster.put(1), cluster.put(2)]);
    assert.equal((await cluster.counts(1)).name, `n2#${life}`);
  }
  assert.deepEqual(
    cluster.deaths().map((death) => death.reason),
    ['killed', 'killed', 'killed'],
  );
});

test('a node may go on sending to a peer that died, but to nobody it never had a port to', async () => {
  await using cluster = await RelayCluster.start({ nodes: 2 });
  const up = cluster.next('node-up');
  cluster.runtime.faults.kill(2);
  await up;
  await cluster.ask(0, `send-to ${nodeId(2, 1)}`);
  await cluster.put(0);
  const down = cluster.next('node-down');
  void cluster.ask(0, `send-to ${nodeId(2, 9)}`).catch(() => {});
  assert.match((await down).detail, /InvariantViolation: a node sends only to nodes it was given a port to/);
});

test('background work leaves room for messages between its slices', async () => {
  await using cluster = await RelayCluster.start({ nodes: 2 });
  const slices = 200;
  await cluster.ask(0, `work ${slices}`);
  const before = (await cluster.counts(0)).slices;
  for (let i = 0; i < 20; i++) await cluster.put(0);
  const after = (await cluster.counts(0)).slices;
  assert.ok(after - before < slices / 2, `20 round trips took ${after - before} slices of 1 ms`);
});

test('an idle node does not spin, but still beats and is given background work', async () => {
  await using cluster = await RelayCluster.start({ nodes: 2 });
  const before = await cluster.counts(0);
  const from = performance.now();
  let after = before;
  // Await the event: its own timer ran at least 5 times. Asking costs a turn itself, so ask seldom.
  while (after.turns - before.turns < 8) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    after = await cluster.counts(0);
  }
  const elapsedMs = performance.now() - from;
  assert.ok(after.slices > before.slices);
  assert.ok(
    after.turns - before.turns <= elapsedMs / 10 + 10,
    `${after.turns - before.turns} turns in ${elapsedMs} ms`,
  );
});

test('a node tells its stats through its control block', async () => {
  await using cluster = await RelayCluster.start({ nodes: 2 });
  await cluster.put(0);
  const stats = await new Promise((resolve) => {
    const look = setInterval(() => {
      const first = cluster.runtime.nodeStats()[0];
      if (first?.copies.find(({ shard }) => shard === 0)?.keys !== 1) return;
      clearInterval(look);
      resolve(first);
    }, 10);
  });
  const { node, loopDelayMs, copies } = stats as NonNullable<ReturnType<typeof cluster.runtime.nodeStats>[0]>;
  assert.equal(node, nodeId(1, 1));
  assert.ok(loopDelayMs.mean >= 0 && loopDelayMs.max >= loopDelayMs.mean);
  const rest = { role: 'primary', expiring: 5, liveBytes: 1, reservedBytes: 2, expired: 3, evicted: 4 };
  assert.deepEqual(copies, [
    { shard: 0, keys: 1, ...rest },
    { shard: 1, keys: 0, ...rest },
  ]);
});
