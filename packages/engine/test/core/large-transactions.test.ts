/** Transactions over large values: what they read, gather, and tell watchers is bounded before anything is done. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TRANSACTION_READ_MAX } from '../../src/core/data/group/limits.ts';
import {
  ANY_VERSION,
  MUST_EXIST,
  newPut,
  PLAIN_PUT,
  type Step,
  type TransactionOperation,
  ValueKind,
} from '../../src/core/data/operation.ts';
import { type EntryReader, readerOf } from '../../src/core/data/reader.ts';
import { Status } from '../../src/core/data/result.ts';
import { evaluateTransaction } from '../../src/core/data/transaction.ts';
import type { ErrorCode } from '../../src/core/protocol/errors.ts';
import { MASTER } from '../../src/core/protocol/ids.ts';
import type { WatchSink } from '../../src/core/protocol/outbox.ts';
import type { MasterSettings } from '../../src/core/protocol/settings.ts';
import { hashSlotOf, shardOfSlot } from '../../src/core/protocol/slot.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const MIB = 1024 * 1024;
const LARGE = 'x'.repeat(10 * MIB);
const DEAF: WatchSink = { onStart: () => {}, onProgress: () => {}, onChanges: () => {}, onEnd: () => {} };

const transaction = (terms: Partial<TransactionOperation>): TransactionOperation => ({
  verb: 'transaction',
  key: '',
  conditions: [],
  then: [],
  otherwise: [],
  lenient: false,
  ...terms,
});
const remove = (key: string): Step => ({ verb: 'delete', key, ifVersion: ANY_VERSION, previous: false });
const small = (key: string): Step => newPut(key, 'small', ValueKind.text, PLAIN_PUT) as Step;

/** Keys of 10 MiB each, four in either of two shards. */
class Subject {
  readonly cluster: VirtualCluster;
  readonly keys: readonly string[][] = [[], []];

  constructor(settings: Partial<MasterSettings> = {}) {
    this.cluster = new VirtualCluster({ nodes: 1, shards: 2, replicas: 0, ...settings });
    this.cluster.settle();
    for (let at = 0; this.keys.some((keys) => keys.length < 4); at++) {
      const key = `key-${at}`;
      const shard = shardOfSlot(hashSlotOf(key), 2);
      if (this.keys[shard]!.length === 4) continue;
      this.keys[shard]!.push(key);
      this.cluster.submit(shard, newPut(key, LARGE, ValueKind.text, PLAIN_PUT));
      this.cluster.settle();
    }
  }

  get held(): number {
    return [0, 1].reduce(
      (sum, shard) => sum + this.cluster.nodes.values().next().value!.inspect(shard)!.state.data.size,
      0,
    );
  }

  watchPrevious(): void {
    this.cluster.master.watch({ text: 'key-', shard: null, previous: true }, null, DEAF);
  }

  transact(terms: Partial<TransactionOperation>): string {
    const answered = this.cluster.transact(transaction(terms));
    this.cluster.settle();
    return answered.code ?? Object.keys(Status)[answered.result!.status]!;
  }
}

class Listener implements WatchSink {
  began: ReadonlyMap<number, number> | null = null;
  changes = 0;
  readonly ended: ErrorCode[] = [];

  onStart(positions: ReadonlyMap<number, number>): void {
    this.began ??= new Map(positions);
  }

  onProgress(): void {}

  onChanges(changes: readonly unknown[]): void {
    this.changes += changes.length;
  }

  onEnd(code: ErrorCode): void {
    this.ended.push(code);
  }
}

/** Delivers everything; the longest effect that came to the master, with what was there before. */
function settleAndWeigh(cluster: VirtualCluster): number {
  let largest = 0;
  const deliver = cluster.deliver.bind(cluster);
  cluster.deliver = (link) => {
    const message = link.queue[0]!;
    if (link.to === MASTER && message.type === 'answer' && message.effect?.type === 'many') {
      let bytes = 0;
      for (const part of message.effect.effects) {
        if (part.type === 'put') bytes += part.value.length;
        if (part.type !== 'deadline') bytes += part.previous?.value.length ?? 0;
      }
      largest = Math.max(largest, bytes);
    }
    deliver(link);
  };
  cluster.settle();
  return largest;
}

describe('transactions over large values', () => {
  it('of several shards gather no value that nobody needs', () => {
    const subject = new Subject();
    const keys = subject.keys.flat();
    const conditions = keys.map((key) => ({ key, ifVersion: MUST_EXIST, equals: null }));
    assert.equal(subject.transact({ conditions, then: [{ verb: 'stat', key: keys[0]! }] }), 'ok');
    assert.equal(subject.transact({ conditions, then: keys.map((key) => ({ verb: 'get', key })) }), 'valueTooLarge');
    assert.equal(subject.transact({ conditions, then: keys.map(remove) }), 'ok');
    assert.equal(subject.held, 0);
  });

  it('are refused, and nothing is done, if watchers had to be told too much of what was there before', () => {
    const subject = new Subject();
    subject.watchPrevious();
    assert.equal(subject.transact({ then: subject.keys[0]!.map(remove) }), 'valueTooLarge');
    assert.equal(subject.transact({ then: subject.keys.flat().map(remove) }), 'TRANSACTION_TOO_LARGE');
    assert.equal(subject.transact({ then: subject.keys.flat().map(small) }), 'TRANSACTION_TOO_LARGE');
    assert.equal(subject.held, 8);
    assert.equal(subject.transact({ then: subject.keys[0]!.slice(0, 3).map(remove) }), 'ok');
    assert.equal(subject.transact({ then: subject.keys[1]!.slice(0, 3).map(small) }), 'ok');
    assert.equal(subject.held, 5);
  });

  it('that wait to be installed while a watcher comes who would be told too much are done, and that watcher is told so', () => {
    const subject = new Subject({ largeWriteBytes: 64 * 1024 });
    const { cluster, keys } = subject;
    // Its bytes are all that there are: what is decided meanwhile is installed when it is answered.
    cluster.submit(0, newPut('apart', 'x'.repeat(64 * 1024), ValueKind.text, PLAIN_PUT));
    const value = 'y'.repeat(32 * 1024);
    const answered = cluster.transact(
      transaction({ then: keys.flat().map((key) => newPut(key, value, ValueKind.text, PLAIN_PUT) as Step) }),
    );
    const listeners = { previous: new Listener(), quiet: new Listener(), plain: new Listener() };
    cluster.master.watch({ text: 'key-', shard: null, previous: true }, null, listeners.previous);
    cluster.master.watch({ text: 'other-', shard: null, previous: true }, null, listeners.quiet);
    cluster.master.watch({ text: 'key-', shard: null, previous: false }, null, listeners.plain);
    const largest = settleAndWeigh(cluster);
    assert.equal(answered.result?.status, Status.ok);
    assert.ok(largest <= 33 * MIB, `a record of ${largest} bytes`);
    assert.deepEqual(listeners.previous.ended, ['WATCH_LAGGED']);
    assert.deepEqual([listeners.quiet.ended, listeners.plain.ended], [[], []]);
    assert.equal(listeners.plain.changes, 8);
    const late = new Listener();
    cluster.master.watch({ text: 'key-', shard: null, previous: true }, listeners.previous.began, late);
    assert.deepEqual(late.ended, ['WATCH_LAGGED'], 'what was not told is not told later either');
  });

  it('read nothing of what was there before for a watcher that did not ask for it', () => {
    const { cluster, keys } = new Subject();
    cluster.master.watch({ text: 'key-', shard: null, previous: false }, null, DEAF);
    const { data } = cluster.nodes.values().next().value!.inspect(0)!.state;
    let read = 0;
    for (const way of ['get', 'peek'] as const) {
      const original = data[way].bind(data);
      data[way] = (key) => {
        read += 1;
        return original(key);
      };
    }
    cluster.transact(transaction({ then: keys[0]!.map(small) }));
    cluster.submit(0, small(keys[0]![0]!));
    cluster.settle();
    assert.equal(read, 0);
  });

  it('read no more than a node has time for', () => {
    let bytesRead = 0;
    const entry = { value: LARGE, kind: ValueKind.text, version: 1, expiresAt: 0 };
    const read = (): typeof entry => {
      bytesRead += LARGE.length;
      return entry;
    };
    const head = { kind: ValueKind.text, version: 1, expiresAt: 0, valueBytes: LARGE.length };
    const reader: EntryReader = { ...readerOf(read), head: () => head };
    const moment = { time: 0, seq: 2, maxValueBytes: 16 * MIB };
    const outcome = (terms: Partial<TransactionOperation>): Status =>
      evaluateTransaction(transaction(terms), reader, moment).result.status;
    const thousand = <T>(one: T): T[] => Array.from({ length: 1000 }, () => one);

    const expire = { verb: 'expire', key: 'k', ttl: 1000, deadline: 0, when: 'always' } as const;
    const steps = [{ verb: 'stat', key: 'k' } as const, expire];
    const equals = { value: 'other', kind: ValueKind.text };
    const conditions = thousand({ key: 'k', ifVersion: ANY_VERSION, equals });
    assert.equal(outcome({ then: thousand(steps).flat() }), Status.ok);
    assert.equal(outcome({ conditions }), Status.conditionFailed);
    assert.equal(bytesRead, 0);

    const increment = { verb: 'increment', key: 'k', by: '1' } as const;
    assert.equal(outcome({ then: thousand(increment), lenient: true }), Status.valueTooLarge);
    assert.ok(bytesRead <= TRANSACTION_READ_MAX + LARGE.length, `${bytesRead}`);
  });
});
