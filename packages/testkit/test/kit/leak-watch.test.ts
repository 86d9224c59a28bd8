/** What is left behind is named: each kind of it, and where it was made. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Leaked, LeakWatch, TestCluster } from '../../src/index.ts';

/** The kinds left when `act` is done, and again when what it returned is called. */
async function leaksOf(act: () => Promise<() => unknown>): Promise<readonly string[]> {
  const watch = new LeakWatch();
  const end = await act();
  const error = await watch.assertNone({ withinMs: 50 }).then(
    () => null,
    (reason: unknown) => reason as Leaked,
  );
  await end();
  if (error !== null) assert.ok(error instanceof Leaked);
  return (error?.leaks ?? []).map(({ text }) => text);
}

async function listening(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('a timer, and not one that was cleared, unref-ed or has gone off', async () => {
  const leaks = await leaksOf(async () => {
    clearTimeout(setTimeout(() => undefined, 60_000));
    const unrefed = setInterval(() => undefined, 60_000).unref();
    await new Promise((resolve) => setTimeout(resolve, 1));
    const left = setInterval(() => undefined, 60_000);
    return () => [clearInterval(unrefed), clearInterval(left)];
  });
  assert.equal(leaks.length, 1, leaks.join());
  assert.match(leaks[0]!, /^a timer, made at .*leak-watch\.test\.ts:\d+:\d+/);
});

test('a listening port, and both ends of a connection', async () => {
  const leaks = await leaksOf(async () => {
    const server = await listening();
    const { port } = server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
    return () => {
      socket.destroy();
      server.close();
    };
  });
  assert.deepEqual(leaks.map((text) => /^a (\w+)/.exec(text)![1]).sort(), ['port', 'socket', 'socket']);
  assert.match(leaks.join('\n'), /a port 127\.0\.0\.1:\d+/);
  assert.match(leaks.join('\n'), /a socket 127\.0\.0\.1:\d+ → 127\.0\.0\.1:\d+/);
});

test('a thread, even if it would not keep the process alive; a message port somebody listens to', async () => {
  const leaks = await leaksOf(async () => {
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await once(worker, 'online');
    worker.unref();
    const { port1 } = new MessageChannel();
    port1.on('message', () => undefined);
    return () => {
      port1.close();
      return worker.terminate();
    };
  });
  assert.deepEqual(leaks.map((text) => /^a ([a-z ]+)/.exec(text)![1]).sort(), ['message port', 'thread']);
});

test('what is closed in time is none', async () => {
  const leaks = await leaksOf(async () => {
    const server = await listening();
    const worker = new Worker('', { eval: true });
    setTimeout(() => server.close(), 10);
    await once(worker, 'exit');
    return () => undefined;
  });
  assert.deepEqual(leaks, []);
});

test('a test cluster leaves nothing, hurt or not; what a test leaves, its close names', {
  timeout: 60_000,
}, async () => {
  {
    await using test = await TestCluster.start({
      nodes: 3,
      shards: 4,
      hangLimitMs: 300,
      server: true,
      refuseLeaks: true,
    });
    await test.cluster.put('k', 1);
    const handle = test.cluster.handle();
    test.kill(test.primaryOf('k'));
    test.hang(test.tailOf('k'), 60_000);
    assert.equal((await fetch(`${test.server.httpUrl}/healthz`).then((answer) => answer.text())).length > 0, true);
    handle.close();
  }
  const test = await TestCluster.start({ nodes: 2, shards: 1, refuseLeaks: true });
  const timer = setInterval(() => undefined, 60_000);
  await assert.rejects(test.close(), (error) => {
    assert.ok(error instanceof Leaked);
    assert.deepEqual(
      error.leaks.map(({ kind }) => kind),
      ['timer'],
    );
    return true;
  });
  clearInterval(timer);
});
