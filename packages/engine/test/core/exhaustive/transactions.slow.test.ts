/**
 * Transactions over two shards in every order of events, with every single death at every moment (state table in
 * master/transactions/transactions.ts). The oracle: operations take effect in the order they were asked for, as one list.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation, Step, TransactionOperation } from '../../../src/core/data/operation.ts';
import { type Result, Status } from '../../../src/core/data/result.ts';
import { Transactions } from '../../../src/core/master/transactions/transactions.ts';
import { hashSlotOf, shardOfSlot } from '../../../src/core/protocol/slot.ts';
import type { Answered, VirtualCluster } from '../virtual-cluster.ts';
import { type Run, type Scenario, search } from './search.ts';

const SHARDS = 2;
const [A, B] = ['a', 'b'].map((name, shard) => keyIn(shard, name)) as [string, string];

function shardOf(key: string): number {
  return shardOfSlot(hashSlotOf(key), SHARDS);
}

function keyIn(shard: number, name: string): string {
  for (let number = 0; ; number++) if (shardOf(`${name}${number}`) === shard) return `${name}${number}`;
}

/** One operation, and what it must answer: numbers written or read, in the order of its steps. */
interface Asked {
  ask(cluster: VirtualCluster): Answered;
  model(balance: Map<string, number>): number[];
}

function transaction(then: readonly Step[]): TransactionOperation {
  return { verb: 'transaction', key: '', conditions: [], then, otherwise: [], lenient: false };
}

function transfer(from: string, to: string, amount: number): Asked {
  const steps = [
    [from, -amount],
    [to, amount],
  ] as const;
  const operation = transaction(steps.map(([key, by]) => ({ verb: 'increment', key, by: String(by) })));
  return {
    ask: (cluster) => cluster.transact(operation),
    model: (balance) =>
      steps.map(([key, by]) => {
        balance.set(key, balance.get(key)! + by);
        return balance.get(key)!;
      }),
  };
}

const snapshot: Asked = {
  ask: (cluster) =>
    cluster.transact(
      transaction([
        { verb: 'get', key: A },
        { verb: 'get', key: B },
      ]),
    ),
  model: (balance) => [balance.get(A)!, balance.get(B)!],
};

function increment(key: string, by: number): Asked {
  const operation: Operation = { verb: 'increment', key, by: String(by) };
  return {
    ask: (cluster) => cluster.submit(shardOf(key), operation),
    model: (balance) => {
      balance.set(key, balance.get(key)! + by);
      return [balance.get(key)!];
    },
  };
}

function get(key: string): Asked {
  return {
    ask: (cluster) => cluster.submit(shardOf(key), { verb: 'get', key }),
    model: (balance) => [balance.get(key)!],
  };
}

function numbersOf({ status, value, items }: Result): number[] {
  assert.ok(status === Status.ok || status === Status.absent);
  return items === null ? [Number(value ?? 0)] : items.map((item) => Number(item.value ?? 0));
}

function scenario(asked: readonly Asked[], { kills, heals = false }: { kills: number; heals?: boolean }): Scenario {
  return {
    nodes: 2,
    shards: SHARDS,
    replicas: 1,
    kills,
    heals,
    begin(cluster): Run {
      const answers: Answered[] = [];
      const check = (): void => {
        const balance = new Map([A, B].map((key) => [key, 0]));
        for (const [at, { model }] of asked.entries()) {
          const { result, code } = answers[at]!;
          assert.equal(code, null, `operation ${at} failed`);
          assert.ok(result, `operation ${at} was never answered`);
          assert.deepEqual(numbersOf(result), model(balance), `operation ${at}`);
        }
        for (let shard = 0; shard < SHARDS; shard++) {
          const [first, ...others] = cluster.copies(shard);
          for (const other of others) assert.equal(other, first, `copies of shard ${shard}`);
        }
      };
      return {
        steps: asked.map(
          ({ ask }) =>
            () =>
              void answers.push(ask(cluster)),
        ),
        memory: answers,
        check,
      };
    },
  };
}

const SCENARIOS: { readonly [name: string]: Scenario } = {
  'two transfers against each other, a node dying': scenario([transfer(A, B, 5), transfer(B, A, 3)], { kills: 1 }),
  'a transfer among single operations': scenario([increment(A, 7), transfer(A, B, 5), get(B), increment(B, 1)], {
    kills: 0,
  }),
  'a transfer and a single write, a node dying': scenario([transfer(A, B, 5), increment(B, 1)], { kills: 1 }),
  'a transfer and a snapshot, a node dying': scenario([transfer(A, B, 5), snapshot], { kills: 1 }),
};

/** Two shards catching up beside it: some hundred thousand states, minutes. Runs when it is asked for. */
const LONG = { 'a transfer, a node dying and coming back': scenario([transfer(A, B, 5)], { kills: 1, heals: true }) };

for (const [name, each] of Object.entries(process.env.QUINTET_EXHAUSTIVE === 'long' ? LONG : SCENARIOS)) {
  test(name, (t) => {
    const { states, ends } = search(each);
    t.diagnostic(`${states} states, ${ends} ends`);
  });
}

/** What the search is for: each of these breaks one line of the state table. */
const BREAKS: { readonly [name: string]: (insides: Internals) => void } = {
  'reads before the last lock is given': (insides) => {
    const { onLocked } = insides;
    insides.onLocked = function (lock) {
      const { transaction } = lock.sink as unknown as { transaction: { stage: string; awaited: number } };
      if (transaction.stage === 'locking') transaction.awaited = 1;
      onLocked.call(this, lock);
    };
  },
  'decides before all is gathered': (insides) => {
    const { onGathered } = insides;
    insides.onGathered = function (transaction, part, result) {
      if (transaction.stage === 'gathering') transaction.awaited = 1;
      onGathered.call(this, transaction, part, result);
    };
  },
  'lets its locks go before it installs': (insides) => {
    const { install } = insides;
    insides.install = function (transaction, writing) {
      for (const { shard, lock } of transaction.parts) if (lock !== null) shard.queue.unlock(lock);
      for (const { shard } of transaction.parts) shard.queue.tryHeld();
      install.call(this, transaction, writing);
    };
  },
};

/** The methods that are broken, private ones too. */
interface Internals {
  onLocked: (this: unknown, lock: { sink: object }) => void;
  onGathered: (this: unknown, transaction: { stage: string; awaited: number }, part: object, result: Result) => void;
  install: (this: unknown, transaction: { parts: readonly LockedPart[] }, writing: readonly object[]) => void;
}

interface LockedPart {
  readonly shard: { readonly queue: { unlock(lock: object): void; tryHeld(): void } };
  readonly lock: object | null;
}

for (const [name, breakIt] of Object.entries(BREAKS)) {
  test(`finds a coordinator that ${name}`, () => {
    const insides = Transactions.prototype as unknown as Internals;
    const { onLocked, onGathered, install } = insides;
    breakIt(insides);
    try {
      assert.throws(() => {
        for (const each of Object.values(SCENARIOS)) search(each);
      }, /after the choices/);
    } finally {
      Object.assign(insides, { onLocked, onGathered, install });
    }
  });
}
