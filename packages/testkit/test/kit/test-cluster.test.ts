/** A cluster for a test: its addresses, faults by hand, waiting, its end. */
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { after, before, describe, it, test } from 'node:test';
import { KvError } from '@quintet/engine';
import { EventNotSeen, NoServer, TestCluster } from '../../src/index.ts';

/** Long enough for a busy machine to blame nobody who was not hurt. */
const QUIET = { nodes: 3, shards: 4, hangLimitMs: 10_000 };

describe('faults by hand', { timeout: 60_000 }, () => {
  let test: TestCluster;
  before(async () => {
    test = await TestCluster.start(QUIET);
  });
  after(() => test.close());

  it('knows where a key is, by its UTF-8', () => {
    const { cluster } = test;
    for (const key of ['a', 'b', 'größe', Buffer.from('größe')]) {
      const { chain } = cluster.status().shards[test.shardOf(key)]!;
      assert.equal(test.primaryOf(key), chain[0]);
      assert.equal(test.tailOf(key), chain[1]);
    }
    assert.equal(test.shardOf('größe'), test.shardOf(Buffer.from('größe')));
  });

  for (const kind of ['kill', 'crash', 'exit'] as const) {
    it(`${kind}: the primary dies, a replica takes over, the copies come back`, async () => {
      await test.cluster.put('k', kind);
      const [primary, tail] = [test.primaryOf('k'), test.tailOf('k')];
      const fault = test[kind](primary);
      assert.equal(fault.node, primary);
      const shard = test.shardOf('k');
      const promoted = await test.event('promoted', { since: fault, where: (detail) => detail.shard === shard });
      assert.equal(promoted.node, tail);
      const { reason } = await test.down(fault);
      assert.equal(reason, { kill: 'killed', crash: 'crashed', exit: 'exited' }[kind]);
      await test.restored(fault);
      assert.ok(fault.restoredAt! >= fault.downAt! && fault.downAt! >= fault.at);
      assert.equal(await test.cluster.get('k'), kind);
      await test.settled();
    });
  }

  it('slow: the node lives, and is as it was when it is let go', async () => {
    const node = test.tailOf('k');
    const fault = test.slow(node, 60);
    const begun = performance.now();
    await test.cluster.put('k', 'slow');
    assert.ok(performance.now() - begun >= 30, 'a write waits for the turn of a slow tail');
    test.letGo(fault);
    await test.restored(fault);
    assert.equal(test.tailOf('k'), node);
  });

  it('takes a life for a life: the next one in the seat is not hurt', async () => {
    const fault = test.kill('n1');
    await test.event('node-up', { since: fault });
    assert.throws(() => test.kill(fault.node), { code: 'UNKNOWN_NODE' });
    assert.equal(test.faults.at(-1), fault, 'what could not be injected is no fault');
    await test.restored(fault);
    await test.settled();
  });

  it('waits for what comes, and not for what was before', async () => {
    const mark = test.mark();
    const fault = test.kill('n2');
    const [down, again] = await Promise.all([
      test.event('node-down', { since: mark }),
      test.event('node-down', { since: fault }),
    ]);
    assert.equal(down, again);
    await assert.rejects(test.event('node-down', { timeoutMs: 50 }), EventNotSeen);
    await test.restored(fault);
    await test.settled();
  });

  it('a condition that throws is the failure of the wait, and of nothing else', async () => {
    const wrong = test.event('node-down', {
      where: () => {
        throw new Error('no such condition');
      },
    });
    const rejected = assert.rejects(wrong, /no such condition/);
    const fault = test.kill('n1');
    await rejected;
    await assert.rejects(
      test.event('node-down', { since: fault, where: () => assert.fail('looking back') }),
      /looking back/,
    );
    await test.restored(fault);
    await test.settled();
  });

  it('says what was seen instead of what a test waited for', async () => {
    const fault = test.kill('n3');
    await test.restored(fault);
    const waiting = test.event('shard-lost', { since: fault, timeoutMs: 20 });
    const error = await waiting.catch((reason: unknown) => reason);
    assert.ok(error instanceof EventNotSeen);
    assert.equal(error.code, 'EVENT_NOT_SEEN');
    assert.match(error.message, /^waited 20 ms for 'shard-lost'; seen instead: node-down node=n3#\d reason=killed/);
    assert.deepEqual(error.seen[0]?.name, 'node-down');
    await test.settled();
  });
});

test('a hang and an exhausted heap are noticed, and what they held comes back', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, { nodes: 3, shards: 4, hangLimitMs: 300 });
  await test.cluster.put('k', 1);
  for (const kind of ['hang', 'exhaustMemory'] as const) {
    const fault = test[kind](test.primaryOf('k'));
    await test.down(fault);
    await test.restored(fault);
    assert.equal(await test.cluster.increment('k', 0), 1);
    await test.settled();
  }
});

test('a lost shard: no copies come back, and waiting for them says so at once', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, { ...QUIET, replicas: 0 });
  assert.throws(() => test.hurt({ seed: 1, faults: 1 }), { code: 'INVALID_OPTION' });
  const fault = test.kill(test.primaryOf('k'));
  const { shard } = await test.event('shard-lost', { since: fault, where: ({ shard }) => shard === test.shardOf('k') });
  assert.throws(() => test.primaryOf('k'), { code: 'SHARD_LOST' });
  await assert.rejects(test.restored(fault), { code: 'SHARD_LOST' });
  await assert.rejects(test.cluster.get('k'), { code: 'SHARD_LOST' });
  for (const lost of test.cluster.status().shards.filter(({ health }) => health === 'lost')) {
    test.cluster.resetShard(lost.shard);
  }
  await test.settled();
  assert.equal(test.shardOf('k'), shard);
  assert.equal(await test.cluster.get('k'), undefined);
});

test('serves on a port of its own, and the port is free afterwards', { timeout: 60_000 }, async () => {
  const test = await TestCluster.start({ ...QUIET, server: { password: 'p/w' } });
  const { port, host, redisUrl, httpUrl, grpcTarget } = test.server;
  assert.equal(host, '127.0.0.1');
  assert.equal(redisUrl, `redis://:p%2Fw@127.0.0.1:${port}`);
  assert.equal(grpcTarget, `127.0.0.1:${port}`);
  const answer = await fetch(`${httpUrl}/healthz`);
  assert.ok(answer.status < 500);
  await answer.body?.cancel();
  await test.close();
  await test.close();
  const refused = await new Promise<NodeJS.ErrnoException>((resolve) =>
    createConnection(port, host).once('error', resolve),
  );
  assert.equal(refused.code, 'ECONNREFUSED');
});

test('without a server there is no address', { timeout: 60_000 }, async (t) => {
  const test = await TestCluster.startFor(t, QUIET);
  assert.throws(() => test.server, NoServer);
});

test('closes everything in the opposite order, whatever fails, and says what did', { timeout: 60_000 }, async () => {
  const test = await TestCluster.start(QUIET);
  const closed: string[] = [];
  test.onClose(() => closed.push(`first, cluster ${test.cluster.status().health}`));
  test.onClose(() => Promise.reject(new Error('no way')));
  test.onClose(() => closed.push('last'));
  const waiting = assert.rejects(
    test.event('shard-lost'),
    /the cluster was closed while a test waited for 'shard-lost'/,
  );
  await assert.rejects(test.close(), /no way/);
  await waiting;
  assert.deepEqual(closed, ['last', 'first, cluster ok']);
  await assert.rejects(test.cluster.get('k'), (error) => error instanceof KvError && error.code === 'CLOSED');
  await assert.rejects(test.event('promoted'), /the cluster is closed/);
});

test('ends with its test, in node:test and in vitest', { timeout: 60_000 }, async () => {
  for (const register of ['after', 'onTestFinished'] as const) {
    const ends: (() => Promise<void>)[] = [];
    const context = { [register]: (end: () => Promise<void>) => ends.push(end) };
    const test = await TestCluster.startFor(context as never, QUIET);
    assert.equal(ends.length, 1);
    await ends[0]!();
    await assert.rejects(test.cluster.get('k'), { code: 'CLOSED' });
  }
});

test('does not start with bad options, and leaves nothing running', { timeout: 60_000 }, async () => {
  await assert.rejects(TestCluster.start({ nodes: 0, refuseLeaks: true }), { code: 'INVALID_OPTION' });
  await assert.rejects(TestCluster.start({ ...QUIET, server: { password: '' } }), { code: 'PASSWORD_REQUIRED' });
});
