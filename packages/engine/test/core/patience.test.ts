/** Who deals with long values is not taken for hung: patience follows the longest there is, whatever is written over or removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPut, type Operation, PLAIN_PUT, ValueKind } from '../../src/core/data/operation.ts';
import { patienceMs } from '../../src/core/master/membership/patience.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const MIB = 1024 * 1024;
const LONG = 'x'.repeat(8 * MIB);

test('patience is the limit, more with long values, and ten times that for the last copy', () => {
  assert.equal(patienceMs(500, 0, false), 500);
  assert.equal(patienceMs(500, 100, true) | 0, 5000);
  assert.equal(patienceMs(500, 511 * MIB, false), 10_720);
  assert.equal(patienceMs(500, 511 * MIB, true), 107_200);
});

test('a value is long from the moment it is sent, until nothing may have to do with it any more', () => {
  const cluster = new VirtualCluster({ nodes: 2, shards: 2, replicas: 1, creditBytes: 64 * MIB });
  cluster.settle();
  const { master } = cluster;
  const longest = (): number => Math.floor(master.longestValueBytes / MIB);
  const submit = (operation: Operation) => cluster.submit(1, operation);
  submit(newPut('k', LONG, ValueKind.text, PLAIN_PUT));
  assert.equal(longest(), 8);
  cluster.settle();
  submit({ verb: 'clear', key: '' });
  cluster.settle();
  assert.equal(longest(), 0);
  submit({ verb: 'append', key: 'k', value: LONG, kind: ValueKind.text });
  assert.equal(longest(), 8, 'nothing was there, but that is appended');
  cluster.settle();
  assert.equal(longest(), 8);
  submit(newPut('other', LONG, ValueKind.text, PLAIN_PUT));
  submit({ verb: 'clear', key: '' });
  assert.equal(longest(), 8, 'it is not yet removed');
  cluster.settle();
  assert.equal(longest(), 0);
});
