/**
 * Transactions over several shards, mixed with single operations, under kills at any step. All operations arrive at one
 * master one after the other, and every one of conflicting keys must take effect in that order: so a plain sequential
 * model says exactly what each must answer, snapshots included.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/core/data/change.ts';
import { type Step, ValueKind } from '../../src/core/data/operation.ts';
import { type Result, Status } from '../../src/core/data/result.ts';
import type { MasterWatch } from '../../src/core/protocol/machines.ts';
import type { WatchSink } from '../../src/core/protocol/outbox.ts';
import { hashSlotOf, shardOfSlot } from '../../src/core/protocol/slot.ts';
import { seeded } from './seeded.ts';
import { type Answered, VirtualCluster } from './virtual-cluster.ts';

interface Expected {
  readonly what: string;
  readonly answered: Answered;
  check(result: Result): void;
}

/** Watches every account, going away and coming back with its position now and then. */
class Watcher implements WatchSink {
  readonly heard = new Map<string, string[]>();
  readonly positions = new Map<number, number>();
  readonly transactions = new Map<number, number>();
  started = false;
  private watch: MasterWatch | null = null;
  private readonly cluster: VirtualCluster;
  private readonly withPrevious: boolean;

  constructor(cluster: VirtualCluster, withPrevious: boolean) {
    this.cluster = cluster;
    this.withPrevious = withPrevious;
    this.come(null);
  }

  come(from: ReadonlyMap<number, number> | null): void {
    this.watch = this.cluster.master.watch({ text: 'account', shard: null, previous: this.withPrevious }, from, this);
  }

  leaveAndComeBack(): void {
    if (!this.started) return;
    this.cluster.master.unwatch(this.watch!, this.cluster.now);
    this.come(new Map(this.positions));
  }

  onStart(positions: ReadonlyMap<number, number>): void {
    this.started = true;
    for (const [shard, seq] of positions) this.positions.set(shard, Math.max(seq, this.positions.get(shard) ?? 0));
  }

  onChanges(changes: readonly Change[]): void {
    const marks = new Set(changes.map(({ transaction }) => transaction).filter((mark) => mark > 0));
    for (const mark of marks) this.transactions.set(mark, (this.transactions.get(mark) ?? 0) + 1);
    for (const { key, value, version, shard, previous } of changes) {
      const list = this.heard.get(key) ?? [];
      this.heard.set(key, list);
      if (this.withPrevious)
        assert.equal(previous?.value, list.at(-1), 'what was there before is what was told before');
      list.push(value);
      this.positions.set(shard, version);
    }
  }

  onProgress(places: ReadonlyMap<number, number>): void {
    for (const [shard, seq] of places) this.positions.set(shard, Math.max(seq, this.positions.get(shard) ?? 0));
  }

  onEnd(code: string): void {
    throw new Error(`the watch ended: ${code}`);
  }
}

function run(seed: number): { kills: number; transactions: number } {
  const random = seeded(seed);
  const replicas = 1 + random(2);
  const nodes = replicas + 1 + random(3);
  const shards = 2 + random(5);
  const settings = { nodes, shards, replicas, creditOperations: 1 + random(30), filterSlots: 1 << random(7) };
  const cluster = new VirtualCluster(settings, { sliceEntries: 1 + random(4), slicesAhead: 1 + random(3) });
  const accounts = Array.from({ length: 6 }, (_, index) => `account${index}`);
  const balance = new Map(accounts.map((account) => [account, 0]));
  const expected: Expected[] = [];
  const watchers = [new Watcher(cluster, false), new Watcher(cluster, true)];
  const changed = new Map<string, string[]>(accounts.map((account) => [account, []]));
  const written = (key: string): void => void changed.get(key)!.push(String(balance.get(key)!));
  const pick = () => accounts[random(accounts.length)]!;
  const sameShard = (keys: string[]) => new Set(keys.map((key) => shardOfSlot(hashSlotOf(key), shards))).size === 1;
  let kills = 0;
  let transactions = 0;

  const transfer = (): void => {
    const [from, to] = [pick(), pick()];
    const amount = 1 + random(9);
    const then: Step[] = [
      { verb: 'increment', key: from, by: String(-amount) },
      { verb: 'increment', key: to, by: String(amount) },
    ];
    const values: number[] = [];
    for (const [key, by] of [
      [from, -amount],
      [to, amount],
    ] as const) {
      balance.set(key, balance.get(key)! + by);
      values.push(balance.get(key)!);
    }
    for (const key of new Set([from, to])) {
      if (from === to && sameShard([from, to])) changed.get(key)!.push(String(balance.get(key)! - amount));
      written(key);
    }
    const answered = cluster.transact({
      verb: 'transaction',
      key: '',
      conditions: [],
      then,
      otherwise: [],
      lenient: false,
    });
    expected.push({
      what: `transfer ${amount} ${from} ${to}`,
      answered,
      check: (result) =>
        assert.deepEqual(
          result.items!.map((item) => Number(item.value)),
          values,
        ),
    });
  };
  const snapshot = (): void => {
    const then: Step[] = accounts.map((key) => ({ verb: 'get', key }));
    const values = accounts.map((account) => balance.get(account)!);
    const answered = cluster.transact({
      verb: 'transaction',
      key: '',
      conditions: [],
      then,
      otherwise: [],
      lenient: false,
    });
    expected.push({
      what: 'snapshot',
      answered,
      check: (result) =>
        assert.deepEqual(
          result.items!.map((item) => Number(item.value ?? 0)),
          values,
        ),
    });
  };
  const conditional = (): void => {
    const [probe, target] = [pick(), pick()];
    const guess = random(2) === 0 ? balance.get(probe)! : balance.get(probe)! + 1;
    const holds = balance.get(probe) === guess && everWritten.has(probe);
    const conditions = [{ key: probe, ifVersion: -1, equals: { value: String(guess), kind: ValueKind.number } }];
    const then: Step[] = [{ verb: 'increment', key: target, by: '0' }];
    const otherwise: Step[] = [{ verb: 'get', key: target }];
    const operation = { verb: 'transaction', key: '', conditions, then, otherwise, lenient: false } as const;
    if (holds) {
      everWritten.add(target);
      written(target);
    }
    const check = (result: Result) => assert.equal(result.status, holds ? Status.ok : Status.conditionFailed);
    expected.push({ what: `if ${probe}`, answered: cluster.transact(operation), check });
  };
  const everWritten = new Set<string>();
  const single = (): void => {
    const key = pick();
    const shard = shardOfSlot(hashSlotOf(key), shards);
    if (random(2) === 0) {
      const value = balance.get(key)!;
      const answered = cluster.submit(shard, { verb: 'get', key });
      expected.push({
        what: `get ${key}`,
        answered,
        check: (result) => assert.equal(Number(result.value ?? 0), value),
      });
      return;
    }
    // In and out again, so that sums stay what they are.
    for (const by of [5, -5]) {
      balance.set(key, balance.get(key)! + by);
      const value = balance.get(key)!;
      written(key);
      const answered = cluster.submit(shard, { verb: 'increment', key, by: String(by) });
      expected.push({ what: `add ${key}`, answered, check: (result) => assert.equal(Number(result.value), value) });
    }
    everWritten.add(key);
  };
  const trackedTransfer = (): void => {
    transfer();
    for (const step of lastSteps()) everWritten.add(step);
  };
  const lastSteps = (): string[] => expected.at(-1)!.what.split(' ').slice(2);

  for (let step = 0; step < 300 + random(900); step++) {
    const dice = random(100);
    if (dice < 8) {
      trackedTransfer();
      transactions += 1;
    } else if (dice < 11) {
      snapshot();
      transactions += 1;
    } else if (dice < 14) {
      conditional();
      transactions += 1;
    } else if (dice < 26) single();
    else if (dice < 27) watchers[random(2)]!.leaveAndComeBack();
    else if (dice < 28) {
      const live = cluster.master.seats.live;
      const victim = live[random(Math.max(1, live.length))];
      const safe = cluster.master.shards.every(({ chain }) => chain.length > 1 || !chain.includes(victim!));
      if (victim !== undefined && safe) {
        kills += 1;
        cluster.kill(victim, (length) => random(length + 1));
      }
    } else if (dice < 33 && cluster.spawning.length > 0)
      cluster.boot(cluster.spawning[random(cluster.spawning.length)]!);
    else if (dice < 38) cluster.work();
    else if (dice < 40) {
      cluster.now += random(20);
      if (cluster.master.nextDeadline() <= cluster.now) cluster.master.tick(cluster.now, []);
    } else {
      const busy = cluster.busy();
      const link = busy[random(busy.length)];
      for (let count = random(4); link !== undefined && count >= 0 && link.queue.length > 0; count--)
        cluster.deliver(link);
    }
  }
  cluster.settle();
  for (const { what, answered, check } of expected) {
    assert.equal(answered.code, null, what);
    assert.notEqual(answered.result, null, `${what} was answered`);
    check(answered.result!);
  }
  for (const watcher of watchers) {
    for (const [key, values] of changed) assert.deepEqual(watcher.heard.get(key) ?? [], values, `changes of ${key}`);
    for (const times of watcher.transactions.values()) assert.equal(times, 1, 'a transaction is told at once');
  }
  for (let shard = 0; shard < shards; shard++) {
    const copies = cluster.copies(shard);
    for (const copy of copies) assert.equal(copy, copies[0], 'copies are equal');
  }
  return { kills, transactions };
}

/** A few: the simulator has more of them, and more faults. */
const SEEDS = 80;

test(`${SEEDS} seeds of transfers, snapshots and conditions, nodes killed at any step`, () => {
  const total = { kills: 0, transactions: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const { kills, transactions } = run(seed);
      total.kills += kills;
      total.transactions += transactions;
    } catch (error) {
      console.error(`seed ${seed}`);
      throw error;
    }
  }
  assert.ok(total.kills > 80 && total.transactions > 2000, JSON.stringify(total));
});

test('a transaction that is refused as its last lock is given lets go of every lock', () => {
  const cluster = new VirtualCluster({ nodes: 3, shards: 4 }, { maxMemoryBytes: 1024 * 1024 });
  cluster.settle();
  const keys = ['account0', 'account1', 'account2'];
  const shards = keys.map((key) => shardOfSlot(hashSlotOf(key), 4));
  assert.ok(new Set(shards).size > 1, 'the keys are of several shards');
  for (const node of cluster.master.seats.live) {
    const usage = { type: 'usage', revision: 0, reservedBytes: 1024 * 1024, full: true, excess: 0 } as const;
    cluster.master.receive(node, usage, cluster.now);
  }
  const put = { verb: 'put', value: 'x', kind: 0, ifVersion: -1, ttl: 0, deadline: 0, previous: false } as const;
  const then = keys.map((key) => ({ ...put, key }));
  const refused = cluster.transact({
    verb: 'transaction',
    key: '',
    conditions: [],
    then,
    otherwise: [],
    lenient: false,
  });
  const reads = keys.map((key, at) => cluster.submit(shards[at]!, { verb: 'get', key }));
  cluster.settle();
  assert.equal(refused.code, 'OUT_OF_MEMORY');
  for (const { result } of reads) assert.equal(result?.status, Status.absent, 'its keys can be read');
});

test('a transaction without keys is answered, not asserted', () => {
  const cluster = new VirtualCluster({ nodes: 3, shards: 4 });
  cluster.settle();
  const empty = { verb: 'transaction', key: '', conditions: [], then: [], otherwise: [], lenient: false } as const;
  assert.deepEqual(cluster.transact(empty).result?.items, []);
});
