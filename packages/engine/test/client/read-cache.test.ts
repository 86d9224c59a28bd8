/** The read cache as callers see it: its option, what status tells, values that are nobody's to change, and loops that only read. */
import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Cluster, type ClusterOptions, KvError } from '../../src/index.ts';

const SMALL: ClusterOptions = { nodes: 2, shards: 2, hangLimitMs: 10_000 };

async function refusal(readCache: unknown): Promise<string> {
  try {
    await using cluster = await Cluster.start({ ...SMALL, readCache: readCache as number });
    return `started: ${cluster.status().health}`;
  } catch (error) {
    assert.ok(error instanceof KvError && error.code === 'INVALID_OPTION', String(error));
    return error.message;
  }
}

test('readCache: no size, and more than the machine has, are refused by name', async () => {
  for (const wrong of [-1, 1.5, Number.NaN, '64mb', null, 2 ** 53]) {
    assert.match(await refusal(wrong), /readCache must be a whole number from 0 to \d+, got /, String(wrong));
  }
  const beyond = totalmem() + 1;
  const text = beyond <= 16 * 2 ** 30 ? /readCache must be less than the memory of this machine/ : /readCache must be/;
  assert.match(await refusal(beyond), text);
});

test('what was read is answered from it, and status tells; 0 turns it off', async () => {
  for (const readCache of [undefined, 0, 100_000]) {
    await using cluster = await Cluster.start({ ...SMALL, ...(readCache === undefined ? {} : { readCache }) });
    await cluster.put('key', 'value');
    for (let time = 0; time < 10; time++) assert.equal(await cluster.get('key'), 'value');
    const { readCache: told, counters } = cluster.status();
    assert.equal(told.maxBytes, readCache ?? 64 * 1024 * 1024);
    assert.deepEqual([told.hits, told.keys], readCache === 0 ? [0, 0] : [9, 1]);
    assert.ok(told.bytes <= told.maxBytes);
    assert.deepEqual([counters.hits, counters.reads], [10, 10], 'a cached read is a read like any other');
  }
});

test('every kind of value and call answers from it what it answered before', async () => {
  await using cluster = await Cluster.start(SMALL);
  const values = [
    'text',
    'ümläut',
    '',
    5,
    -0.5,
    2 ** 60,
    new Uint8Array([1, 2]),
    { a: [1, null] },
    true,
    null,
    10n ** 20n,
  ];
  for (const [at, value] of values.entries()) {
    const key = `key ${at} ü`;
    await cluster.put(key, value);
    for (let time = 0; time < 4; time++) {
      assert.deepEqual(await cluster.get(key), value);
      assert.deepEqual(await cluster.get(Buffer.from(key)), value);
      assert.deepEqual((await cluster.getEntry(key))?.value, value);
      assert.deepEqual(await cluster.getMany([key, 'absent']), [value, undefined]);
      assert.equal(await cluster.has(key), true);
      assert.equal(await cluster.ttl(key), Number.POSITIVE_INFINITY);
    }
  }
  assert.ok(cluster.status().readCache.hits > 100);
});

test("a value that was read is its caller's own: changing it changes nobody else's", async () => {
  await using cluster = await Cluster.start(SMALL);
  await cluster.put('object', { list: [1] });
  await cluster.put('bytes', new Uint8Array([1]));
  for (let time = 0; time < 3; time++) {
    const object = await cluster.get<{ list: number[] }>('object');
    const bytes = await cluster.get<Uint8Array>('bytes');
    assert.deepEqual([object, bytes], [{ list: [1] }, new Uint8Array([1])]);
    object!.list.push(2);
    bytes![0] = 9;
  }
});

test('a loop that reads until something changes lets it change: a deadline, another thread, a timer', {
  timeout: 20_000,
}, async () => {
  await using cluster = await Cluster.start(SMALL);
  await cluster.put('lease', 'mine', { ttl: 60 });
  while ((await cluster.get('lease')) !== undefined);
  await cluster.put('flag', 'down');
  let ticked = false;
  const timer = delay(20).then(() => {
    ticked = true;
  });
  while (!ticked) await cluster.get('flag');
  await timer;
  const handle = cluster.handle();
  const body = "await store.put('flag', 'up');";
  const module = new URL('./handle-thread.mjs', import.meta.url);
  const worker = new Worker(module, { workerData: { handle, body }, transferList: [handle] });
  while ((await cluster.get('flag')) !== 'up');
  await worker.terminate();
});

test('reads are answered in order of asking, and none within its own call', async () => {
  await using cluster = await Cluster.start(SMALL);
  await cluster.put('key', 'value');
  await cluster.get('key');
  const order: string[] = [];
  const sink = (name: string) => ({ onResult: () => void order.push(name), onError: () => void order.push('error') });
  cluster.executor.submit({ verb: 'get', key: 'key' }, sink('first'));
  cluster.executor.submit({ verb: 'stat', key: 'key' }, sink('second'));
  order.push('submitted');
  await cluster.get('key');
  await delay(0);
  assert.deepEqual(order, ['submitted', 'first', 'second']);
});

test('closed, a cached key is refused like any other', async () => {
  const cluster = await Cluster.start(SMALL);
  await cluster.put('key', 'value');
  await cluster.get('key');
  await cluster.get('key');
  await cluster.close();
  await assert.rejects(cluster.get('key'), { code: 'CLOSED' });
  await assert.rejects(cluster.has('key'), { code: 'CLOSED' });
});
