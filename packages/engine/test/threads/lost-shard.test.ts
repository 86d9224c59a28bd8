/** All copies of a shard at once: the one loss that cannot be hidden, so it must be told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KvError } from '../../src/index.ts';
import { BusyCluster } from './busy-cluster.ts';
import { starvedMs } from './starvation.ts';

const KEYS = Array.from({ length: 500 }, (_, index) => `key-${index}`);

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    (value) => (value === undefined ? 'empty' : 'value'),
    (error: unknown) => (error instanceof KvError ? error.code : String(error)),
  );
}

test('SHARD_LOST within 100 ms and never an empty answer; the others serve; resetShard is the way back', async () => {
  await using busy = await BusyCluster.start();
  const { cluster } = busy;
  await cluster.putMany(KEYS.map((key) => [key, key] as const));
  const { shard, chain } = cluster.status().shards[3]!;
  const lostShards = new Set<number>();
  cluster.on('shard-lost', (event) => lostShards.add(event.shard));

  // Asked before, at and after the moment of loss; whichever it is, no key that is there may read as absent.
  const before = KEYS.map((key) => codeOf(cluster.get(key)));
  const starvedBefore = starvedMs();
  const killedAt = performance.now();
  for (const node of chain) cluster.chaos.kill(node);
  const noticedMs: number[] = [];
  const after = KEYS.map(async (key) => {
    const code = await codeOf(cluster.get(key));
    if (code === 'SHARD_LOST') noticedMs.push(performance.now() - killedAt - (starvedMs() - starvedBefore));
    return code;
  });
  const write = codeOf(cluster.increment('nobody-knows', 1));
  const answers = await Promise.all([...before, ...after]);

  assert.ok(lostShards.has(shard));
  assert.equal(cluster.status().health, 'lost');
  assert.equal(cluster.status().shards[shard]?.health, 'lost');
  assert.deepEqual(cluster.status().shards[shard]?.chain, []);
  for (const [index, answer] of answers.slice(KEYS.length).entries()) {
    const lost = lostShards.has(cluster.executor.shardOf(KEYS[index]!));
    assert.equal(answer, lost ? 'SHARD_LOST' : 'value');
  }
  assert.ok(!answers.includes('empty'));
  assert.ok(['value', 'SHARD_LOST', 'SHARD_LOST_IN_FLIGHT'].includes(await write));
  const slowestMs = Math.max(...noticedMs);
  assert.ok(slowestMs < 100, `the last SHARD_LOST came after ${slowestMs.toFixed(0)} ms`);

  for (const lost of lostShards) cluster.resetShard(lost);
  await cluster.settled();
  assert.equal(cluster.status().health, 'ok');
  const values = await cluster.getMany(KEYS);
  for (const [index, value] of values.entries()) {
    const key = KEYS[index]!;
    assert.equal(value, lostShards.has(cluster.executor.shardOf(key)) ? undefined : key);
  }
});

test('a write under way when its shard is lost is of unknown outcome, one made later of none', async () => {
  await using busy = await BusyCluster.start({ nodes: 2, shards: 1 });
  const { cluster } = busy;
  // Held up, so that the write is surely under way.
  cluster.chaos.slow('n1', 50);
  cluster.chaos.slow('n2', 50);
  const underWay = cluster.put('key', 1).catch((error: unknown) => error);
  await new Promise(setImmediate);
  cluster.chaos.kill('n1');
  cluster.chaos.kill('n2');
  const early = await underWay;
  assert.ok(early instanceof KvError && early.code === 'SHARD_LOST_IN_FLIGHT' && early.outcome === 'unknown');
  const late = await cluster.put('key', 2).catch((error: unknown) => error);
  assert.ok(late instanceof KvError && late.code === 'SHARD_LOST' && late.outcome === 'not-applied');
});
