/** Transactions of several shards that need no locks (TT6 of transactions.ts): one step of the master, or the way of all others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, newPut, PLAIN_PUT, type Step, ValueKind } from '../../../src/core/data/operation.ts';
import { Status } from '../../../src/core/data/result.ts';
import { MASTER } from '../../../src/core/protocol/ids.ts';
import { hashSlotOf, shardOfSlot } from '../../../src/core/protocol/slot.ts';
import { VirtualCluster } from '../virtual-cluster.ts';

const SHARDS = 2;
const put = (key: string, value = 'new'): Step => newPut(key, value, ValueKind.text, PLAIN_PUT) as Step;
const keyOf = (shard: number): string => {
  for (let at = 0; ; at++) if (shardOfSlot(hashSlotOf(`k${at}`), SHARDS) === shard) return `k${at}`;
};
const [A, B] = [keyOf(0), keyOf(1)];

function settled(): VirtualCluster {
  const cluster = new VirtualCluster({ nodes: 3, shards: SHARDS, replicas: 1 });
  cluster.settle();
  return cluster;
}

const transact = (cluster: VirtualCluster, then: readonly Step[]) =>
  cluster.transact({ verb: 'transaction', key: '', conditions: [], then, otherwise: [], lenient: false });

/** What the master has sent and no node received yet, by verb. */
function sent(cluster: VirtualCluster): string[] {
  const verbs: string[] = [];
  for (const { from, queue } of cluster.links.values()) {
    if (from !== MASTER) continue;
    for (const message of queue) {
      if (message.type === 'request' || message.type === 'read')
        verbs.push(`${message.type} ${message.operation.verb}`);
    }
  }
  return verbs.sort();
}

test('plain puts of free keys are numbered in all shards in one step', () => {
  const cluster = settled();
  const answered = transact(cluster, [put(A), put(B)]);
  assert.deepEqual(sent(cluster), ['request install', 'request install']);
  cluster.settle();
  assert.equal(answered.result?.status, Status.ok);
  assert.equal(answered.result?.items?.length, 2);
  for (const shard of [0, 1]) for (const copy of cluster.copies(shard)) assert.match(copy, /=new@1/);
});

test('a read behind it shows all of it, in each shard', () => {
  const cluster = settled();
  transact(cluster, [put(A), put(B)]);
  const reads = [A, B].map((key, shard) => cluster.submit(shard, { verb: 'get', key }));
  assert.deepEqual(
    sent(cluster),
    ['request get', 'request get', 'request install', 'request install'],
    'logged behind it',
  );
  cluster.settle();
  assert.deepEqual(
    reads.map(({ result }) => result?.value),
    ['new', 'new'],
  );
});

test('with one key that is not free nothing is numbered: it waits for its locks', () => {
  const cluster = settled();
  // A direct read of B is in flight: a write behind it is held.
  const read = cluster.submit(1, { verb: 'get', key: B });
  const answered = transact(cluster, [put(A), put(B)]);
  assert.deepEqual(sent(cluster), ['read get']);
  cluster.settle();
  assert.equal(read.result?.status, Status.absent);
  assert.equal(answered.result?.status, Status.ok);
});

test('what has to read first takes locks', () => {
  const cluster = settled();
  const remove: Step = { verb: 'delete', key: B, ifVersion: ANY_VERSION, previous: false };
  const answered = transact(cluster, [put(A), remove]);
  assert.deepEqual(sent(cluster), ['read gather', 'read gather']);
  cluster.settle();
  assert.equal(answered.result?.status, Status.ok);
});

test('who gives up on it once it is numbered learns that it may be applied', () => {
  const cluster = settled();
  const errors: string[] = [];
  const call = cluster.master.submit(
    0,
    { verb: 'transaction', key: '', conditions: [], then: [put(A), put(B)], otherwise: [], lenient: false },
    { onResult: () => errors.push('answered'), onError: (code) => errors.push(code) },
    cluster.now,
  );
  cluster.master.giveUp(call, 'aborted', cluster.now);
  cluster.settle();
  assert.deepEqual(errors, ['ABORTED_IN_FLIGHT']);
  for (const shard of [0, 1]) for (const copy of cluster.copies(shard)) assert.match(copy, /=new@1/);
});
