/** Cluster as its user holds it: start, status, events, chaos, loss and reset, handles in threads, the end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MessagePort, Worker } from 'node:worker_threads';
import { attach, Cluster, type ClusterEvents } from '../../src/index.ts';
import { rejects, throws } from '../contract/subject.ts';

const QUIET = { hangLimitMs: 20_000, chaos: true };

describe('Cluster', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  // Waiting for an event is no call under way, and does not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  before(async () => {
    cluster = await Cluster.start({ ...QUIET, nodes: 3, shards: 4 });
  });
  after(async () => {
    clearInterval(alive);
    await cluster.close();
  });

  it('does not start with bad options', async () => {
    await rejects(Cluster.start({ replicas: 5 }), 'INVALID_OPTION');
    await rejects(Cluster.start({ shards: 0 }), 'INVALID_OPTION');
    await rejects(Cluster.start({ replica: 1 } as object), 'INVALID_OPTION');
  });

  it('tells its status as plain data', async () => {
    await cluster.settled();
    await cluster.putMany(Array.from({ length: 400 }, (_, i) => [`k${i}`, i] as const));
    // Nodes tell their counts a few times a second, and no event says so. Two copies of 400 keys.
    while (cluster.status().nodes.reduce((sum, { keys }) => sum + keys, 0) < 800) await delay(5);
    const status = cluster.status();
    assert.deepStrictEqual(JSON.parse(JSON.stringify(status)), status);
    assert.equal(status.health, 'ok');
    assert.deepStrictEqual(
      status.nodes.map(({ node, health }) => [node, health]),
      ['n1', 'n2', 'n3'].map((name) => [name, 'up']),
    );
    assert.equal(status.shards.length, 4);
    assert.deepStrictEqual([status.shards[0]?.slots[0], status.shards[3]?.slots[1]], [0, 16_383]);
    for (const { chain, inSync, wanted, learner } of status.shards) {
      assert.deepStrictEqual([chain.length, inSync, wanted, learner], [2, 2, 2, null]);
      for (const node of chain) assert.match(node, /^n[123]#\d+$/);
    }
    assert.equal(
      status.shards.reduce((sum, { keys }) => sum + keys, 0),
      400,
    );
    assert.equal(
      status.nodes.reduce((sum, { keys }) => sum + keys, 0),
      800,
    );
    assert.ok(status.counters.writes >= 400 && status.counters.inFlight === 0);
  });

  it('tells the death of a node and its repair as events, and loses nothing', async () => {
    const told: (keyof ClusterEvents)[] = [];
    for (const name of ['node-down', 'promoted', 'node-up', 'learner-joined'] as const) {
      cluster.on(name, () => told.push(name));
    }
    const down = once(cluster.events, 'node-down');
    const restored = once(cluster.events, 'redundancy-restored');
    cluster.chaos.kill('n2');
    const calls = Array.from({ length: 400 }, (_, i) => cluster.increment(`k${i}`));
    assert.deepStrictEqual(
      await Promise.all(calls),
      Array.from({ length: 400 }, (_, i) => i + 1),
    );
    const [detail] = (await down) as [ClusterEvents['node-down']];
    assert.equal(detail.node, 'n2#1');
    assert.equal(detail.reason, 'killed');
    assert.ok(Math.abs(detail.at - Date.now()) < 10_000);
    await restored;
    await cluster.settled({ timeoutMs: 20_000 });
    assert.ok(told.includes('promoted') && told.includes('node-up') && told.includes('learner-joined'));
    const status = cluster.status();
    assert.equal(status.health, 'ok');
    assert.equal(status.nodes[1]?.incarnation, 2);
    assert.equal(status.counters.nodeDeaths, 1);
    throws(() => cluster.chaos.kill('n2#1'), 'UNKNOWN_NODE');
  });

  it('once and off', async () => {
    let heard = 0;
    const listener = () => heard++;
    cluster.on('node-down', listener).off('node-down', listener).once('node-down', listener);
    cluster.chaos.exit('n1');
    await once(cluster.events, 'redundancy-restored');
    await cluster.settled();
    assert.equal(heard, 1);
    for (const method of ['on', 'once', 'off'] as const) {
      throws(() => cluster[method]('nodedown' as never, listener), 'INVALID_OPTION');
    }
  });

  it('refuses chaos without the option, and nodes that are none', async () => {
    for (const node of ['n0', 'n4', 'n', '3', 'n1#99', 'N1', '', 'n01x', undefined]) {
      throws(() => cluster.chaos.kill(node as string), 'UNKNOWN_NODE');
      throws(() => cluster.reviveNode(node as string), 'UNKNOWN_NODE');
    }
    for (const ms of [-1, Number.NaN, '5', 1e9]) throws(() => cluster.chaos.hang('n1', ms as number), 'INVALID_OPTION');
    await using calm = await Cluster.start({ nodes: 1, shards: 1, replicas: 0 });
    assert.equal(calm.chaosAllowed, false);
    for (const fault of ['kill', 'crash', 'exit', 'exhaustMemory'] as const) {
      throws(() => calm.chaos[fault]('n1'), 'CHAOS_DISABLED');
    }
    throws(() => calm.chaos.hang('n1', 5), 'CHAOS_DISABLED');
    throws(() => calm.chaos.slow('n1', 5), 'CHAOS_DISABLED');
    assert.equal((await calm.put('alone', 1)).applied, true);
  });

  it('settled can be given up', async () => {
    await using small = await Cluster.start({ ...QUIET, nodes: 2, shards: 2, replicas: 0 });
    small.chaos.kill('n1');
    await rejects(small.settled({ timeoutMs: 30 }), 'TIMEOUT');
    const error = await rejects(small.settled({ signal: AbortSignal.abort('no') }), 'ABORTED');
    assert.equal(error.cause, 'no');
    await rejects(small.settled({ timeout: 5 } as object), 'INVALID_OPTION');
  });

  it('a lost shard says so until it is reset', async () => {
    await using small = await Cluster.start({ ...QUIET, nodes: 2, shards: 2, replicas: 0 });
    await small.putMany(Array.from({ length: 100 }, (_, i) => [`k${i}`, i] as const));
    throws(() => small.resetShard(0), 'NOT_LOST');
    for (const shard of [2, -1, 0.5, 'x', undefined]) throws(() => small.resetShard(shard as number), 'UNKNOWN_SHARD');
    const lost = once(small.events, 'shard-lost');
    small.chaos.kill('n1');
    const [{ shard }] = (await lost) as [ClusterEvents['shard-lost']];
    assert.equal(small.status().health, 'lost');
    assert.equal(small.status().shards[shard]?.health, 'lost');
    await rejects(small.count(), 'SHARD_LOST');
    const reads = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => small.get(`k${i}`)));
    const values = reads.map((read, i) => read.status === 'rejected' || read.value === i);
    assert.ok(values.every(Boolean), 'a value or an error, never an empty answer');
    small.resetShard(shard);
    await small.settled();
    assert.equal(small.status().health, 'ok');
    assert.ok((await small.count()) < 100);
    assert.equal((await small.put('k1', 1)).applied, true);
  });

  it('serves handles in threads, also while nodes die', async () => {
    const handle = cluster.handle();
    assert.ok(handle instanceof MessagePort);
    const body = `
      await store.put('n', 0);
      for (let round = 0; round < 20; round++) {
        await Promise.all(Array.from({ length: 50 }, () => store.increment('n')));
        if (round === 5) send('half');
        await new Promise((done) => setTimeout(done, 5));
      }
      send(await store.get('n'));`;
    const module = new URL('./handle-thread.mjs', import.meta.url);
    const thread = new Worker(module, { workerData: { handle, body }, transferList: [handle] });
    await once(thread, 'message');
    cluster.chaos.crash('n3');
    const [[sum]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
    assert.equal(sum, 1000);
    await cluster.settled();
  });

  it('a scan shows what is there throughout exactly once, although nodes die under it', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `scan:${i}`);
    await cluster.putMany(names.map((name) => [name, 0] as const));
    const seen: string[] = [];
    for await (const key of cluster.keys({ prefix: 'scan:', pageSize: 50 })) {
      seen.push(String(key));
      if (seen.length !== 300 && seen.length !== 1500) continue;
      await cluster.settled();
      cluster.chaos.kill(seen.length === 300 ? 'n1' : 'n2');
    }
    assert.deepStrictEqual(seen.toSorted(), names.toSorted());
    await cluster.settled();
  });

  it('after close nothing works any more, and says so', async () => {
    const closed = await Cluster.start({ nodes: 2, shards: 2 });
    const attached = await attach(closed.handle());
    const waiting = [rejects(closed.put('k', 1), 'CLOSED', 'CLOSED_IN_FLIGHT'), rejects(closed.get('x'), 'CLOSED')];
    const settled = closed.settled().then(String, (error) => error.code);
    const watchers = [closed.watch({ key: 'k' }), attached.watch({ prefix: '' })];
    for (const watcher of watchers) waiting.push(rejects(watcher.next(), 'CLOSED'));
    const ends = [closed.close(), closed.close(), closed[Symbol.asyncDispose]()];
    await Promise.all([...ends, ...waiting]);
    assert.ok(['undefined', 'CLOSED'].includes(await settled));
    await rejects(closed.get('k'), 'CLOSED');
    await rejects(closed.put('k', 1), 'CLOSED');
    await rejects(closed.getMany(['k']), 'CLOSED');
    await rejects(closed.keys().next(), 'CLOSED');
    await rejects(closed.watch({ key: 'k' }).next(), 'CLOSED');
    await rejects(closed.rename('k', 'l'), 'CLOSED');
    await rejects(
      closed.transact((tx) => tx.put('k', 1)),
      'CLOSED',
    );
    await rejects(closed.settled(), 'CLOSED');
    await rejects(attached.get('k'), 'CLOSED');
    throws(() => closed.handle(), 'CLOSED');
    throws(() => closed.status(), 'CLOSED');
    throws(() => closed.resetShard(0), 'CLOSED');
    throws(() => closed.reviveNode('n1'), 'CLOSED');
    await closed.close();
  });

  it('keeps no process alive, closed or not; who waits for a change does', () => {
    const script = `
      import { Cluster } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
      const cluster = await Cluster.start({ nodes: 2, shards: 2 });
      cluster.handle();
      cluster.on('node-up', () => {});
      await cluster.put('k', 'v');
      cluster.watch({ prefix: '', persistent: false }).next();
      const watcher = cluster.watch({ key: 'k' });
      await watcher.ready;
      setTimeout(() => cluster.put('k', 'w'), 100).unref();
      console.log(await cluster.get('k'), (await watcher.next()).value.value);`;
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const flags = ['--conditions=source', '--import', 'tsx', '--input-type=module'];
    const run = spawnSync(process.execPath, [...flags, '--eval', script], {
      cwd: root,
      encoding: 'utf8',
      timeout: 10_000,
    });
    assert.deepStrictEqual([run.status, run.stdout, run.stderr], [0, 'v w\n', '']);
  });
});
