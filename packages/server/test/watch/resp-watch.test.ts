/** QUINTET WATCH over real sockets, before a real cluster: what is told, in which order, and that nothing is lost or held. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster, formatPosition } from '@quintet/engine';
import { type RunningServer, startServer } from '../../src/index.ts';
import { type Page, watchingClient } from './watching-client.ts';

let cluster: Cluster;
let server: RunningServer;

before(async () => {
  cluster = await Cluster.start({ nodes: 3, shards: 4, chaos: true, hangLimitMs: 20_000 });
  server = await startServer(cluster, { port: 0 });
});

after(async () => {
  await server?.close();
  await cluster?.close();
});

const client = () => watchingClient(server.port);

test('a read begins now, the next go on: each change with kind, version and deadline, a transaction in one piece', async () => {
  await using watcher = await client();
  const { position, changes } = await watcher.read('PREFIX', 'a:');
  assert.deepEqual(changes, []);
  const { version } = await cluster.put('a:text', 'grüß', { ttl: 60_000 });
  await cluster.put('b:other', 1);
  await cluster.put('a:number', 5);
  await cluster.delete('a:number');
  const pair = ['a:one', 'a:two'].map((key) => ({ put: key, value: new Uint8Array([0, 255]) }));
  await cluster.transaction({ then: pair });
  const heard = await watcher.readAll(['PREFIX', 'a:'], position, 5);
  const [put, ...rest] = heard.filter(({ transaction }) => transaction === 0);
  assert.deepEqual([put!.type, put!.key, put!.kind, put!.value], ['put', 'a:text', 'text', 'grüß']);
  assert.equal(put!.version, version);
  assert.ok(put!.expiresAt > Date.now());
  assert.deepEqual(
    rest.map(({ type, key, kind, value }) => [type, key, kind, value]),
    [
      ['put', 'a:number', 'number', '5'],
      ['delete', 'a:number', null, null],
    ],
  );
  const together = heard.flatMap(({ transaction }, at) => (transaction === 0 ? [] : [at]));
  assert.equal(together.length, 2);
  assert.equal(together[1], together[0]! + 1);
  assert.equal(new Set(together.map((at) => heard[at]!.transaction)).size, 1);
});

test('a read waits for a change, as long as it is told to, and no other waits beside it', async () => {
  await using watcher = await client();
  const nothing = await watcher.read('KEY', 'quiet', 'BLOCK', '20');
  assert.deepEqual(nothing.changes, []);
  const waiting = watcher.read('KEY', 'quiet', 'FROM', nothing.position, 'BLOCK', '0');
  const beside = assert.rejects(watcher.read('KEY', 'quiet'), /waits on this connection already/);
  await watcher.arrived();
  await cluster.put('quiet', 'no more');
  const { changes, position } = await waiting;
  await beside;
  assert.deepEqual([changes.length, changes[0]!.value], [1, 'no more']);
  assert.deepEqual((await watcher.read('KEY', 'quiet', 'FROM', position)).changes, []);
  assert.equal((await watcher.read('KEY', 'quiet', 'FROM', nothing.position)).changes.length, 1, 'asked again');
});

test('a key from a version, with the values before', async () => {
  const { version } = await cluster.put('counted', 1);
  await using watcher = await client();
  const since = await watcher.read('KEY', 'counted', 'FROM', String(version), 'PREVIOUS');
  assert.deepEqual(since.changes, []);
  await cluster.increment('counted');
  const next = await watcher.read('KEY', 'counted', 'FROM', since.position, 'PREVIOUS', 'BLOCK', '0');
  assert.deepEqual(next.changes[0]!.previous, ['number', '1']);
});

test('COUNT ends a reply, but never within a transaction', async () => {
  await using watcher = await client();
  let { position } = await watcher.read('PREFIX', 'c:');
  for (let i = 0; i < 10; i++) await cluster.put('c:single', i);
  const keys = Array.from({ length: 7 }, (_, i) => `c:${i}`);
  await cluster.transaction({ then: keys.map((key) => ({ put: key, value: 1 })) });
  const sizes: number[] = [];
  for (let heard = 0; heard < 17; heard += sizes.at(-1)!) {
    const page: Page = await watcher.read('PREFIX', 'c:', 'FROM', position, 'COUNT', '3', 'BLOCK', '0');
    assert.ok(page.changes.length <= 9);
    const inside = page.changes.filter(({ transaction }) => transaction > 0).length;
    assert.ok(inside === 0 || inside === 7, `${inside} of the transaction`);
    position = page.position;
    sizes.push(page.changes.length);
  }
  assert.ok(sizes.length >= 4);
});

test('connections that break lose nothing and repeat nothing, while nodes die under load', {
  timeout: 90_000,
}, async () => {
  const WRITERS = 8;
  const TURNS = 300;
  let watcher = await client();
  let { position } = await watcher.read('PREFIX', 'w:');
  const write = async (writer: number): Promise<void> => {
    for (let turn = 1; turn <= TURNS; turn++) {
      if (turn % 5 > 0) await cluster.put(`w:${writer}`, turn);
      else
        await cluster.transaction({ then: ['', ':twin'].map((twin) => ({ put: `w:${writer}${twin}`, value: turn })) });
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  const killing = (async () => {
    for (let kill = 0; kill < 6; kill++) {
      cluster.chaos.kill(`n${1 + (kill % 3)}`);
      await cluster.settled();
    }
  })();
  const last = new Map<string, number>();
  const wanted = (WRITERS * TURNS * 6) / 5;
  let breaks = 0;
  for (let heard = 0, reads = 1; heard < wanted; reads++) {
    const page = await watcher.read('PREFIX', 'w:', 'FROM', position, 'BLOCK', '1000', 'COUNT', '50');
    for (const { key, value } of page.changes) {
      const step = key.endsWith(':twin') ? 5 : 1;
      assert.equal(Number(value), (last.get(key) ?? 0) + step, `${key}: next in order, once`);
      last.set(key, Number(value));
    }
    heard += page.changes.length;
    position = page.position;
    if (reads % 7 > 0) continue;
    // In the middle of a read: its reply is lost.
    void watcher.read('PREFIX', 'w:', 'FROM', position, 'BLOCK', '1000').catch(() => undefined);
    await watcher[Symbol.asyncDispose]();
    watcher = await client();
    breaks++;
  }
  await Promise.all([writing, killing]);
  assert.ok([...last.values()].every((value) => value === TURNS) && last.size === 2 * WRITERS && breaks > 3);
  await watcher[Symbol.asyncDispose]();
});

test('what is not known any more is an error: another life of the cluster, a history that does not reach back', async () => {
  await using watcher = await client();
  const elsewhere = formatPosition({ cluster: 'another', versions: { 0: 1 } });
  await assert.rejects(watcher.read('PREFIX', '', 'FROM', elsewhere), /^ReplyError: WATCHLAGGED .*another cluster/);
  const { position } = await watcher.read('PREFIX', 'flood');
  for (let round = 0; round < 10; round++) {
    await cluster.putMany(Array.from({ length: 500 }, () => ['flood', 'x'.repeat(2000)] as const));
  }
  await using late = await client();
  await assert.rejects(late.read('PREFIX', 'flood', 'FROM', position), /^ReplyError: WATCHLAGGED .*since version/);
});

test('wrong requests are refused in words', async () => {
  await using watcher = await client();
  const rows: [string[], RegExp][] = [
    [['KEY'], /wrong number of arguments/],
    [['KEY', 'a', 'PREFIX', 'a'], /takes KEY or PREFIX/],
    [['COUNT', '1'], /takes KEY or PREFIX/],
    [['KEY', 'a', 'KEY', 'b'], /syntax error/],
    [['KEY', 'a', 'FROM'], /syntax error/],
    [['KEY', 'a', 'FROM', 'yesterday'], /from must be a position of a watch/],
    [['PREFIX', 'a', 'FROM', '3'], /fromVersion is of one key/],
    [['KEY', 'a', 'BLOCK', '-1'], /BLOCK must be from 0/],
    [['KEY', 'a', 'COUNT', '0'], /COUNT must be from 1/],
    [['KEY', 'a', 'COUNT', 'x'], /not an integer/],
    [['KEY', 'x'.repeat(70_000)], /the key is longer/],
    [['PREFIX', 'x'.repeat(70_000)], /the key is longer/],
  ];
  for (const [args, message] of rows) await assert.rejects(watcher.read(...args), message, args.join(' ').slice(0, 40));
  const { redis } = watcher;
  assert.equal(await redis.call('MULTI'), 'OK');
  await assert.rejects(watcher.read('KEY', 'a'), /not allowed inside a transaction/);
  await redis.call('DISCARD');
  const [[, , flags]] = (await redis.call('COMMAND', 'INFO', 'quintet|watch')) as [[string, number, string[]]];
  assert.ok(flags.includes('blocking'));
  await redis.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  await redis.call('SLOWLOG', 'RESET');
  await watcher.read('KEY', 'a', 'BLOCK', '5');
  assert.ok(!JSON.stringify(await redis.call('SLOWLOG', 'GET')).includes('WATCH'), 'waiting is not slowness');
});

test('a password is needed where there is one', async () => {
  const locked = await startServer(cluster, { port: 0, password: 'secret' });
  const stranger = await watchingClient(locked.port);
  await assert.rejects(stranger.read('PREFIX', '', 'BLOCK', '0'), /NOAUTH/);
  await stranger.redis.call('AUTH', 'secret');
  assert.deepEqual((await stranger.read('PREFIX', '')).changes, []);
  await stranger[Symbol.asyncDispose]();
  await locked.close();
});

test('a server that closes answers who waits', async () => {
  const closing = await startServer(cluster, { port: 0 });
  const watcher = await watchingClient(closing.port);
  const { position } = await watcher.read('PREFIX', 'z:');
  const waiting = watcher.read('PREFIX', 'z:', 'FROM', position, 'BLOCK', '0');
  await watcher.arrived();
  const begun = performance.now();
  const [page] = await Promise.all([waiting, closing.close()]);
  assert.deepEqual([page.changes, page.position], [[], position]);
  assert.ok(performance.now() - begun < 1500, 'without waiting for the last resort');
  await watcher[Symbol.asyncDispose]();
});

test('a lost shard is told, then changes of what is left and of what begins anew', async () => {
  await using frail = await Cluster.start({ nodes: 2, shards: 4, replicas: 0, chaos: true });
  const front = await startServer(frail, { port: 0 });
  const watcher = await watchingClient(front.port);
  const { position } = await watcher.read('PREFIX', '');
  const waiting = watcher.read('PREFIX', '', 'FROM', position, 'BLOCK', '0');
  await watcher.arrived();
  const lost = new Set<number>();
  frail.on('shard-lost', ({ shard }) => lost.add(shard));
  frail.chaos.kill('n1');
  await assert.rejects(waiting, /^ReplyError: CLUSTERDOWN every copy of the shard is gone: shard \d/);
  await assert.rejects(watcher.read('PREFIX', '', 'FROM', position), /WATCHLAGGED .* was lost with all it held/);
  const anew = await watcher.read('PREFIX', '');
  for (const shard of lost) frail.resetShard(shard);
  const key = Array.from({ length: 50 }, (_, i) => `k${i}`).find((name) => lost.has(frail.executor.shardOf(name)))!;
  await frail.settled();
  await frail.put(key, 1);
  const heard = await watcher.read('PREFIX', '', 'FROM', anew.position, 'BLOCK', '0');
  assert.equal(heard.changes[0]!.key, key);
  await watcher[Symbol.asyncDispose]();
  await front.close();
});
