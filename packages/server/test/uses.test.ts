/**
 * OBJECT IDLETIME and rdb_changes_since_last_save, beside a real Redis: which commands use a key, and how much each changes.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { Redis } from 'ioredis';
import { type RunningServer, startServer } from '../src/index.ts';
import type { Request } from './differential/commands.ts';
import { NO_REDIS, RedisServer } from './support/redis-server.ts';

let cluster: Cluster;
let server: RunningServer;
let ours: Redis;

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4, chaos: true });
  server = await startServer(cluster, { port: 0 });
  ours = new Redis(server.port, server.host);
});

after(async () => {
  ours?.disconnect();
  await server?.close();
  await cluster?.close();
});

async function say(client: Redis, requests: readonly Request[]): Promise<void> {
  // One after the other: a pipeline's reads would go behind its writes. Errors are replies like any other.
  for (const [name, ...args] of requests) await client.call(name!, ...args).catch(() => {});
}

/** Not a small one: Redis keeps those once for all keys, with one access time. */
const NUMBER = '1234567';

/** Each is done to a key of its own, `k`, that holds NUMBER; `k-x` beside it lies in the same slot and does not exist. */
const BODIES = [
  'GET k | GETRANGE k 0 1 | STRLEN k | SUBSTR k 0 1 | GETBIT k 3 | BITCOUNT k | BITPOS k 1 | MGET none k | GETEX k',
  'GETEX k PERSIST | GETEX k EX 100 | LCS k none | TOUCH k | TOUCH none k none | EXISTS k | EXISTS k k | TYPE k | TTL k',
  'PTTL k | EXPIRETIME k | OBJECT ENCODING k | OBJECT REFCOUNT k | OBJECT IDLETIME k | MEMORY USAGE k | SET k v',
  'SETNX k v | SET k v NX | SET k v XX GET | SET k v KEEPTTL | APPEND k 3 | SETRANGE k 0 x | SETRANGE none 0  | SETBIT k 0 0',
  'SETBIT k 7 1 | INCR k | INCRBYFLOAT k 0.5 | DECRBY k x | GETSET k 12345678 | EXPIRE k 100 | EXPIRE k 100 XX | EXPIRE none 1',
  'PERSIST k | COPY k k-x | SCAN 0 | KEYS k | RANDOMKEY | DBSIZE | WATCH k | BITFIELD k GET u8 0 | BITFIELD k SET u8 0 1',
  'BITFIELD k SET u8 0 49 | BITFIELD k INCRBY u8 0 0 | BITOP NOT k-x k | MSET k v k-x 2 | MSETNX k 1 k-x 2 | DEL none',
  'MULTI; GET k; EXEC | MULTI; TTL k; EXISTS k; TYPE k; EXEC | MULTI; SETNX k 1; INCR k; EXEC | SETEX k 100 v',
  'FLUSHDB x | SETBIT k-x 0 0 | SETRANGE k-x 3 y | APPEND k-x z | INCR k-x | MSET k-x v',
].flatMap((line) => line.split(' | '));

interface Case {
  readonly name: string;
  readonly key: string;
  readonly requests: readonly Request[];
}

const CASES: readonly Case[] = BODIES.map((name, index) => {
  const key = `{${index}}`;
  const requests = name.split('; ').map((command) => command.split(' ').map((word) => word.replace(/^k(?=$|-)/, key)));
  return { name, key, requests };
});

/** Resolves once so many seconds have passed for this key. */
async function untilIdle(client: Redis, key: string, seconds: number): Promise<void> {
  while (((await client.object('IDLETIME', key)) as number) < seconds) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Of each case, whether its key looks used after it. */
async function usedBy(client: Redis): Promise<Map<string, boolean>> {
  await client.flushall();
  for (const { key } of CASES) await client.set(key, NUMBER);
  await client.set('control', '');
  await untilIdle(client, 'control', 3);
  const used = new Map<string, boolean>();
  for (const { name, key, requests } of CASES) {
    await say(client, requests);
    await client.unwatch();
    // Against a key that is never used: however long the machine stood still, what was used is younger.
    const [idle, control] = (await Promise.all([
      client.object('IDLETIME', key),
      client.object('IDLETIME', 'control'),
    ])) as number[];
    used.set(name, control! - idle! >= 2);
  }
  return used;
}

async function changes(client: Redis): Promise<number> {
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))![1]);
}

async function changedBy(client: Redis): Promise<Map<string, number>> {
  await client.flushall();
  const changed = new Map<string, number>();
  for (const { name, key, requests } of CASES) {
    await client.set(key, NUMBER);
    const before = await changes(client);
    await say(client, requests);
    await client.unwatch();
    changed.set(name, (await changes(client)) - before);
  }
  return changed;
}

for (const [what, measure] of [
  ['which commands use a key', usedBy],
  ['how much each command changes', changedBy],
] as const) {
  test(`the same as Redis: ${what}`, { skip: NO_REDIS, timeout: 170_000 }, async () => {
    const redis = await RedisServer.start();
    const theirs = new Redis(redis.port);
    try {
      const [expected, actual] = await Promise.all([measure(theirs), measure(ours)]);
      assert.deepEqual(Object.fromEntries(actual), Object.fromEntries(expected));
    } finally {
      theirs.disconnect();
      await redis.stop();
    }
  });
}

test('CLIENT NO-TOUCH: reads leave no trace, but TOUCH does', { timeout: 170_000 }, async () => {
  const client = new Redis(server.port, server.host);
  await client.set('quiet', 'value');
  await client.client('NO-TOUCH' as never, 'ON');
  await untilIdle(client, 'quiet', 2);
  assert.equal(await client.get('quiet'), 'value');
  assert.deepEqual(await client.mget('quiet', 'none'), ['value', null]);
  assert.equal(await client.strlen('quiet'), 5);
  assert.deepEqual(await client.multi().get('quiet').exec(), [[null, 'value']]);
  assert.ok(((await client.object('IDLETIME', 'quiet')) as number) >= 2);
  const before = (await client.object('IDLETIME', 'quiet')) as number;
  await client.touch('quiet');
  assert.ok(((await client.object('IDLETIME', 'quiet')) as number) < before);
  client.disconnect();
});

test('idle times outlive the nodes', { timeout: 170_000 }, async () => {
  await cluster.put('idle', 'value');
  await untilIdle(ours, 'idle', 2);
  const { nodes } = cluster.status();
  for (const { node } of nodes) {
    const restored = new Promise<void>((resolve) => cluster.once('redundancy-restored', () => resolve()));
    cluster.chaos.kill(node);
    await restored;
    assert.ok(((await ours.object('IDLETIME', 'idle')) as number) >= 2);
  }
});
