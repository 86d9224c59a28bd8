/**
 * Watches while nodes die under load: every committed change is heard once, in the order of its key, its transaction together;
 * by a watcher beside the cluster, by one in between that comes and goes with its position, by one in another thread.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Cluster, KvError, type WatchPosition } from '../../src/index.ts';
import { killOneByOne } from './killer.ts';

const CALM = { chaos: true, hangLimitMs: 20_000 };
const WRITERS = 8;
const KILLS = Number(process.env.QUINTET_KILLS ?? 20);
/** What tells a watcher that all is written. */
const END = 'w:end';

interface Heard {
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
  readonly transaction: number | undefined;
}

/** Each writer counts up a key of its own, and every tenth time two keys together with its neighbour's prefix. */
class Writers {
  readonly cluster: Cluster;
  /** What each key was last acknowledged to be. */
  readonly written = new Map<string, number>();
  #stopped = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)));
    await this.cluster.put(END, 'end');
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(writer: number): Promise<void> {
    const [single, one, two] = [`w:${writer}`, `w:${writer}:one`, `w:${writer}:two`];
    for (let turn = 1; !this.#stopped; turn++) {
      if (turn % 10 === 0) {
        const value = turn / 10;
        await this.cluster.transaction({ then: [one, two].map((key) => ({ put: key, value })) });
        this.written.set(one, value).set(two, value);
      }
      await this.cluster.put(single, turn);
      this.written.set(single, turn);
    }
  }

  /** Every key's values are 1, 2, 3 … up to what was acknowledged, under growing versions. */
  verify(heard: readonly Heard[]): void {
    const last = new Map<string, Heard>();
    for (const change of heard) {
      if (change.key === END) continue;
      const before = last.get(change.key);
      assert.equal(change.value, Number(before?.value ?? 0) + 1, `${change.key}: next in order, once`);
      assert.ok(change.version > (before?.version ?? 0), `${change.key}: versions grow`);
      last.set(change.key, change);
    }
    assert.deepStrictEqual([...last].map(([key, { value }]) => [key, value]).sort(), [...this.written].sort());
  }
}

/** The two changes of each transaction stand side by side. */
function verifyTogether(heard: readonly Heard[]): void {
  const seen = new Set<number>();
  heard.forEach(({ transaction, key }, at) => {
    if (transaction === undefined) return;
    const twin = seen.has(transaction) ? heard[at - 1] : heard[at + 1];
    assert.equal(twin?.transaction, transaction, `${key} stands beside its twin`);
    seen.add(transaction);
  });
}

async function hearAll(cluster: Cluster): Promise<Heard[]> {
  const heard: Heard[] = [];
  for await (const change of cluster.watch({ prefix: 'w:' })) {
    heard.push({ ...change, key: String(change.key) });
    if (change.key === END) return heard;
  }
  return heard;
}

/** Watches transaction after transaction, and leaves after every few hundred to come back with the position. */
async function hearInParts(cluster: Cluster): Promise<{ heard: Heard[]; parts: number }> {
  const heard: Heard[] = [];
  let from: WatchPosition | undefined;
  for (let parts = 1; ; parts++) {
    const watcher = cluster.watch({ prefix: 'w:', ...(from === undefined ? undefined : { from }) });
    let inThis = 0;
    for await (const batch of watcher.batches()) {
      heard.push(...batch.map((change) => ({ ...change, key: String(change.key) })));
      inThis += batch.length;
      from = JSON.parse(JSON.stringify(watcher.position));
      if (batch[0]!.key === END) return { heard, parts };
      if (inThis >= 300) break;
    }
  }
}

test(`watches across ${KILLS} kills under load hear everything once and in order`, { timeout: 180_000 }, async (t) => {
  await using cluster = await Cluster.start(CALM);
  const handle = cluster.handle();
  const body = `
    const heard = [];
    const watcher = store.watch({ prefix: 'w:' });
    await watcher.ready;
    send('watching');
    for await (const { key, value, version, transaction } of watcher) {
      heard.push({ key, value, version, transaction });
      if (key === ${JSON.stringify(END)}) break;
    }
    send(heard);`;
  const module = new URL('../client/handle-thread.mjs', import.meta.url);
  const thread = new Worker(module, { workerData: { handle, body }, transferList: [handle] });
  await once(thread, 'message');
  const afar = once(thread, 'message').then(([heard]) => heard as Heard[]);
  const here = hearAll(cluster);
  const inParts = hearInParts(cluster);
  const writers = new Writers(cluster);
  const writing = writers.run();
  const kills = killOneByOne(cluster, { everyMs: 50, until: (done) => done >= KILLS });
  await Promise.race([kills, writing, here, inParts, afar]);
  writers.stop();
  await Promise.all([kills, writing]);
  const parted = await inParts;
  for (const heard of [await here, await afar, parted.heard]) {
    writers.verify(heard);
    verifyTogether(heard);
  }
  t.diagnostic(`${await kills} kills, ${(await here).length} changes, one watcher came back ${parted.parts - 1} times`);
  assert.ok(parted.parts > 1);
});

test('a lost shard ends its watches, and after resetShard a new one hears it begin anew', {
  timeout: 60_000,
}, async () => {
  await using cluster = await Cluster.start({ ...CALM, nodes: 2, shards: 4, replicas: 0 });
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  const everything = cluster.watch({ prefix: '' });
  await everything.ready;
  await cluster.putMany(keys.map((key) => [key, 1] as const));
  for (let heard = 0; heard < keys.length; heard++) await everything.next();
  const { position } = everything;
  const lost = new Set<number>();
  cluster.on('shard-lost', ({ shard }) => lost.add(shard));
  const keyOf = (gone: boolean) => keys.find((key) => lost.has(cluster.executor.shardOf(key)) === gone)!;
  const watchers = new Map(keys.map((key) => [key, cluster.watch({ key })] as const));
  await Promise.all([...watchers.values()].map(({ ready }) => ready));
  cluster.chaos.kill('n1');
  const codeOf = (error: unknown) => (error instanceof KvError ? error.code : String(error));
  assert.equal(await everything.next().catch(codeOf), 'SHARD_LOST');
  assert.ok(lost.size > 0 && lost.size < 4);
  assert.equal(await watchers.get(keyOf(true))!.next().catch(codeOf), 'SHARD_LOST');

  await using anew = cluster.watch({ prefix: '' });
  await anew.ready;
  for (const shard of lost) cluster.resetShard(shard);
  await cluster.settled();
  assert.equal(await cluster.watch({ prefix: '', from: position! }).next().catch(codeOf), 'WATCH_LAGGED');
  await cluster.put(keyOf(true), 'anew');
  await cluster.put(keyOf(false), 'as before');
  const first = await anew.next();
  const second = await anew.next();
  assert.deepEqual([first.value?.value, second.value?.value], ['anew', 'as before']);
  const stayed = await watchers.get(keyOf(false))!.next();
  assert.equal(stayed.value?.value, 'as before', 'a watch of another shard goes on');
});
