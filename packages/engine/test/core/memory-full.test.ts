/** A node without room says so once, and once that it is over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, type Operation, PLAIN_PUT } from '../../src/core/data/operation.ts';
import { Status } from '../../src/core/data/result.ts';
import { nodeName } from '../../src/core/protocol/ids.ts';
import type { MemoryLimitChange } from '../../src/core/protocol/machines.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const LIMIT = 256 * 1024;

function limit(maxMemoryBytes: number, eviction: 'noeviction' | 'allkeys-lru' = 'noeviction'): MemoryLimitChange {
  return { maxMemoryBytes, eviction, creditBytes: 64 * 1024, blockCreditBytes: 16 * 1024 };
}

function put(key: string, length = 1000): Operation {
  return { verb: 'put', key, value: 'v'.repeat(length), kind: 0, ...PLAIN_PUT };
}

/** Two nodes with every shard on both, so that both fill up. */
function start(): VirtualCluster {
  const cluster = new VirtualCluster({ nodes: 2, shards: 1, replicas: 1 });
  cluster.settle();
  cluster.setMemoryLimit(limit(LIMIT));
  cluster.settle();
  return cluster;
}

function ask(cluster: VirtualCluster, operation: Operation): Status | undefined {
  const answered = cluster.submit(0, operation);
  cluster.settle();
  return answered.result?.status;
}

/** Puts until one is refused; how many were not. */
function fill(cluster: VirtualCluster): number {
  for (let key = 0; key < 10_000; key++) if (ask(cluster, put(`key-${key}`)) === Status.outOfMemory) return key;
  throw new Error('it is never full');
}

/** What was told of memory. */
function told(cluster: VirtualCluster): string[] {
  return cluster.notes.flatMap((note) =>
    note.type === 'memory-full' || note.type === 'memory-freed' ? [`${note.type} ${nodeName(note.node)}`] : [],
  );
}

const primaryOf = (cluster: VirtualCluster) => cluster.master.shards[0]!.primary;

test('a node that refuses writes is told full, once; what is deleted frees it, once', () => {
  const cluster = start();
  const held = fill(cluster);
  const primary = nodeName(primaryOf(cluster));
  for (let more = 0; more < 5; more++) assert.equal(ask(cluster, put(`more-${more}`)), Status.outOfMemory);
  assert.deepEqual(
    told(cluster).filter((line) => line.endsWith(primary)),
    [`memory-full ${primary}`],
  );
  assert.equal(cluster.master.memory.isToldFull(primaryOf(cluster)), true);
  for (let key = 0; key < held; key++) {
    ask(cluster, { verb: 'delete', key: `key-${key}`, ifVersion: ANY_VERSION, previous: false });
    cluster.work();
    cluster.settle();
  }
  assert.deepEqual(
    told(cluster).filter((line) => line.endsWith(primary)),
    [`memory-full ${primary}`, `memory-freed ${primary}`],
  );
  assert.equal(cluster.master.memory.isToldFull(primaryOf(cluster)), false);
});

test('to give back less than a 32nd of the limit and to take it again tells nothing more', () => {
  const cluster = start();
  fill(cluster);
  const before = told(cluster);
  for (let round = 0; round < 20; round++) {
    ask(cluster, { verb: 'delete', key: 'key-1', ifVersion: ANY_VERSION, previous: false });
    cluster.work();
    cluster.settle();
    ask(cluster, put('key-1'));
  }
  assert.deepEqual(told(cluster), before);
});

test('another limit, or eviction, ends it; so does the death of the node', () => {
  for (const end of [
    (cluster: VirtualCluster) => cluster.setMemoryLimit(limit(4 * LIMIT)),
    (cluster: VirtualCluster) => cluster.setMemoryLimit(limit(0)),
    (cluster: VirtualCluster) => cluster.setMemoryLimit(limit(LIMIT, 'allkeys-lru')),
    (cluster: VirtualCluster) => cluster.kill(primaryOf(cluster), () => 0),
  ]) {
    const cluster = start();
    fill(cluster);
    const node = primaryOf(cluster);
    end(cluster);
    cluster.settle();
    assert.deepEqual(
      told(cluster).filter((line) => line.endsWith(nodeName(node))),
      [`memory-full ${nodeName(node)}`, `memory-freed ${nodeName(node)}`],
    );
    assert.equal(cluster.master.memory.isToldFull(node), false);
  }
});

test('one value too large for the room that is left makes no node full', () => {
  const cluster = start();
  assert.equal(ask(cluster, put('large', 2 * LIMIT)), Status.outOfMemory);
  assert.deepEqual(told(cluster), []);
});

test('where entries are evicted, no node is full', () => {
  const cluster = start();
  cluster.setMemoryLimit(limit(LIMIT, 'allkeys-lru'));
  for (let key = 0; key < 1000; key++) assert.equal(ask(cluster, put(`key-${key}`)), Status.ok);
  assert.deepEqual(told(cluster), []);
});
