/** What answers came to: every read counts once, by whatever operation it is made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, MUST_BE_ABSENT, type Operation, PLAIN_PUT, type Step } from '../../src/core/data/operation.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const put = (key: string, previous = false): Step => ({
  verb: 'put',
  key,
  value: 'v',
  kind: 0,
  ...PLAIN_PUT,
  previous,
});

function transaction(then: readonly Step[]): Operation {
  return { verb: 'transaction', key: '', conditions: [], then, otherwise: [], lenient: false };
}

test('hits and misses, by whatever operation a key is looked up', () => {
  const cluster = new VirtualCluster({ nodes: 3, shards: 4, replicas: 1 });
  cluster.settle();
  const { tally } = cluster.master;
  const counted = (operation: Operation): readonly [hits: number, misses: number] => {
    const before = { hits: tally.hits, misses: tally.misses };
    cluster.submit(0, operation);
    cluster.settle();
    return [tally.hits - before.hits, tally.misses - before.misses];
  };
  assert.deepEqual(counted(put('a')), [0, 0]);
  assert.deepEqual(counted({ verb: 'get', key: 'a' }), [1, 0]);
  assert.deepEqual(counted({ verb: 'get', key: 'b' }), [0, 1]);
  assert.deepEqual(counted({ verb: 'stat', key: 'a' }), [1, 0]);
  assert.deepEqual(counted(put('a', true)), [1, 0]);
  assert.deepEqual(counted({ verb: 'delete', key: 'b', ifVersion: ANY_VERSION, previous: true }), [0, 1]);
  assert.deepEqual(counted({ verb: 'delete', key: 'b', ifVersion: ANY_VERSION, previous: false }), [0, 0]);
  assert.deepEqual(counted({ verb: 'append', key: 'a', value: 'x', kind: 0 }), [0, 0]);
  assert.deepEqual(counted({ verb: 'scan', key: '', cursor: 0, prefix: '', limit: 9, keysOnly: true }), [0, 0]);
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  assert.deepEqual(
    counted(transaction([...keys.map((key) => put(key)), ...keys.map((key): Step => ({ verb: 'get', key }))])),
    [6, 0],
  );
  const refused: Operation = {
    ...(transaction([]) as Extract<Operation, { verb: 'transaction' }>),
    conditions: [{ key: 'a', ifVersion: MUST_BE_ABSENT, equals: null }],
    then: [{ verb: 'get', key: 'nothing' }],
    otherwise: [{ verb: 'get', key: 'a' }],
  };
  assert.deepEqual(counted(refused), [1, 0], 'of the steps that were taken');
});
