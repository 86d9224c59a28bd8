/** Memory: a node that runs out of heap ends alone; a full cluster refuses writes and goes on reading. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { plainPut } from '../../src/core/codec/operations.ts';
import { type Result, Status } from '../../src/core/data/result.ts';
import { Cluster, type ClusterStatus, KvError } from '../../src/index.ts';
import { BlockWriter } from '../../src/internal.ts';
import { BusyCluster } from './busy-cluster.ts';

test('ten nodes run out of heap one after the other: the process lives, nothing is lost', async () => {
  await using busy = await BusyCluster.start({ nodeHeapMb: 32 });
  const { cluster } = busy;
  await busy.load();
  for (let round = 0; round < 10; round++) {
    await cluster.settled();
    const down = busy.next('node-down');
    cluster.chaos.exhaustMemory(`n${1 + (round % 5)}`);
    assert.equal((await down).reason, 'out-of-memory');
  }
  await cluster.settled();
  await busy.verify();
});

const MIB = 1024 * 1024;

/** The status as it becomes, while nobody asks anything of the cluster. */
async function* statuses(cluster: Cluster): AsyncGenerator<ClusterStatus> {
  for (;;) {
    yield cluster.status();
    await delay(20);
  }
}

test('a write storm past maxMemory hears OUT_OF_MEMORY; reads, deletes and then writes go on', async () => {
  await using cluster = await Cluster.start({ nodes: 3, shards: 4, maxMemory: 8 * 1024 * 1024, hangLimitMs: 10_000 });
  const full = new Set<string>();
  cluster.on('memory-full', ({ node }) => full.add(node));
  cluster.on('memory-freed', ({ node }) => full.delete(node));
  const value = 'v'.repeat(10_000);
  const stored: string[] = [];
  const refused: unknown[] = [];
  for (let wave = 0; wave < 10; wave++) {
    const keys = Array.from({ length: 500 }, (_, index) => `key-${wave}-${index}`);
    const answers = await Promise.allSettled(keys.map((key) => cluster.put(key, value)));
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') stored.push(keys[index]!);
      else refused.push(answer.reason);
    }
  }
  assert.ok(stored.length > 500 && refused.length > 500, `${stored.length} stored, ${refused.length} refused`);
  for (const error of refused) assert.ok(error instanceof KvError && error.code === 'OUT_OF_MEMORY', String(error));
  const read = await cluster.getMany(stored);
  assert.ok(
    read.every((found) => found === value),
    'what was acknowledged is there',
  );
  const { health, nodes, counters } = cluster.status();
  for (const { memoryBytes, maxMemory } of nodes) assert.ok(memoryBytes <= maxMemory);
  assert.ok(full.size > 0, 'some node was told full');
  assert.equal(health, 'full');
  const names = nodes.filter(({ memoryFull }) => memoryFull).map(({ node, incarnation }) => `${node}#${incarnation}`);
  assert.deepEqual(names, [...full].sort());
  assert.equal(counters.outOfMemory, refused.length);
  assert.deepEqual([counters.hits, counters.misses], [stored.length, 0]);
  assert.equal(await cluster.deleteMany(stored), stored.length);
  for await (const status of statuses(cluster)) if (status.health === 'ok') break;
  assert.equal(full.size, 0, 'and freed');
  assert.equal((await cluster.put('again', value)).applied, true);
});

test('the limit changes while it runs: lowered it refuses or evicts, raised it lets go on, and nodes to come know it', async () => {
  await using cluster = await Cluster.start({ nodes: 3, shards: 6, chaos: true, hangLimitMs: 10_000 });
  const value = 'v'.repeat(1000);
  const keys = Array.from({ length: 12_000 }, (_, index) => `key-${index}`);
  await cluster.putMany(keys.map((key): [string, string] => [key, value]));
  const refuses = { code: 'OUT_OF_MEMORY' };

  await cluster.setMemoryLimit({ maxMemory: 4 * MIB });
  assert.deepEqual(cluster.memoryLimit, { maxMemory: 4 * MIB, eviction: 'noeviction' });
  for (let shard = 0; shard < 6; shard++) assert.equal(cluster.refusesGrowth(shard), true);
  await assert.rejects(cluster.put('new', value), refuses);
  assert.equal(await cluster.count(), keys.length);
  for (const node of ['n1', 'n2', 'n3']) {
    cluster.chaos.kill(node);
    await cluster.settled();
    await assert.rejects(cluster.put('new', value), refuses);
  }

  const evicting = cluster.setMemoryLimit({ eviction: 'allkeys-lru' });
  assert.equal((await cluster.put('new', 'small', { ifAbsent: true })).applied, true);
  await evicting;
  assert.deepEqual(cluster.memoryLimit, { maxMemory: 4 * MIB, eviction: 'allkeys-lru' });
  for await (const { counters, nodes } of statuses(cluster)) {
    if (counters.evicted > 0 && nodes.every(({ memoryBytes }) => memoryBytes <= 4 * MIB)) break;
  }
  assert.ok((await cluster.count()) > 1000, 'no more than must be');

  await cluster.setMemoryLimit({ maxMemory: 0, eviction: 'noeviction' });
  await cluster.putMany(keys.map((key): [string, string] => [key, value]));
  assert.ok((await cluster.getMany(keys)).every((found) => found === value));
  const closing = cluster.setMemoryLimit({ maxMemory: MIB });
  const closed = cluster.close();
  await assert.rejects(closing, { code: 'CLOSED' });
  await closed;
  await assert.rejects(cluster.setMemoryLimit({ maxMemory: 0 }), { code: 'CLOSED' });
});

test('a storm of blocks past maxMemory leaves no node with more than that, replicas included', async () => {
  await using cluster = await Cluster.start({ maxMemory: 128 * MIB, maxValueBytes: 2 * MIB, hangLimitMs: 10_000 });
  // Small enough values to come close to the limit everywhere.
  await Promise.all(Array.from({ length: 900 }, (_, at) => cluster.put(`f${at}`, 'z'.repeat(200_000))));
  const put = (key: string): Promise<Result> => {
    const writer = new BlockWriter(2 * MIB, key.length, 2);
    writer.write(Buffer.alloc(2 * MIB, 'x'), 0, 2 * MIB);
    return new Promise((resolve, reject) => {
      cluster.executor.submit(plainPut(key, writer.finish()), { onResult: resolve, onError: reject });
    });
  };
  const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => put(`b${at}`)));
  assert.ok(answers.some(({ status }) => status === Status.ok) && answers.some(({ status }) => status !== Status.ok));
  let looks = 0;
  for await (const { nodes } of statuses(cluster)) {
    for (const { memoryBytes, maxMemory } of nodes) assert.ok(memoryBytes <= maxMemory, `${memoryBytes}`);
    if (++looks === 25) break;
  }
});

test('transactions of thousands of tiny steps are taken a few at a time: no node runs out of memory', async () => {
  await using cluster = await Cluster.start({ nodes: 3, shards: 1, hangLimitMs: 10_000 });
  const died: string[] = [];
  cluster.on('node-down', ({ node, reason }) => died.push(`${node} ${reason}`));
  const then = Array.from({ length: 16_000 }, () => ({ put: 'k', value: 'v' }));
  const answers = await Promise.allSettled(Array.from({ length: 60 }, () => cluster.transaction({ then })));
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.code] : []));
  assert.deepEqual(
    [...new Set(refused)].filter((code) => code !== 'BUSY'),
    [],
  );
  assert.deepEqual(died, []);
  assert.equal(await cluster.get('k'), 'v');
});
