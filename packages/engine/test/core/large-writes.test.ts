/** What large values may have under way: counted by what they are in a record, over all shards, in the order they came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from '../../src/core/data/evaluate.ts';
import { newPut, type Operation, PLAIN_PUT, ValueKind } from '../../src/core/data/operation.ts';
import { readerOf } from '../../src/core/data/reader.ts';
import { Status } from '../../src/core/data/result.ts';
import { type LargeWriter, LargeWrites } from '../../src/core/master/memory/large-writes.ts';
import type { WatchSink } from '../../src/core/protocol/outbox.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const KIB = 1024;
const DEAF: WatchSink = { onStart: () => {}, onProgress: () => {}, onChanges: () => {}, onEnd: () => {} };
const put = (key: string, bytes: number): Operation => newPut(key, 'x'.repeat(bytes), ValueKind.text, PLAIN_PUT);
const append = (key: string): Operation => ({ verb: 'append', key, value: 'y', kind: ValueKind.text });

function clusterOf(shards: number): VirtualCluster {
  const cluster = new VirtualCluster({ nodes: 2, shards, replicas: 1, largeWriteBytes: 1024 * KIB });
  cluster.settle();
  return cluster;
}

/** Numbered and not answered, in all shards. */
function numbered(cluster: VirtualCluster): number {
  return cluster.master.shards.reduce((sum, { queue }) => sum + queue.unanswered.length, 0);
}

test('an append of a watched key counts for the whole value: few are in flight at once, and all are done', () => {
  const cluster = clusterOf(1);
  cluster.submit(0, put('k', 256 * KIB));
  cluster.master.watch({ text: 'k', shard: 0, previous: false }, null, DEAF);
  cluster.settle();
  const appends = Array.from({ length: 20 }, () => cluster.submit(0, append('k')));
  assert.ok(numbered(cluster) >= 1 && numbered(cluster) <= 4, `${numbered(cluster)} of 256 KiB in 1 MiB`);
  const small = Array.from({ length: 100 }, (_, at) => cluster.submit(0, append(`small-${at}`)));
  assert.ok(numbered(cluster) >= 100, 'others of the shard do not wait for them');
  cluster.settle();
  assert.ok([...appends, ...small].every(({ result }) => result?.status === Status.ok));
  assert.equal(appends.at(-1)!.result!.value, String(256 * KIB + 20));
});

test('an append nobody watches bears no more than itself', () => {
  const cluster = clusterOf(1);
  cluster.submit(0, put('k', 256 * KIB));
  cluster.settle();
  const appends = Array.from({ length: 20 }, () => cluster.submit(0, append('k')));
  assert.equal(numbered(cluster), 20);
  cluster.settle();
  assert.equal(appends.at(-1)!.result!.value, String(256 * KIB + 20));
  for (const copy of cluster.copies(0)) assert.match(copy, /^k=x{262144}y{20}@21\/0$/);
});

test('all shards together number no more than one node could bear; one larger than that goes alone', () => {
  const cluster = clusterOf(8);
  const puts = Array.from({ length: 32 }, (_, at) => cluster.submit(at % 8, put(`k-${at}`, 300 * KIB)));
  assert.equal(numbered(cluster), 3);
  const alone = cluster.submit(0, put('alone', 2048 * KIB));
  cluster.settle();
  assert.ok([...puts, alone].every(({ result }) => result?.status === Status.ok));
});

test('an append that would come to more than V8 can hold is refused before it is put together', () => {
  const half = 'x'.repeat(300 * KIB * KIB);
  const entry = { value: half, kind: ValueKind.text, version: 1, expiresAt: 0 };
  const operation = { verb: 'append', key: 'k', value: half, kind: ValueKind.text } as const;
  const moment = { time: 0, seq: 2, maxValueBytes: 511 * KIB * KIB };
  const { result } = evaluate(
    operation,
    readerOf(() => entry),
    moment,
  );
  assert.equal(result.status, Status.valueTooLarge);
});

test('shards that wait are served in the order they were refused, and one that wants nothing any more is passed over', () => {
  const large = new LargeWrites(100);
  const told: string[] = [];
  const writer = (name: string): LargeWriter => ({ resume: () => void told.push(name) });
  const [a, b, c] = [writer('a'), writer('b'), writer('c')];
  assert.equal(large.take(a, 80), true);
  assert.equal(large.take(b, 50), false);
  assert.equal(large.take(c, 10), false, 'there is room for it, but it is not its turn');
  large.give(80);
  assert.deepEqual(told, ['b']);
  large.leave(b);
  assert.deepEqual(told, ['b', 'c']);
  assert.equal(large.take(c, 10), true);
});
