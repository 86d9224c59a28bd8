/** What a turn costs goes by what happened in it, not by how many shards there are: 16,384 are allowed. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newPut, PLAIN_PUT, ValueKind } from '../../src/core/data/operation.ts';
import { Status } from '../../src/core/data/result.ts';
import { ShardQueue } from '../../src/core/master/shard/shard-queue.ts';
import { Copy } from '../../src/core/node/copy.ts';
import { DEFAULT_NODE_SETTINGS } from '../../src/core/protocol/settings.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const SHARDS = 1024;

/** Counts the visits of queues and copies from now on. */
function countVisits(t: TestContext): () => { queues: number; turns: number; slices: number } {
  const queues = t.mock.method(ShardQueue.prototype, 'tryHeld');
  const turns = t.mock.method(Copy.prototype, 'endTurn');
  const slices = t.mock.method(Copy.prototype, 'work');
  return () => {
    const visits = { queues: queues.mock.callCount(), turns: turns.mock.callCount(), slices: slices.mock.callCount() };
    for (const { mock } of [queues, turns, slices]) mock.resetCalls();
    return visits;
  };
}

function settled(): VirtualCluster {
  const cluster = new VirtualCluster({ nodes: 3, shards: SHARDS, replicas: 1, creditOperations: 2 });
  cluster.settle();
  // Expiry is due at intervals, of every copy: not in what follows.
  cluster.now += DEFAULT_NODE_SETTINGS.expireEveryMs;
  for (const node of cluster.nodes.values()) node.onTime(cluster.now);
  while (cluster.work());
  return cluster;
}

/** Delivers everything, with the turns that follow. */
function run(cluster: VirtualCluster): void {
  for (let busy = cluster.busy(); busy.length > 0; busy = cluster.busy())
    for (const link of busy) cluster.deliver(link);
}

test('turns: one in which nothing happens visits no shard', (t) => {
  const cluster = settled();
  const visits = countVisits(t);
  cluster.master.endTurn(cluster.now);
  cluster.work();
  assert.deepEqual(visits(), { queues: 0, turns: 0, slices: 0 });
});

test('turns: a put visits its two copies; a queue only if something waits in it', (t) => {
  const cluster = settled();
  const visits = countVisits(t);
  const put = (value: string) => cluster.submit(7, newPut('key', value, ValueKind.text, PLAIN_PUT));
  const answered = put('a');
  run(cluster);
  cluster.work();
  assert.equal(answered.result?.status, Status.ok);
  assert.deepEqual(visits(), { queues: 0, turns: 2, slices: 2 });
  // Two are under way, three wait for credit: it is given back twice in one turn each.
  const several = ['b', 'c', 'd', 'e', 'f'].map(put);
  run(cluster);
  assert.deepEqual(
    several.map(({ result }) => result?.status),
    several.map(() => Status.ok),
  );
  const { queues } = visits();
  assert.ok(queues > 0 && queues <= 5, `${queues} visits`);
});
