/** Real threads, real deaths, callers that never pause: whatever ends a node, no caller notices and nothing is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chaos, DeathReason } from '../../src/index.ts';
import { BusyCluster } from './busy-cluster.ts';

const FAULTS: readonly [DeathReason, (chaos: Chaos, node: string) => void][] = [
  ['killed', (chaos, node) => chaos.kill(node)],
  ['crashed', (chaos, node) => chaos.crash(node)],
  ['exited', (chaos, node) => chaos.exit(node)],
  ['out-of-memory', (chaos, node) => chaos.exhaustMemory(node)],
];

for (const [reason, hurt] of FAULTS) {
  test(`${reason}: every acknowledged write is there, once, and all copies come back`, async () => {
    await using busy = await BusyCluster.start();
    await busy.load();
    const down = busy.next('node-down');
    const restored = busy.next('redundancy-restored');
    hurt(busy.cluster.chaos, 'n2');
    assert.equal((await down).reason, reason);
    await restored;
    await busy.verify();
    assert.equal(busy.cluster.status().health, 'ok');
  });
}

test('hung: declared dead after the limit, and nobody else is blamed', async () => {
  await using busy = await BusyCluster.start({ hangLimitMs: 1_000 });
  await busy.load();
  const down = busy.next('node-down');
  const restored = busy.next('redundancy-restored');
  busy.cluster.chaos.hang('n2', 60_000);
  const { node, reason } = await down;
  assert.deepEqual([node, reason], ['n2#1', 'hung']);
  await restored;
  await busy.verify();
});

test('two replicas: two nodes at once lose nothing', async () => {
  await using busy = await BusyCluster.start({ replicas: 2 });
  await busy.load();
  const restored = busy.next('redundancy-restored');
  busy.cluster.chaos.kill('n2');
  busy.cluster.chaos.kill('n4');
  await restored;
  await busy.verify();
});

test('a node that dies of each fault in turn, over and over, while learners are copying', async () => {
  await using busy = await BusyCluster.start({ nodes: 3, shards: 4 });
  await busy.load();
  for (let round = 0; round < 8; round++) {
    await busy.cluster.settled();
    const up = busy.next('node-up');
    const [, hurt] = FAULTS[round % 3]!;
    hurt(busy.cluster.chaos, `n${1 + (round % 3)}`);
    await up;
  }
  await busy.cluster.settled();
  await busy.verify();
});
