import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { decode } from '@msgpack/msgpack';
import { Cluster } from '@quintet/engine';
import { Redis } from 'ioredis';
import { type RunningServer, startServer } from '../src/index.ts';

let cluster: Cluster;
let server: RunningServer;
let redis: Redis;

before(async () => {
  cluster = await Cluster.start({ chaos: true });
  server = await startServer(cluster, { port: 0 });
  redis = new Redis(server.port, server.host);
});

after(async () => {
  redis?.disconnect();
  await server?.close();
  await cluster?.close();
});

test('a real client over a real cluster: values of all sorts', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  assert.equal(await redis.set('text', 'grüß €'), 'OK');
  assert.equal(await redis.get('text'), 'grüß €');
  assert.equal(await redis.strlen('text'), Buffer.byteLength('grüß €'));
  await redis.set(bytes, bytes);
  assert.deepEqual(await redis.getBuffer(bytes), bytes);
  const large = Buffer.alloc(16 * 1024 * 1024, 'x');
  await redis.set('large', large);
  assert.equal((await redis.getBuffer('large'))?.equals(large), true);
  await assert.rejects(redis.set('larger', Buffer.alloc(large.length + 1)), /string exceeds maximum allowed size/);
  assert.equal(await redis.set('text', 'new', 'EX', 100, 'XX', 'GET'), 'grüß €');
  assert.equal(await redis.ttl('text'), 100);
  assert.equal(await cluster.get('text'), 'new');
  assert.equal(await redis.incrbyfloat('float', 0.1), '0.1');
  assert.equal(await redis.append('text', '!'), 4);
  assert.equal(await redis.getdel('text'), 'new!');
});

test('a real client over a real cluster: large values, by every command that may meet them', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 1, 'abc\r\n\0\xff', 'latin1');
  const other = Buffer.alloc(2 * 1024 * 1024, 'z');
  const same = (got: Buffer | null | undefined, wanted: Buffer): void => assert.ok(got != null && wanted.equals(got));
  assert.equal(await redis.set('l', large, 'EX', 100), 'OK');
  same(await redis.getBuffer('l'), large);
  assert.equal(await redis.ttl('l'), 100);
  assert.equal(await redis.strlen('l'), large.length);
  same(await redis.getrangeBuffer('l', 0, -1), large);
  same((await redis.mgetBuffer('l', 'none'))[0], large);
  same(await redis.getsetBuffer('l', other), large);
  same(await redis.getBuffer('l'), other);
  assert.equal(await redis.setnx('l', large), 0);
  assert.equal(await redis.setex('m', 100, large), 'OK');
  same(await redis.getexBuffer('m', 'PERSIST'), large);
  assert.equal(await redis.append('m', other), large.length + other.length);
  same(await redis.getBuffer('m'), Buffer.concat([large, other]));
  assert.equal(await redis.mset('l', large, 'm', other), 'OK');
  const replies = await redis.multi().set('l', other).getBuffer('l').getBuffer('m').exec();
  same(replies![1]![1] as Buffer, other);
  same(replies![2]![1] as Buffer, other);
  const pipelined = await redis
    .pipeline()
    .set('l', large)
    .getBuffer('l')
    .set('l', 's')
    .getBuffer('l')
    .getBuffer('m')
    .exec();
  same(pipelined![1]![1] as Buffer, large);
  same(pipelined![3]![1] as Buffer, Buffer.from('s'));
  same(pipelined![4]![1] as Buffer, other);
  same(await redis.getdelBuffer('m'), other);
});

test('a real client over a real cluster: many keys', async () => {
  await redis.flushall();
  const keys = Array.from({ length: 3000 }, (_, index) => `key:${index}`);
  await redis.mset(keys.flatMap((key, index) => [key, String(index)]));
  assert.equal(await redis.dbsize(), 3000);
  assert.deepEqual(
    await redis.mget(keys.slice(0, 100)),
    keys.slice(0, 100).map((_, index) => String(index)),
  );
  const found: string[] = [];
  for await (const page of redis.scanStream({ count: 50 })) found.push(...(page as string[]));
  assert.deepEqual(found.sort(), [...keys].sort());
  assert.equal((await redis.keys('key:1?')).length, 10);
  assert.ok(keys.includes((await redis.randomkey())!));
  assert.equal(await redis.exists(...keys), 3000);
  assert.equal(await redis.del(...keys.slice(0, 1000)), 1000);
  assert.equal(await redis.flushdb(), 'OK');
  assert.deepEqual(await redis.keys('*'), []);
});

test('a real client over a real cluster: pipelines keep their order', async () => {
  const pipeline = redis.pipeline();
  for (let round = 0; round < 2000; round++) {
    pipeline.set('p', round);
    pipeline.get('p');
    pipeline.incr(`p${round % 7}`);
  }
  const results = await pipeline.exec();
  for (let round = 0; round < 2000; round++) {
    assert.deepEqual(results![3 * round + 1], [null, String(round)]);
    assert.deepEqual(results![3 * round + 2], [null, Math.floor(round / 7) + 1]);
  }
});

test('a real client over a real cluster: structured and typed entries', async () => {
  await cluster.put('object', { a: 1 });
  const [kind, , version] = (await redis.call('QUINTET', 'ENTRY', 'object')) as string[];
  assert.equal(kind, 'structured');
  await assert.rejects(redis.append('object', 'x'), /^ReplyError: WRONGTYPE/);
  await assert.rejects(redis.setrange('object', 0, 'x'), /^ReplyError: WRONGTYPE/);
  await assert.rejects(redis.strlen('object'), /^ReplyError: WRONGTYPE/);
  assert.equal(await redis.get('object'), '{"a":1}');
  // Of the length that travels as a block.
  const long = { text: 'é'.repeat(1_000_000) };
  await cluster.put('long', long);
  assert.deepEqual(JSON.parse((await redis.get('long'))!), long);
  assert.deepEqual(JSON.parse((await redis.multi().get('long').exec())![0]![1] as string), long);
  await cluster.put('dated', { at: new Date(5) });
  assert.deepEqual(decode((await redis.getBuffer('dated'))!), { at: new Date(5) });
  await assert.rejects(redis.incr('object'), /not an integer/);
  const put = await redis.call('QUINTET', 'PUT', 'object', 'text', 'IFVERSION', version!, 'GET');
  assert.equal((put as string[])[0], '1');
  assert.equal((put as string[])[2], 'structured');
  assert.equal(await cluster.get('object'), 'text');
  const status = JSON.parse((await redis.call('QUINTET', 'STATUS')) as string);
  assert.equal(status.nodes.length, 5);
  await assert.rejects(redis.call('QUINTET', 'CHAOS', 'kill', 'n99'), /there is no such node/);
  await assert.rejects(redis.call('QUINTET', 'RESET', '0'), /only a lost shard/);
});

test('killing nodes under load: every acknowledged write is there, once, and no client sees an error', async () => {
  const clients = Array.from({ length: 4 }, () => new Redis(server.port, server.host));
  const acknowledged = new Map<string, number>();
  let over = false;
  let onRound = () => {};
  /** So many of the clients' pipelines are answered. */
  const rounds = async (count: number) => {
    for (; count > 0; count--) await new Promise<void>((resolve) => (onRound = resolve));
  };
  const work = clients.map(async (client, number) => {
    for (let round = 0; !over; round++) {
      const key = `count:${number}:${round % 50}`;
      const values = await Promise.all(Array.from({ length: 20 }, () => client.incr(key)));
      const before = acknowledged.get(key) ?? 0;
      // In order, none skipped, none twice: a pipeline through a failover.
      assert.deepEqual(
        values,
        values.map((_, index) => before + index + 1),
      );
      acknowledged.set(key, before + values.length);
      onRound();
    }
  });
  const kill = async () => {
    for (const node of ['n1', 'n3', 'n5']) {
      await rounds(100);
      assert.equal(await redis.call('QUINTET', 'CHAOS', 'kill', node), 'OK');
      await cluster.settled({ timeoutMs: 10_000 });
    }
    await rounds(100);
    over = true;
  };
  await Promise.all([...work, kill()]);
  for (const [key, count] of acknowledged) assert.equal(await redis.get(key), String(count), key);
  assert.ok(cluster.status().counters.nodeDeaths >= 3);
  for (const client of clients) client.disconnect();
});

test('a client that goes away amid its pipeline harms nobody', async () => {
  for (let round = 0; round < 20; round++) {
    const client = new Redis(server.port, server.host, { retryStrategy: () => null });
    client.on('error', () => {});
    await once(client, 'ready');
    const pipeline = client.pipeline();
    for (let index = 0; index < 500; index++) pipeline.set(`gone:${index}`, 'x'.repeat(100));
    pipeline.exec().catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    client.disconnect();
  }
  assert.equal(await redis.ping(), 'PONG');
});

test('a real client over a real cluster: CONFIG SET maxmemory is obeyed by all nodes, those to come too', async () => {
  const limit = 5 * 2 ** 20 + 1;
  await redis.flushall();
  assert.equal(await redis.config('SET', 'maxmemory', limit, 'maxmemory-policy', 'noeviction'), 'OK');
  assert.deepEqual(await redis.config('GET', 'maxmemory'), ['maxmemory', String(limit)]);
  assert.match(await redis.info('memory'), new RegExp(`maxmemory:${limit}\\r[^]*maxmemory_policy:noeviction\\r`));
  assert.equal(cluster.status().nodes[0]!.maxMemory, 2 ** 20 + 1);
  const value = 'v'.repeat(10_000);
  const answers = await Promise.allSettled(Array.from({ length: 1000 }, (_, index) => redis.set(`m${index}`, value)));
  assert.ok(answers.some(({ status }) => status === 'rejected'));
  await assert.rejects(redis.multi().set('m', value).exec(), /^ReplyError: EXECABORT .*/);
  cluster.chaos.kill('n1');
  await cluster.settled();
  assert.equal(await redis.config('SET', 'maxmemory', 1), 'OK');
  await assert.rejects(redis.set('m', 'v'), /^ReplyError: OOM /);
  assert.equal(await redis.get('m0'), value);
  await assert.rejects(redis.config('SET', 'maxmemory', 0, 'maxmemory-policy', 'volatile-lru'), /must be one of/);
  assert.deepEqual(await redis.config('GET', 'maxmemory'), ['maxmemory', '1']);
  assert.equal(await redis.config('SET', 'maxmemory', 0), 'OK');
  assert.equal(await redis.set('m', value), 'OK');
});
