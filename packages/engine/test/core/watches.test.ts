/** Watches over what cannot be told: a shard that was lost, changes that waited too long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/core/data/change.ts';
import { plainResult, Status } from '../../src/core/data/result.ts';
import { Watches } from '../../src/core/master/watch/watches.ts';
import type { ErrorCode } from '../../src/core/protocol/errors.ts';
import type { AnswerMessage } from '../../src/core/protocol/messages.ts';
import type { MasterOutbox, WatchSink } from '../../src/core/protocol/outbox.ts';
import { DEFAULT_MASTER_SETTINGS, type MasterSettings } from '../../src/core/protocol/settings.ts';
import { VirtualCluster } from './virtual-cluster.ts';

/** A watcher that writes down what it hears. */
class Listener implements WatchSink {
  readonly heard: string[] = [];
  positions: ReadonlyMap<number, number> | null = null;
  readonly progress = new Map<number, number>();
  ended: ErrorCode | null = null;
  details = '';

  onStart(positions: ReadonlyMap<number, number>): void {
    this.positions = new Map(positions);
  }

  onChanges(changes: readonly Change[]): void {
    for (const { shard, version } of changes) this.heard.push(`${shard}:${version}`);
  }

  onProgress(places: ReadonlyMap<number, number>): void {
    for (const [shard, seq] of places) this.progress.set(shard, seq);
  }

  onEnd(code: ErrorCode, details: string): void {
    assert.equal(this.ended, null, 'ended once');
    this.ended = code;
    this.details = details;
  }
}

const SHARDS = 3;
const ALL = { text: '', shard: null, previous: false } as const;
const only = (shard: number) => ({ text: `key of ${shard}`, shard, previous: false });

/** A position: the seq in each shard. */
const at = (...seqs: number[]): Map<number, number> => new Map(seqs.entries());

/** Watches over shards whose answers the test gives. */
class Subject {
  readonly watches: Watches;
  private readonly shards = Array.from({ length: SHARDS }, (_, shard) => ({
    shard,
    committedSeq: 0,
    queue: { lastRequest: 0, unanswered: { length: 0 } },
  }));

  constructor(settings: Partial<MasterSettings> = {}) {
    const outbox = {
      watchStarted: (sink, positions) => sink.onStart(positions),
      changes: (sink, changes) => sink.onChanges(changes),
      watchProgress: (sink, places) => sink.onProgress(places),
      watchEnded: (sink, code, details) => sink.onEnd(code, details),
    } satisfies Partial<MasterOutbox>;
    this.watches = new Watches({ ...DEFAULT_MASTER_SETTINGS, ...settings }, outbox as MasterOutbox, this.shards);
  }

  watch(filter = ALL as Parameters<Watches['watch']>[0], from: ReadonlyMap<number, number> | null = null): Listener {
    const listener = new Listener();
    this.watches.watch(filter, from, listener);
    return listener;
  }

  put(shard: number, of: object | null = null, value = '', key = `key of ${shard}`): void {
    const state = this.shards[shard]!;
    state.committedSeq += 1;
    const put = { type: 'put', key, value, kind: 0, expiresAt: 0 } as const;
    const effect = of === null ? put : ({ type: 'many', effects: [put] } as const);
    const answer = { type: 'answer', shard, epoch: 1, seq: state.committedSeq, request: 1, effect } as const;
    this.watches.onAnswer({ ...answer, result: plainResult(Status.ok, 0) } as AnswerMessage, of);
  }

  lose(shard: number): void {
    this.watches.onReset(shard, this.shards[shard]!.committedSeq);
  }
}

test('a lost shard ends every watch it may be of, and no other', () => {
  const subject = new Subject();
  const all = subject.watch();
  const [one, other] = [subject.watch(only(1)), subject.watch(only(2))];
  subject.put(1);
  subject.lose(1);
  assert.deepEqual([all.heard, one.heard], [['1:1'], ['1:1']]);
  assert.deepEqual([all.ended, one.ended, other.ended], ['SHARD_LOST', 'SHARD_LOST', null]);
  assert.match(all.details, /shard 1/);
  subject.put(2);
  assert.deepEqual(other.heard, ['2:1']);
});

test('whoever was away during the loss is told so; whoever begins after it hears the shard begin anew', () => {
  const subject = new Subject();
  subject.watch();
  subject.put(0);
  subject.put(1);
  subject.lose(1);
  const after = subject.watch();
  assert.deepEqual([after.positions!.get(1), after.ended], [1, null]);
  for (const from of [0, 1]) {
    const back = subject.watch(only(1), new Map([[1, from]]));
    assert.deepEqual([back.ended, back.positions], ['WATCH_LAGGED', null]);
    assert.match(back.details, /shard 1 was lost with all it held, at version 1/);
  }
  subject.put(1);
  subject.put(1);
  assert.deepEqual(after.heard, ['1:2', '1:3']);
  const resumed = subject.watch(ALL, at(1, 2, 0));
  assert.deepEqual([resumed.heard, resumed.ended], [['1:3'], null], 'a position from after the loss is good');
});

test('a position that was never told is refused: whoever has it would wait in silence', () => {
  const subject = new Subject();
  subject.watch();
  subject.put(1);
  const early = subject.watch(only(1), new Map([[1, 2]]));
  assert.deepEqual([early.ended, early.positions], ['WATCH_LAGGED', null]);
  assert.match(early.details, /shard 1 has come to version 1, and not to 2/);
  subject.put(1);
  const resumed = subject.watch(only(1), new Map([[1, 1]]));
  assert.deepEqual([resumed.heard, resumed.ended], [['1:2'], null]);
});

test('a watch that was still starting ends with the shard', () => {
  const cluster = new VirtualCluster({ nodes: 2, shards: 1, replicas: 0 });
  cluster.settle();
  cluster.submit(0, { verb: 'increment', key: 'k', by: '1' });
  const listener = new Listener();
  cluster.master.watch(ALL, null, listener);
  assert.equal(listener.positions, null, 'it waits for the answer');
  const [node] = cluster.master.shards[0]!.chain;
  cluster.kill(node!, () => 0);
  assert.deepEqual([listener.positions, listener.ended], [null, 'SHARD_LOST']);
  cluster.bootAll();
  cluster.master.resetShard(0, cluster.now);
  cluster.settle();
  const again = new Listener();
  cluster.master.watch(ALL, null, again);
  const answered = cluster.submit(0, { verb: 'increment', key: 'k', by: '1' });
  cluster.settle();
  assert.equal(answered.result?.value, '1', 'what it held is gone');
  assert.equal(again.heard.length, 1);
});

test('whoever watches fewer keys may go on from a position of those who watch more', () => {
  const subject = new Subject();
  subject.watch({ text: 'key', shard: null, previous: true });
  subject.put(1);
  subject.put(1);
  assert.deepEqual(subject.watch(only(1), new Map([[1, 0]])).heard, ['1:1', '1:2']);
  assert.deepEqual(subject.watch({ ...only(1), previous: true }, new Map([[1, 1]])).heard, ['1:2']);
  assert.deepEqual(subject.watch({ text: 'key of', shard: null, previous: false }, at(0, 1, 0)).heard, ['1:2']);
  assert.equal(subject.watch(ALL, at(0, 1, 0)).ended, 'WATCH_LAGGED', 'not who watches more');
});

test('a watch without the values before is none to go on from with them; nor is one key for a prefix', () => {
  const subject = new Subject();
  subject.watch(only(1));
  subject.put(1);
  assert.equal(subject.watch({ ...only(1), previous: true }, new Map([[1, 0]])).ended, 'WATCH_LAGGED');
  assert.equal(subject.watch({ text: 'key of 1', shard: null, previous: false }, at(0, 0, 0)).ended, 'WATCH_LAGGED');
});

test('what waits for a transaction is bounded in bytes: beyond, it is forgotten and everybody concerned is told', () => {
  const subject = new Subject({ watchHeldBytes: 5000 });
  const stuck = {};
  const all = subject.watch();
  const [waits, flows] = [subject.watch(only(0)), subject.watch(only(2))];
  subject.put(1);
  subject.put(0, stuck);
  for (let i = 0; i < 4; i++) subject.put(0, null, 'x'.repeat(1000));
  assert.deepEqual([all.ended, all.heard], [null, ['1:1']], 'not yet');
  subject.put(0, null, 'x'.repeat(1000));
  assert.deepEqual([all.ended, waits.ended, flows.ended], ['WATCH_LAGGED', 'WATCH_LAGGED', null]);
  assert.match(all.details, /more than 5000 bytes waited for a transaction/);
  const back = subject.watch(only(0), new Map([[0, 0]]));
  assert.equal(back.ended, 'WATCH_LAGGED', 'what was forgotten is not passed over');
  const fresh = subject.watch();
  subject.put(1, stuck);
  subject.put(2);
  subject.watches.groupDone(stuck);
  assert.deepEqual(fresh.heard, ['2:1', '1:2']);
  assert.deepEqual(flows.heard, ['2:1']);
  const next = subject.watch(ALL, at(6, 1, 1));
  assert.deepEqual([next.heard, next.ended], [['1:2'], null]);
});

test('a quiet watch is told how far it is, and goes on from there when history has turned over for others', () => {
  const subject = new Subject({ historyChanges: 4 });
  subject.watch();
  const quiet = subject.watch(only(2));
  for (let i = 0; i < 20; i++) {
    subject.put(1);
    subject.put(2, null, '', 'other key');
    subject.watches.endTurn(0);
  }
  assert.deepEqual(quiet.heard, []);
  const place = quiet.progress.get(2)!;
  assert.ok(place >= 18, `came to ${place}: half of the history is new at most`);
  const back = subject.watch(only(2), new Map([[2, place]]));
  assert.deepEqual([back.ended, back.heard, back.progress.get(2)], [null, [], 20]);
  assert.equal(
    subject.watch(only(2), new Map([[2, 0]])).ended,
    'WATCH_LAGGED',
    'which its first place is not good for',
  );
});

test('without history turning over it is told at most every so often, and only of what went on', () => {
  const subject = new Subject({ watchProgressEveryMs: 1000 });
  assert.equal(subject.watches.nextDeadline(), Number.POSITIVE_INFINITY);
  const quiet = subject.watch(only(2));
  subject.put(1);
  subject.watches.endTurn(5);
  assert.deepEqual([...quiet.progress], [[1, 1]]);
  subject.put(1);
  subject.watches.endTurn(6);
  assert.deepEqual([...quiet.progress, subject.watches.nextDeadline()], [[1, 1], 1005]);
  subject.watches.endTurn(1005);
  assert.deepEqual([...quiet.progress], [[1, 2]]);
  assert.equal(subject.watches.nextDeadline(), Number.POSITIVE_INFINITY, 'at rest nothing is due');
});

test('a place never passes a change that waits for a transaction: its parts are all after it, or all before', () => {
  const subject = new Subject({ watchProgressEveryMs: 0 });
  const transaction = {};
  const all = subject.watch();
  subject.put(0);
  subject.put(0, transaction);
  subject.put(0);
  subject.put(1);
  subject.watches.endTurn(1);
  assert.deepEqual(
    [all.heard, [...all.progress]],
    [
      ['0:1', '1:1'],
      [
        [0, 1],
        [1, 1],
      ],
    ],
  );
  subject.put(1, transaction);
  subject.watches.endTurn(2);
  assert.deepEqual(
    [...all.progress],
    [
      [0, 1],
      [1, 1],
    ],
  );
  const away = subject.watch(ALL, new Map(all.progress));
  subject.watches.groupDone(transaction);
  subject.watches.endTurn(3);
  assert.deepEqual(away.heard, ['0:2', '1:2', '0:3'], 'the transaction in one piece');
  const back = subject.watch(ALL, at(1, 1, 0));
  assert.deepEqual(back.heard, away.heard, 'also to who comes back');
  assert.deepEqual(
    [...all.progress],
    [
      [0, 3],
      [1, 2],
    ],
  );
});
