/** Faults by a seed: nothing is lost by them, they end, they can be stopped, and what clients saw is linearizable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '@quintet/engine';
import { FAULT_KINDS, type FaultKind, NotLinearizable, TestCluster } from '../../src/index.ts';

const SOON = { nodes: 4, shards: 4, hangLimitMs: 300 };
const QUICK: readonly FaultKind[] = ['kill', 'crash', 'exit'];

/** Several clients at work on a few keys until told to stop. */
async function work(stores: readonly Store[], ended: () => boolean): Promise<number> {
  let calls = 0;
  const one = async (store: Store, client: number): Promise<void> => {
    for (let call = 0; !ended(); call++) {
      const key = `r${call % 3}`;
      await store.put(key, `${client}.${call}`);
      await store.get(key);
      await store.increment('counter');
      if (call % 8 === 0) await store.put('lease', `${client}.${call}`, { ifAbsent: true, ttl: 40 });
      calls += 3;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  await Promise.all(stores.map(one));
  return calls;
}

test('eight faults under load: linearizable, nothing lost, every kind of fault asked for', {
  timeout: 120_000,
}, async (t) => {
  const test = await TestCluster.startFor(t, SOON);
  const stores = [test.record(), test.record(), test.record(), test.record()];
  const run = test.hurt({ seed: 3, faults: 8, gapMs: 60 });
  const [calls] = await Promise.all([work(stores, () => run.ended), run.done]);
  assert.equal(run.faults.length, 8);
  for (const { kind, downAt, restoredAt } of run.faults) {
    assert.ok(FAULT_KINDS.includes(kind) && restoredAt !== null);
    assert.equal(downAt === null, kind === 'slow');
  }
  assert.equal(test.cluster.status().health, 'ok');
  assert.ok(!test.events.some(({ name }) => name === 'shard-lost'));
  const rounds = calls / 3;
  assert.equal(await test.record().get('counter'), rounds);
  const { operations, verdict } = test.assertLinearizable();
  assert.equal(verdict, 'ok');
  assert.ok(operations >= calls, `${operations} operations of ${calls} calls`);
});

test('the same seed hurts the same seats in the same way', { timeout: 60_000 }, async (t) => {
  const chosen: string[][] = [];
  for (let again = 0; again < 2; again++) {
    const test = await TestCluster.startFor(t, SOON);
    const run = test.hurt({ seed: 'twice', faults: 4, kinds: QUICK, gapMs: 20 });
    await run.done;
    chosen.push(run.faults.map(({ kind, node }) => `${kind} ${node.split('#')[0]}`));
  }
  assert.deepEqual(chosen[0], chosen[1]);
});

test('what a test hurt by hand counts: the last copy is left alone', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, { nodes: 2, shards: 1, hangLimitMs: 1_500 });
  const hung = test.hang('n1');
  await using run = test.hurt({ seed: 1, faults: 1, kinds: ['kill'], gapMs: 0 });
  await test.down(hung);
  await test.restored(hung);
  await run.done;
  assert.ok(run.faults[0]!.waitedMs >= 500, 'it waited until there were two copies again');
  assert.ok(!test.events.some(({ name }) => name === 'shard-lost'));
});

test('stop: no more faults, what is slow is let go, what was hurt is whole again', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, SOON);
  const slow = t.mock.method(test.cluster.chaos, 'slow');
  const run = test.hurt({ seed: 9, kinds: ['kill', 'slow'], gapMs: 5 });
  await test.event('node-down');
  while (!run.faults.some(({ kind }) => kind === 'slow')) await test.event('node-down');
  await run.stop();
  const slowed = new Map<string, number>();
  for (const { arguments: args } of slow.mock.calls) slowed.set(args[0], args[1]);
  assert.ok(slowed.size >= 1 && [...slowed.values()].every((ms) => ms === 0));
  const { length } = run.faults;
  assert.ok(run.ended && length >= 1);
  assert.ok(run.faults.every(({ restoredAt }) => restoredAt !== null));
  assert.equal(test.faults.length, length);
  assert.equal(test.cluster.status().health, 'ok');
});

test('beyond: shards are lost, because that was asked for', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, SOON);
  const run = test.hurt({ seed: 1, kinds: QUICK, gapMs: 5, beyond: true });
  const { shard } = await test.event('shard-lost');
  await run.stop();
  assert.ok(test.cluster.status().shards[shard]!.health === 'lost');
});

test('no kinds, no replicas: said at once', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, { ...SOON, replicas: 0 });
  assert.throws(() => test.hurt({ seed: 1, kinds: [], beyond: true }), { code: 'INVALID_OPTION' });
  assert.throws(() => test.hurt({ seed: 1 }), { code: 'INVALID_OPTION' });
});

test('closing a cluster ends the faults under way', { timeout: 60_000 }, async () => {
  const test = await TestCluster.start({ ...SOON, refuseLeaks: true });
  const run = test.hurt({ seed: 4, kinds: QUICK, gapMs: 10 });
  await test.event('node-down');
  await test.close();
  assert.ok(run.ended);
});

test('a store that lies is found out', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, SOON);
  const { cluster } = test;
  const stale: Store = Object.create(cluster, {
    get: { value: async (key: string) => (key === 'k' ? 'first' : cluster.get(key)) },
    put: { value: cluster.put.bind(cluster) },
  });
  const store = test.record(stale);
  await store.put('k', 'first');
  await store.get('k');
  test.assertLinearizable();
  await store.put('k', 'second');
  await store.get('k');
  assert.throws(
    () => test.assertLinearizable(),
    (error) =>
      error instanceof NotLinearizable && /key "k"/.test(error.message) && error.report.violations.length === 1,
  );
});
