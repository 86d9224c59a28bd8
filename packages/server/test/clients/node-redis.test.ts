// The same day in the life of node-redis 6, over RESP2 and RESP3. It pipelines by itself what is asked in one turn.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient, createCluster, RESP_TYPES } from 'redis';
import { happens, World } from './world.ts';

let world: World;

before(async () => {
  world = await World.start();
});

after(() => world?.close());

for (const RESP of [2, 3] as const) {
  const connect = () => createClient({ RESP, url: `redis://${world.address}` }).connect();

  test(`node-redis, RESP${RESP}: commands, pipelines, scan iterators`, async () => {
    const client = await connect();
    await client.flushAll();
    assert.equal(await client.set('k', 'v', { expiration: { type: 'EX', value: 100 } }), 'OK');
    assert.deepEqual(await Promise.all([client.get('k'), client.get('none'), client.ttl('k')]), ['v', null, 100]);
    const pipelined = client.multi();
    for (let index = 0; index < 300; index++) pipelined.set(`s:${index}`, 'x');
    assert.equal((await pipelined.execAsPipeline()).length, 300);
    const keys = new Set<string>();
    for await (const page of client.scanIterator({ MATCH: 's:*', COUNT: 50 })) for (const key of page) keys.add(key);
    assert.equal(keys.size, 300);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
    await client.set('bytes', bytes);
    assert.deepEqual(await client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get('bytes'), bytes);
    await client.close();
  });

  test(`node-redis, RESP${RESP}: transactions with WATCH`, async () => {
    const [client, other] = await Promise.all([connect(), connect()]);
    await client.set('a', '1');
    assert.deepEqual(await client.multi().set('a', '1').incr('a').get('a').exec(), ['OK', 2, '2']);
    await client.watch('a');
    await other.set('a', '9');
    await assert.rejects(client.multi().set('a', '1').exec(), /watched keys has been changed/);
    assert.equal(await client.get('a'), '9');
    await Promise.all([client.close(), other.close()]);
  });

  test(`node-redis, RESP${RESP}: publish and subscribe`, async () => {
    const [speaker, listener] = await Promise.all([connect(), connect()]);
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => {
      const hear = (message: string, channel: string): void => {
        if (heard.push(`${channel}: ${message}`) === 2) resolve();
      };
      void Promise.all([listener.subscribe('news', hear), listener.pSubscribe('n?ws', hear)]).then(() =>
        speaker.publish('news', 'hi'),
      );
    });
    await both;
    assert.deepEqual(heard, ['news: hi', 'news: hi']);
    await listener.unsubscribe();
    await listener.pUnsubscribe();
    assert.equal(await speaker.publish('news', 'hi'), 0);
    await Promise.all([speaker.close(), listener.close()]);
  });

  test(`node-redis, RESP${RESP}: cluster mode on one endpoint`, async () => {
    const client = createCluster({ RESP, rootNodes: [{ url: `redis://${world.address}` }] });
    await client.connect();
    await Promise.all(Array.from({ length: 50 }, (_, index) => client.set(`c:${index}`, String(index))));
    const values = await Promise.all(Array.from({ length: 50 }, (_, index) => client.get(`c:${index}`)));
    assert.deepEqual(
      values,
      values.map((_, index) => String(index)),
    );
    assert.equal(client.masters.length, 1);
    await client.close();
  });

  test(`node-redis, RESP${RESP}: the server goes and comes back`, async () => {
    const [client, listener] = await Promise.all([connect(), connect()]);
    for (const one of [client, listener]) one.on('error', () => {});
    await client.set('kept', 'yes');
    let hear: (message: string) => void = () => {};
    await listener.subscribe('news', (message) => hear(message));
    const lost = [client, listener].map((one) => happens(one, 'reconnecting'));
    await world.restart(() => Promise.all(lost));
    assert.equal(await client.get('kept'), 'yes');
    const heard = new Promise<string>((resolve) => {
      hear = resolve;
    });
    // A subscription is renewed by its client, some time after.
    while ((await client.publish('news', 'again')) === 0);
    assert.equal(await heard, 'again');
    await Promise.all([client.close(), listener.close()]);
  });
}
