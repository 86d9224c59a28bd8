/** What a node asks to be woken for: the deadlines of the entries it is the primary of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, type Operation, PLAIN_PUT } from '../../src/core/data/operation.ts';
import type { Node } from '../../src/core/node/node.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const EVERY_MS = 20;

function put(key: string, deadline: number): Operation {
  return { verb: 'put', key, value: 'v', kind: 0, ...PLAIN_PUT, deadline };
}

function start() {
  const cluster = new VirtualCluster({ nodes: 2, shards: 1, replicas: 1 }, { expireEveryMs: EVERY_MS });
  cluster.settle();
  const { chain } = cluster.master.shards[0]!;
  const [primary, replica] = chain.map((id) => cluster.nodes.get(id)!) as [Node, Node];
  const ask = (operation: Operation) => {
    cluster.submit(0, operation);
    cluster.settle();
  };
  return { cluster, primary, replica, ask };
}

test('a primary asks to be woken for its next deadline, a replica for none', () => {
  const { cluster, primary, replica, ask } = start();
  assert.equal(primary.nextDeadline(), Number.POSITIVE_INFINITY);
  const deadline = cluster.now + 5000;
  ask(put('later', deadline + 1000));
  ask(put('first', deadline));
  assert.equal(primary.nextDeadline(), deadline);
  assert.equal(replica.nextDeadline(), Number.POSITIVE_INFINITY);
});

test('woken at its deadline by no message, it removes what is due, and asks for what comes next', () => {
  const { cluster, primary, ask } = start();
  const deadline = cluster.now + 5000;
  ask(put('first', deadline));
  ask(put('later', deadline + 1000));
  primary.onTime(deadline);
  while (primary.work());
  primary.endTurn();
  assert.equal(primary.describeCopies()[0]!.keys, 1);
  assert.equal(primary.describeCopies()[0]!.expiring, 1);
  // It may have to go round once more to know that.
  primary.onTime(deadline + EVERY_MS);
  primary.work();
  assert.equal(primary.nextDeadline(), deadline + 1000);
  cluster.settle();
  assert.deepEqual(new Set(cluster.copies(0).map((copy) => copy.split('=')[0])), new Set(['later']));
});

test('what is due and cannot be found at once is asked for again after an interval, not at once', () => {
  const { cluster, primary, ask } = start();
  const deadline = cluster.now + 5000;
  ask(put('gone', deadline));
  ask({ verb: 'delete', key: 'gone', ifVersion: ANY_VERSION, previous: false });
  ask(put('kept', deadline + 1000));
  primary.onTime(deadline);
  while (primary.work());
  assert.ok(primary.nextDeadline() >= deadline + EVERY_MS);
  assert.ok(primary.nextDeadline() <= deadline + 1000);
});
