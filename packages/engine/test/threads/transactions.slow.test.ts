/**
 * Real threads, real deaths, money: transfers between accounts of all shards while nodes are killed. Whatever happens, no
 * snapshot shows a wrong total, and every acknowledged transfer was done exactly once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster, KvError, type Transaction } from '../../src/index.ts';
import { killOneByOne } from './killer.ts';

/** Long limits: eight test processes on two cores must not make a healthy node look hung. */
const CALM = { chaos: true, hangLimitMs: 20_000 };
const ACCOUNTS = Array.from({ length: 100 }, (_, i) => `account:${i}`);
const BALANCE = 1000;
const TOTAL = ACCOUNTS.length * BALANCE;
const CLIENTS = 16;
const RUN_MS = Number(process.env.QUINTET_RUN_MS ?? 3000);

interface Transfer {
  readonly receipt: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

class Bank {
  readonly cluster: Cluster;
  readonly acknowledged: Transfer[] = [];
  conflicts = 0;
  snapshots = 0;
  #stopped = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Half of the clients decide as they read, the others say it all in one round trip. */
  async client(client: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const from = (client * 31 + turn * 7) % ACCOUNTS.length;
      const to = (from + 1 + ((client + turn) % (ACCOUNTS.length - 1))) % ACCOUNTS.length;
      const receipt = `receipt:${client}:${turn}`;
      const transfer = { receipt, from: ACCOUNTS[from]!, to: ACCOUNTS[to]!, amount: 1 + (turn % 10) };
      try {
        await (client % 2 === 0 ? this.#transact(transfer) : this.#transaction(transfer));
        this.acknowledged.push(transfer);
      } catch (error) {
        if (!(error instanceof KvError && error.code === 'CONFLICT')) throw error;
        this.conflicts++;
      }
    }
  }

  #transact({ receipt, from, to, amount }: Transfer): Promise<void> {
    return this.cluster.transact(async (tx: Transaction) => {
      const [source, target] = await tx.getMany<number>([from, to]);
      tx.put(from, source! - amount);
      tx.put(to, target! + amount);
      assert.equal(await tx.has(receipt), false, 'not done before');
      tx.put(receipt, [from, to, amount]);
    });
  }

  async #transaction({ receipt, from, to, amount }: Transfer): Promise<void> {
    const { succeeded } = await this.cluster.transaction({
      if: [{ key: receipt, exists: false }],
      then: [
        { increment: from, by: -amount },
        { increment: to, by: amount },
        { put: receipt, value: [from, to, amount] },
      ],
    });
    assert.equal(succeeded, true, 'not done before');
  }

  /** Reads all accounts at one moment, again and again. */
  async auditor(): Promise<void> {
    while (!this.#stopped) {
      const balances = await this.cluster.getMany<number>(ACCOUNTS, { snapshot: true });
      assert.equal(sum(balances), TOTAL, 'a snapshot shows the total');
      this.snapshots++;
    }
  }

  /** Balances are what the receipts make of them, and the receipts are the acknowledged transfers. */
  async verify(): Promise<void> {
    const balances = new Map(ACCOUNTS.map((account) => [account, BALANCE]));
    const receipts: string[] = [];
    for await (const [receipt, done] of this.cluster.entries<[string, string, number]>({ prefix: 'receipt:' })) {
      const [from, to, amount] = done;
      receipts.push(String(receipt));
      balances.set(from, balances.get(from)! - amount);
      balances.set(to, balances.get(to)! + amount);
    }
    const acknowledged = this.acknowledged.map(({ receipt }) => receipt);
    assert.deepStrictEqual(receipts.sort(), acknowledged.sort());
    assert.deepStrictEqual(await this.cluster.getMany(ACCOUNTS), [...balances.values()]);
  }
}

function sum(balances: readonly (number | undefined)[]): number {
  return balances.reduce<number>((total, balance) => total + balance!, 0);
}

test('transfers over all shards from 16 clients while nodes die', { timeout: 120_000 }, async (t) => {
  await using cluster = await Cluster.start(CALM);
  await cluster.putMany(
    ACCOUNTS.map((account) => [account, BALANCE] as const),
    { atomic: true },
  );
  const bank = new Bank(cluster);
  const clients = Array.from({ length: CLIENTS }, (_, client) => bank.client(client));
  const work = Promise.all([...clients, bank.auditor(), bank.auditor()]).finally(() => bank.stop());
  const endsAt = performance.now() + RUN_MS;
  const kills = killOneByOne(cluster, { everyMs: 150, until: () => performance.now() > endsAt });
  await Promise.race([work, kills]);
  bank.stop();
  await work;
  const killed = await kills;
  await bank.verify();
  const { acknowledged, conflicts, snapshots } = bank;
  t.diagnostic(`${killed} kills, ${acknowledged.length} transfers, ${conflicts} conflicts, ${snapshots} snapshots`);
  assert.ok(killed >= 3 && acknowledged.length > 100 && snapshots > 10);
  assert.ok(conflicts < acknowledged.length / 20, `${conflicts} conflicts`);
});

test('a transaction on a lost shard fails whole, others go on', { timeout: 60_000 }, async () => {
  await using cluster = await Cluster.start({ ...CALM, nodes: 2, shards: 4, replicas: 0 });
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  await cluster.putMany(
    keys.map((key) => [key, 0] as const),
    { atomic: true },
  );
  cluster.chaos.kill('n1');
  const lost = new Set(cluster.status().shards.flatMap(({ shard, health }) => (health === 'lost' ? [shard] : [])));
  assert.ok(lost.size > 0 && lost.size < 4);
  const isLost = (key: string) => lost.has(cluster.executor.shardOf(key));
  const write = (of: readonly string[]) => cluster.transaction({ then: of.map((key) => ({ increment: key })) });
  const error = await write(keys).catch((caught: unknown) => caught);
  assert.ok(error instanceof KvError && error.code === 'SHARD_LOST' && error.outcome === 'not-applied', String(error));
  const alive = keys.filter((key) => !isLost(key));
  assert.equal((await write(alive)).results.length, alive.length);
  assert.deepStrictEqual(new Set(await cluster.getMany(alive, { snapshot: true })), new Set([1]));
  const both = [alive[0]!, keys.find(isLost)!];
  const moved = await cluster.rename(both[0]!, both[1]!).catch((caught: unknown) => caught);
  assert.ok(moved instanceof KvError && moved.code === 'SHARD_LOST', String(moved));
  assert.equal(await cluster.get(both[0]!), 1);
});
