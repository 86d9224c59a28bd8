/** A started cluster is whole: every copy in its place before the first call, whatever its shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster, type ClusterOptions } from '../../src/index.ts';

const SHAPES: readonly ClusterOptions[] = [
  { nodes: 1, shards: 1, replicas: 0 },
  { nodes: 2, shards: 3, replicas: 1 },
  { nodes: 5, shards: 10, replicas: 1 },
  { nodes: 5, shards: 7, replicas: 4 },
];

for (const shape of SHAPES) {
  test(`${shape.nodes} nodes, ${shape.shards} shards, ${shape.replicas} replicas: whole from the start`, async () => {
    await using cluster = await Cluster.start({ ...shape, hangLimitMs: 10_000 });
    const { health, nodes, shards } = cluster.status();
    assert.equal(health, 'ok');
    assert.ok(nodes.every((node) => node.health === 'up' && node.incarnation === 1));
    for (const { chain } of shards) assert.equal(new Set(chain).size, shape.replicas! + 1);
    const calls = Array.from({ length: 100 }, (_, index) => cluster.increment(`key-${index % 10}`));
    const sums = await Promise.all(calls);
    assert.deepEqual(
      sums.slice(90),
      Array.from({ length: 10 }, () => 10),
    );
  });
}
