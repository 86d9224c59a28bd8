/** Reads that the master answers by itself, over a cluster in virtual time: when it does, and when it must not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_VERSION, type Operation, type PutOperation, type StatOperation } from '../../src/core/data/operation.ts';
import { type Result, Status } from '../../src/core/data/result.ts';
import type { WatchSink } from '../../src/core/protocol/outbox.ts';
import type { MasterSettings, NodeSettings } from '../../src/core/protocol/settings.ts';
import { VirtualCluster } from './virtual-cluster.ts';

const KEY = 'key';
const get = { verb: 'get', key: KEY } as const;

function put(value: string, more: Partial<PutOperation> = {}): PutOperation {
  return {
    verb: 'put',
    key: KEY,
    value,
    kind: 0,
    ifVersion: ANY_VERSION,
    ttl: 0,
    deadline: 0,
    previous: false,
    ...more,
  };
}

class Subject {
  readonly cluster: VirtualCluster;

  constructor(master: Partial<MasterSettings> = {}, node: Partial<NodeSettings> = {}) {
    this.cluster = new VirtualCluster({ nodes: 3, shards: 1, replicas: 1, ...master }, node);
    this.cluster.settle();
  }

  /** Asks and waits for the answer, as if nothing were cached. */
  do(operation: Operation): Result {
    const answered = this.ask(operation);
    this.cluster.settle();
    return { ...answered.result! };
  }

  ask(operation: Operation): { result: Result | null } {
    return this.cluster.submit(0, operation);
  }

  /** What the master answers by itself. */
  known(operation: Operation = get): Result | null {
    const result = this.cluster.master.readAtOnce(operation as typeof get, () => this.cluster.now);
    return result === null ? null : { ...result };
  }
}

test('a key that was read is answered at once; one that was not, or is absent, is not', () => {
  const subject = new Subject();
  const { version } = subject.do(put('value'));
  assert.equal(subject.known(), null);
  const read = subject.do(get);
  assert.deepEqual(subject.known(), read);
  assert.deepEqual([read.value, read.version], ['value', version]);
  subject.do({ verb: 'get', key: 'absent' });
  assert.equal(subject.known({ verb: 'get', key: 'absent' }), null);
});

test('its value is shown in place under the same terms, unless it is structured', () => {
  const subject = new Subject();
  const shown = (): string | null => {
    const bytes = Buffer.from(`--${KEY}--`);
    const value = subject.cluster.master.showAtOnce(
      { bytes, from: 2, length: KEY.length },
      1001,
      () => subject.cluster.now,
    );
    if (value === null) return null;
    const { words, at, length } = value;
    return Buffer.from(words.buffer, words.byteOffset + 4 * at, length).toString('latin1');
  };
  for (const value of ['', 'v', 'val', 'value', 'x'.repeat(1001), '\xff\0']) {
    subject.do(put(value, { ttl: 5_000 }));
    assert.equal(shown(), null);
    subject.do(get);
    const { hits } = subject.cluster.master.cache;
    assert.equal(shown(), value);
    assert.equal(subject.cluster.master.cache.hits, hits + 1);
    const writing = subject.ask(put('other'));
    assert.equal(shown(), null);
    subject.cluster.settle();
    assert.equal(writing.result?.status, Status.ok);
  }
  subject.do(put('soon gone', { ttl: 5_000 }));
  subject.do(get);
  assert.equal(shown(), 'soon gone');
  subject.cluster.now += 5_000;
  assert.equal(shown(), null);
  subject.do(put('structured', { kind: 2 }));
  subject.do(get);
  assert.equal(shown(), null);
});

test('a look is answered too; one that tells more, or is a use, goes to the tail', () => {
  const subject = new Subject();
  subject.do(put('value', { ttl: 5_000 }));
  subject.do(get);
  const look = (more: Partial<StatOperation> = {}): StatOperation => ({ verb: 'stat', key: KEY, ...more });
  assert.deepEqual(subject.known(look()), subject.do(look()));
  for (const more of [{ uses: true }, { tells: 'idle' }, { tells: 'value' }] as const) {
    assert.equal(subject.known(look(more)), null);
  }
});

test('while a write of its slot is under way nothing is answered at once, then what it wrote', () => {
  const subject = new Subject();
  subject.do(put('old'));
  subject.do(get);
  const writing = subject.ask(put('new'));
  assert.equal(subject.known(), null);
  subject.cluster.settle();
  assert.deepEqual([subject.known()?.value, subject.known()?.version], ['new', writing.result!.version]);
});

test('nor while it is held, waits for credit, is locked, or the shard is being cleared', () => {
  const held: Record<string, (subject: Subject) => void> = {
    'a write held behind a direct read': (subject) => {
      subject.ask({ verb: 'get', key: KEY });
      subject.ask(put('new'));
    },
    'a write that waits for credit': (subject) => {
      subject.ask({ verb: 'get', key: 'other' });
      subject.ask(put('new'));
    },
    'a clear': (subject) => subject.ask({ verb: 'clear', key: '' }),
    'a transaction': (subject) => {
      const then = [put('new')];
      subject.ask({ verb: 'transaction', key: '', conditions: [], then, otherwise: [], lenient: false });
    },
  };
  for (const [what, hold] of Object.entries(held)) {
    const subject = new Subject(what.includes('credit') ? { creditOperations: 1 } : {});
    subject.do(put('old'));
    subject.do(get);
    assert.equal(subject.known()?.value, 'old', what);
    hold(subject);
    assert.equal(subject.known(), null, what);
  }
});

test('past its deadline an entry is not answered, whoever has removed it', () => {
  const subject = new Subject();
  subject.do(put('value', { ttl: 100 }));
  const { expiresAt } = subject.do(get);
  subject.cluster.now = expiresAt - 1;
  assert.equal(subject.known()?.value, 'value');
  subject.cluster.now = expiresAt;
  assert.equal(subject.known(), null);
  assert.equal(subject.do(get).status, Status.absent);
});

test('a failover changes nothing: what is accepted is still accepted', () => {
  const subject = new Subject();
  subject.do(put('value'));
  subject.do(get);
  const { chain } = subject.cluster.master.shards[0]!;
  subject.cluster.kill(chain.at(-1)!, () => 0);
  assert.equal(subject.known()?.value, 'value', 'also while its tail is dead');
  subject.cluster.settle();
  assert.equal(subject.known()?.value, 'value');
});

test('a lost shard answers nothing, nor does it after its reset', () => {
  const subject = new Subject({ replicas: 0 });
  subject.do(put('value'));
  subject.do(get);
  subject.cluster.kill(subject.cluster.master.shards[0]!.chain[0]!, () => 0);
  assert.equal(subject.cluster.master.shards[0]!.lost, true);
  assert.equal(subject.known(), null);
  subject.cluster.master.resetShard(0, subject.cluster.now);
  subject.cluster.settle();
  assert.equal(subject.known(), null);
  assert.equal(subject.do(get).status, Status.absent);
});

test('who is told of a change, and reads, sees it: the cache knows first', () => {
  const subject = new Subject();
  subject.do(put('old'));
  subject.do(get);
  const seen: (string | null)[] = [];
  const sink: WatchSink = {
    onStart: () => {},
    onChanges: () => seen.push(subject.known()?.value ?? null),
    onProgress: () => {},
    onEnd: () => {},
  };
  subject.cluster.master.watch({ text: KEY, shard: 0, previous: false }, null, sink);
  subject.do(put('new'));
  assert.deepEqual(seen, ['new']);
});

test('an own removal of the primary is followed; reads it overtakes are not kept', () => {
  const subject = new Subject();
  subject.do(put('value', { ttl: 100 }));
  subject.do(get);
  const { cache } = subject.cluster.master;
  assert.equal(cache.size, 1);
  subject.cluster.now += 1_000;
  subject.cluster.master.tick(subject.cluster.now, []);
  subject.cluster.settle();
  assert.equal(cache.size, 0, 'the record of its expiry was accepted');
});

test('where eviction goes by uses, tail and primary hear of what was answered at once; else nobody does', () => {
  for (const evicts of [true, false]) {
    const eviction = evicts ? 'allkeys-lru' : 'noeviction';
    const subject = new Subject({ eviction }, { eviction });
    subject.do(put('value'));
    subject.do(get);
    subject.cluster.now += 60_000;
    assert.equal(subject.known()?.value, 'value');
    subject.cluster.settle();
    const { chain } = subject.cluster.master.shards[0]!;
    for (const id of chain) {
      const idleMs = subject.cluster.nodes.get(id)!.inspect(0)!.state.data.idleMs(KEY);
      assert.equal(idleMs < 10_000, evicts, `${eviction}: idle for ${idleMs} ms`);
    }
  }
});

test('cached reads count as reads that found their key', () => {
  const subject = new Subject();
  subject.do(put('value'));
  subject.do(get);
  const { master } = subject.cluster;
  const [reads, hits] = [master.shards[0]!.reads, master.tally.hits];
  subject.known();
  assert.deepEqual([master.shards[0]!.reads - reads, master.tally.hits - hits, master.cache.hits], [1, 1, 1]);
});

test('a decoded copy is answered while its entry may be, and ends with it', () => {
  const subject = new Subject();
  const { master } = subject.cluster;
  const copy = (): unknown => master.copyAtOnce('Key', () => subject.cluster.now);
  subject.do(put('value', { ttl: 5_000 }));
  const { expiresAt } = subject.do(get);
  assert.equal(copy(), undefined);
  master.keepCopy('Key', KEY, 'decoded');
  assert.equal(copy(), 'decoded');
  subject.ask(put('new'));
  assert.equal(copy(), undefined, 'a write is under way');
  subject.cluster.settle();
  assert.equal(copy(), undefined, 'the entry is another');
  subject.do(put('value', { ttl: 5_000 }));
  subject.do(get);
  master.keepCopy('Key', KEY, 'decoded');
  subject.cluster.now = expiresAt + 60_000;
  assert.equal(copy(), undefined, 'past its deadline');
});

test('closed, it answers nothing', () => {
  const subject = new Subject();
  subject.do(put('value'));
  subject.do(get);
  subject.cluster.master.close();
  assert.equal(subject.known(), null);
  assert.equal(subject.cluster.master.cache.bytes, 0);
});
