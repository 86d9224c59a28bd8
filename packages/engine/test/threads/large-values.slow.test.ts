/** Large values over real threads: nodes die under them, learners catch up with them, small reads overtake them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainPut } from '../../src/core/codec/operations.ts';
import { textOf } from '../../src/core/data/block.ts';
import type { Operation } from '../../src/core/data/operation.ts';
import type { Result } from '../../src/core/data/result.ts';
import { KvError } from '../../src/core/protocol/errors.ts';
import { Cluster, type ClusterOptions } from '../../src/index.ts';
import { BlockWriter } from '../../src/internal.ts';

const MIB = 1024 * 1024;
/** Long limits: many test processes on few cores must not make a healthy node look hung. */
const CALM: ClusterOptions = { chaos: true, hangLimitMs: 10_000 };

function bytesOf(seed: number, length: number): Buffer {
  return Buffer.alloc(length, Buffer.from(Array.from({ length: 257 }, (_, at) => (at * seed + (at >> 3)) & 255)));
}

function call(cluster: Cluster, operation: Operation): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onError = (...[code, details]: ConstructorParameters<typeof KvError>): void =>
      reject(new KvError(code, details));
    cluster.executor.submit(operation, { onResult: resolve, onError });
  });
}

function put(cluster: Cluster, key: string, bytes: Buffer): Promise<Result> {
  const { copies = 0 } = cluster.executor.limits;
  const writer = new BlockWriter(bytes.length, key.length, copies);
  writer.write(bytes, 0, bytes.length);
  return call(cluster, plainPut(key, writer.finish()));
}

async function assertHolds(cluster: Cluster, key: string, bytes: Buffer): Promise<void> {
  const { block } = await call(cluster, { verb: 'get', key, blocks: true });
  assert.ok(block !== undefined && Buffer.compare(block.bytes, bytes) === 0, key);
}

for (const options of [{ replicas: 0 }, { replicas: 1 }, { replicas: 2 }]) {
  test(`put, read, written over and read as text, ${options.replicas} replicas`, async () => {
    await using cluster = await Cluster.start({ ...CALM, ...options });
    assert.equal(cluster.executor.limits.copies, options.replicas + 1);
    for (const length of [MIB - 1, MIB, MIB + 1, 5 * MIB + 3]) {
      const bytes = bytesOf(length, length);
      await put(cluster, 'key', bytesOf(3, length));
      await put(cluster, 'key', bytes);
      if (length >= MIB) await assertHolds(cluster, 'key', bytes);
      const { value } = await call(cluster, { verb: 'get', key: 'key' });
      assert.ok(value === bytes.toString('latin1'));
    }
  });
}

test('a put and a read behind it, sent at once, see each other', async () => {
  await using cluster = await Cluster.start(CALM);
  const bytes = bytesOf(7, 3 * MIB);
  const stored = put(cluster, 'key', bytes);
  const read = call(cluster, { verb: 'get', key: 'key', blocks: true });
  const appended = call(cluster, { verb: 'append', key: 'key', value: '!', kind: 0 });
  const readAgain = call(cluster, { verb: 'get', key: 'key', blocks: true });
  await stored;
  assert.ok(Buffer.compare((await read).block!.bytes, bytes) === 0);
  assert.equal((await appended).value, String(bytes.length + 1));
  assert.ok((await readAgain).block!.text() === `${bytes.toString('latin1')}!`);
});

test('watchers hear large values, with what was there before', async () => {
  await using cluster = await Cluster.start(CALM);
  const [before, after] = [Buffer.alloc(MIB, 'before'), Buffer.alloc(2 * MIB, 'after')];
  await put(cluster, 'key', before);
  const watcher = cluster.watch({ key: 'key', previous: true });
  await watcher.ready;
  await put(cluster, 'key', after);
  for await (const { value, previous } of watcher) {
    assert.ok(value === after.toString() && previous === before.toString());
    break;
  }
});

test('nodes killed under large puts and reads: no error, nothing lost, every copy comes back', async () => {
  await using cluster = await Cluster.start(CALM);
  const keys = Array.from({ length: 12 }, (_, at) => `key-${at}`);
  const last = new Map<string, Buffer>();
  for (let round = 0; round < 6; round++) {
    const calls = keys.map(async (key, at) => {
      const bytes = bytesOf(round * 31 + at, MIB + round * 1000 + at);
      await put(cluster, key, bytes);
      last.set(key, bytes);
      await assertHolds(cluster, key, bytes);
    });
    cluster.chaos.kill(`n${1 + (round % 5)}`);
    await Promise.all(calls);
    await cluster.settled();
  }
  // What learners have caught up with is all there is: each node has died.
  for (const [key, bytes] of last) {
    await assertHolds(cluster, key, bytes);
    const { value } = await call(cluster, { verb: 'get', key });
    assert.ok(value !== null && textOf(value) === bytes.toString('latin1'));
  }
});

test('a small read behind a large one is not kept waiting for it', async () => {
  await using cluster = await Cluster.start({ ...CALM, maxValueBytes: 64 * MIB });
  await put(cluster, '{same}large', bytesOf(3, 64 * MIB));
  await cluster.put('{same}small', 'x');
  const order: string[] = [];
  await Promise.all([
    call(cluster, { verb: 'get', key: '{same}large', blocks: true }).then(() => order.push('large')),
    call(cluster, { verb: 'get', key: '{same}small', blocks: true }).then(() => order.push('small')),
  ]);
  assert.deepEqual(order, ['small', 'large']);
});
