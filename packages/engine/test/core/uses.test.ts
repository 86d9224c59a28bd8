/** When a key was last used, over a cluster in virtual time: which copies hear of it, and what a failover leaves of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, type Operation, type PutOperation, type StatOperation } from '../../src/core/data/operation.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const KEY = 'key';

function put(more: Partial<PutOperation> = {}): PutOperation {
  const rest = { ifVersion: ANY_VERSION, ttl: 0, deadline: 0, previous: false };
  return { verb: 'put', key: KEY, value: 'value', kind: 0, ...rest, ...more };
}

const get: Operation = { verb: 'get', key: KEY };
const look = (more: Partial<StatOperation> = {}): StatOperation => ({ verb: 'stat', key: KEY, ...more });
const transaction = (...then: readonly (typeof get | StatOperation)[]): Operation => {
  return { verb: 'transaction', key: '', conditions: [], then: then as never, otherwise: [], lenient: true };
};

class Subject {
  readonly cluster: VirtualCluster;

  constructor(replicas: number) {
    this.cluster = new VirtualCluster({ nodes: 3, shards: 1, replicas });
    this.cluster.settle();
    this.do(put());
  }

  do(...operations: readonly Operation[]): readonly (string | null)[] {
    const answers = operations.map((operation) => this.cluster.submit(0, operation));
    this.cluster.settle();
    return answers.map(({ result }) => result!.value);
  }

  /** Seconds, as the tail tells. */
  idle(): number {
    return Math.round(Number(this.do(look({ tells: 'idle' }))[0]) / 1000);
  }

  wait(seconds: number): void {
    this.cluster.now += seconds * 1000;
  }

  /** As each copy of the chain would tell. */
  idleOfAll(): number[] {
    return this.cluster.master.shards[0]!.chain.map((id) => {
      return Math.round(this.cluster.nodes.get(id)!.inspect(0)!.state.data.idleMs(KEY) / 1000);
    });
  }

  kill(place: number): void {
    const { chain } = this.cluster.master.shards[0]!;
    this.cluster.kill(chain.at(place)!, (length) => length);
    this.cluster.settle();
  }
}

test('reads of the value are uses, looks are none', () => {
  const subject = new Subject(1);
  subject.wait(5);
  assert.deepEqual(subject.do(look(), look({ tells: 'value' })), ['5', 'value']);
  assert.equal(subject.idle(), 5);
  subject.do(get);
  assert.equal(subject.idle(), 0);
  subject.wait(7);
  assert.deepEqual(subject.do(look({ uses: true })), ['5']);
  assert.equal(subject.idle(), 0);
});

test('what only the primary sees is told the tail: reads in the log, writes that were refused, reads in transactions', () => {
  const subject = new Subject(1);
  const other: Operation = { ...put(), key: 'other' };
  for (const use of [
    [put({ ifVersion: 0 })],
    [{ verb: 'delete', key: KEY, ifVersion: 99, previous: false }],
    [transaction(get)],
    [transaction(look({ uses: true }))],
    [{ verb: 'expire', key: KEY, ttl: 0, deadline: 0, when: 'always' }],
    [{ verb: 'increment', key: KEY, by: '1' }],
    // Behind a write that is refused a read goes by the log.
    [put({ ifVersion: 0 }), get],
    [{ ...put(), key: KEY, ifVersion: 0 }, look({ uses: true })],
  ] satisfies Operation[][]) {
    subject.wait(5);
    subject.do(...use);
    assert.equal(subject.idle(), 0, JSON.stringify(use));
  }
  subject.wait(5);
  subject.do(transaction(look()), other, { verb: 'count', key: '' });
  assert.equal(subject.idle(), 5);
});

test('a touch is told the primary; a read is not, for it would be felt', () => {
  const subject = new Subject(1);
  subject.wait(5);
  subject.do(look({ uses: true }));
  assert.deepEqual(subject.idleOfAll(), [0, 0]);
  subject.wait(5);
  subject.do(get);
  const [primary, tail] = subject.idleOfAll();
  assert.deepEqual([primary! >= 4, tail], [true, 0]);
});

test('who touches nothing tells of nothing', () => {
  const subject = new Subject(1);
  subject.wait(5);
  subject.do(get);
  subject.wait(5);
  subject.do({ ...look({ uses: true }), key: 'absent' }, { verb: 'get', key: 'absent' });
  assert.ok(subject.idleOfAll().every((idle) => idle >= 5));
});

test('where eviction goes by use, reads are told the primary too', () => {
  const cluster = new VirtualCluster({ nodes: 2, shards: 1, replicas: 1 }, { eviction: 'allkeys-lru' });
  cluster.settle();
  const answer = (operation: Operation) => {
    const answered = cluster.submit(0, operation);
    cluster.settle();
    return answered.result!;
  };
  answer(put());
  cluster.now += 5000;
  answer(get);
  for (const id of cluster.master.shards[0]!.chain) {
    assert.equal(cluster.nodes.get(id)!.inspect(0)!.state.data.idleMs(KEY), 0);
  }
});

test('a new copy is as idle as the one it came from, and a failover never makes a key look used', () => {
  for (const place of [0, -1]) {
    const subject = new Subject(1);
    subject.wait(5);
    for (let deaths = 0; deaths < 4; deaths++) {
      subject.kill(place);
      assert.ok(subject.idle() >= 5);
    }
    assert.deepEqual(new Set(subject.idleOfAll()).size, 1);
    subject.do(look({ uses: true }));
    subject.kill(place);
    assert.equal(subject.idle(), 0);
  }
});

test('how much was changed: what was refused or changed nothing does not count', () => {
  const subject = new Subject(1);
  const counted = (...operations: readonly Operation[]): number => {
    const shard = subject.cluster.master.shards[0]!;
    const before = shard.changes;
    subject.do(...operations);
    return shard.changes - before;
  };
  const fresh = { ...put(), key: 'fresh' };
  assert.equal(counted(put(), fresh), 2);
  assert.equal(counted(put({ ifVersion: 0 }), put({ ifVersion: 99 }), get, look({ uses: true })), 0);
  assert.equal(counted({ verb: 'set-bit', key: 'bits', offset: 9, bit: 0 }), 1);
  assert.equal(counted({ verb: 'set-bit', key: 'bits', offset: 9, bit: 0 }), 0);
  assert.equal(counted({ verb: 'set-range', key: 'none', offset: 0, value: '' }), 0);
  assert.equal(counted({ verb: 'increment', key: KEY, by: '1' }), 0);
  assert.equal(counted({ verb: 'increment', key: 'n', by: '1' }), 1);
  assert.equal(counted({ verb: 'expire', key: 'n', ttl: 1000, deadline: 0, when: 'always' }), 1);
  assert.equal(counted({ verb: 'expire', key: 'none', ttl: 1000, deadline: 0, when: 'always' }), 0);
  assert.equal(counted({ verb: 'expire', key: 'n', ttl: 0, deadline: 1, when: 'always' }), 1);
  assert.equal(counted({ verb: 'delete', key: 'none', ifVersion: ANY_VERSION, previous: false }), 0);
  assert.equal(counted({ verb: 'delete', key: 'fresh', ifVersion: ANY_VERSION, previous: true }), 1);
  const steps: Operation = {
    verb: 'transaction',
    key: '',
    conditions: [{ key: KEY, ifVersion: 0, equals: null }],
    then: [],
    otherwise: [put(), get as never, { verb: 'delete', key: 'none', ifVersion: ANY_VERSION, previous: false }],
    lenient: false,
  };
  assert.equal(counted(steps), 1);
  assert.equal(counted({ verb: 'clear', key: '' }), 1);
});
