// The same day in the life of ioredis 6 and iovalkey, each with automatic pipelining too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Redis as IoRedis, Cluster as IoRedisCluster } from 'ioredis';
import { Redis as IoValkey, Cluster as IoValkeyCluster } from 'iovalkey';
import { happens, World } from './world.ts';

let world: World;

before(async () => {
  world = await World.start();
});

after(() => world?.close());

/** The two have one interface; this is what of it the tests use. */
type Client = IoRedis;
type ClusterClient = IoRedisCluster;

interface Library {
  readonly name: string;
  readonly connect: () => Client;
  readonly connectCluster: () => ClusterClient;
}

function libraries(): Library[] {
  const host = '127.0.0.1';
  return [false, true].flatMap((enableAutoPipelining): Library[] => {
    const how = enableAutoPipelining ? ', auto-pipelining' : '';
    const options = { enableAutoPipelining };
    return [
      {
        name: `ioredis${how}`,
        connect: () => new IoRedis(world.port, host, options),
        connectCluster: () => new IoRedisCluster([{ host, port: world.port }], options),
      },
      {
        name: `iovalkey${how}`,
        connect: () => new IoValkey(world.port, host, options) as unknown as Client,
        connectCluster: () => new IoValkeyCluster([{ host, port: world.port }], options) as unknown as ClusterClient,
      },
    ];
  });
}

for (const { name, connect, connectCluster } of libraries()) {
  test(`${name}: commands, pipelines, scan streams`, async () => {
    const client = connect();
    await client.flushall();
    assert.equal(await client.set('k', 'v', 'EX', 100), 'OK');
    assert.deepEqual(await Promise.all([client.get('k'), client.get('none'), client.ttl('k')]), ['v', null, 100]);
    const pipeline = client.pipeline();
    for (let index = 0; index < 500; index++) pipeline.set(`p:${index}`, index).incr(`p:${index}`);
    const results = await pipeline.exec();
    assert.deepEqual(results!.at(-1), [null, 500]);
    const keys = new Set<string>();
    for await (const page of client.scanStream({ match: 'p:*', count: 100 })) for (const key of page) keys.add(key);
    assert.equal(keys.size, 500);
    client.disconnect();
  });

  test(`${name}: bytes are kept`, async () => {
    const client = connect();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
    await client.set(bytes, bytes);
    assert.deepEqual(await client.getBuffer(bytes), bytes);
    client.disconnect();
  });

  test(`${name}: transactions with WATCH`, async () => {
    const [one, other] = [connect(), connect()];
    await one.mset('from', 10, 'to', 0);
    const done = await one.multi().decrby('from', 3).incrby('to', 3).get('to').exec();
    assert.deepEqual(done, [
      [null, 7],
      [null, 3],
      [null, '3'],
    ]);
    await one.watch('from');
    await other.set('from', 100);
    assert.equal(await one.multi().set('from', 1).exec(), null);
    assert.equal(await one.get('from'), '100');
    const mixed = await one.multi().set('from', 'text').incr('from').rename('from', 'moved').ping().exec();
    assert.equal(mixed![0]![1], 'OK');
    assert.match(String(mixed![1]![0]), /not an integer/);
    assert.equal(mixed![3]![1], 'PONG');
    one.disconnect();
    other.disconnect();
  });

  test(`${name}: publish and subscribe`, async () => {
    const [listener, speaker] = [connect(), connect()];
    await listener.subscribe('news');
    await listener.psubscribe('n?ws');
    const heard = Promise.all([once(listener, 'message'), once(listener, 'pmessage')]);
    assert.equal(await speaker.publish('news', 'hello'), 2);
    assert.deepEqual(await heard, [
      ['news', 'hello'],
      ['n?ws', 'news', 'hello'],
    ]);
    assert.deepEqual(await speaker.pubsub('NUMSUB', 'news'), ['news', 1]);
    // Without names ioredis 6 waits for ever over RESP3, with Redis too.
    await listener.unsubscribe('news');
    await listener.punsubscribe('n?ws');
    assert.equal(await speaker.publish('news', 'hello'), 0);
    listener.disconnect();
    speaker.disconnect();
  });

  test(`${name}: cluster mode on one endpoint`, async () => {
    const client = connectCluster();
    for (let index = 0; index < 50; index++) await client.set(`c:${index}`, index);
    const values = await Promise.all(Array.from({ length: 50 }, (_, index) => client.get(`c:${index}`)));
    assert.deepEqual(
      values,
      values.map((_, index) => String(index)),
    );
    assert.equal(client.nodes('all').length, 1);
    client.disconnect();
  });

  test(`${name}: the server goes and comes back`, async () => {
    const [client, listener, cluster] = [connect(), connect(), connectCluster()];
    for (const one of [client, listener, cluster]) one.on('error', () => {});
    await client.set('kept', name);
    assert.equal(await cluster.get('kept'), name);
    await listener.subscribe('news');
    const lost = [client, listener].map((one) => happens(one, 'reconnecting'));
    await world.restart(() => Promise.all(lost));
    assert.equal(await client.get('kept'), name);
    assert.equal(await cluster.get('kept'), name);
    // A subscription is renewed by its client, some time after.
    const heard = once(listener, 'message');
    while ((await client.publish('news', 'again')) === 0);
    assert.deepEqual(await heard, ['news', 'again']);
    for (const one of [client, listener, cluster]) one.disconnect();
  });
}
