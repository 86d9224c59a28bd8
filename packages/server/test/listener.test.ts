import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { type RunningServer, type ServerOptions, ServerStartError, startServer } from '../src/index.ts';
import { FakeExecutor, fakeCluster } from './support/fake-cluster.ts';
import { request } from './support/fake-transport.ts';

async function withServer(
  options: ServerOptions,
  run: (server: RunningServer, executor: FakeExecutor) => Promise<void>,
): Promise<void> {
  const executor = new FakeExecutor();
  const server = await startServer(fakeCluster(executor), { port: 0, ...options });
  try {
    await run(server, executor);
  } finally {
    await server.close();
  }
}

async function open(server: RunningServer): Promise<Socket> {
  const socket = connect({ port: server.port, host: server.host, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  if (!socket.destroyed && !socket.readableEnded) await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.destroy();
  return text;
}

/** Sends, ends, and reads all. */
async function exchange(server: RunningServer, ...pieces: string[]): Promise<string> {
  const socket = await open(server);
  const reading = readAll(socket);
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.end();
  return reading;
}

test('listener: answers over a socket, also to a client that ends at once', async () => {
  await withServer({}, async (server) => {
    assert.equal(await exchange(server, 'PING\r\n'), '+PONG\r\n');
    assert.equal(
      await exchange(server, 'P', 'IN', 'G\r\nSET a "1 2"\r\n', 'GET a\r\n'),
      '+PONG\r\n+OK\r\n$3\r\n1 2\r\n',
    );
    assert.equal(
      await exchange(server, request('INCR', 'n').repeat(3000)),
      Array.from({ length: 3000 }, (_, n) => `:${n + 1}\r\n`).join(''),
    );
    assert.equal(await exchange(server, 'PING\r\nQUIT\r\nPING\r\n'), '+PONG\r\n+OK\r\n');
  });
});

test('listener: what is not RESP is never run as RESP', async () => {
  await withServer({}, async (server, executor) => {
    const body = request('SET', 'a', '1');
    const others = [
      `POST / HTTP/1.1\r\nHost: localhost:1338\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `GET / HTTP/1.1\r\n\r\nSET a 1\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00',
      'Host: localhost\r\nSET a 1\r\n',
    ];
    // HTTP is answered as HTTP (or not at all), gRPC in frames; nobody gets a reply of RESP.
    for (const text of others) assert.doesNotMatch(await exchange(server, text), /^[+\-:$*]/m, text);
    assert.doesNotMatch(await exchange(server, 'POS', 'T / HT', 'TP/1.1\r\nSET a 1\r\n'), /^[+\-:$*]/m);
    assert.equal(executor.submitted.length, 0);
  });
});

test('listener: a protocol error reaches the client though it sends on', async () => {
  await withServer({}, async (server) => {
    const text = await exchange(server, '*1\r\n$x\r\n', 'x'.repeat(100_000));
    assert.equal(text, '-ERR Protocol error: invalid bulk length\r\n');
  });
});

test('listener: large values come and go whole', async () => {
  await withServer({}, async (server) => {
    const value = 'v'.repeat(16 * 1024 * 1024);
    const text = await exchange(server, request('SET', 'a', value) + request('GET', 'a').repeat(3));
    assert.equal(text.length, 5 + 3 * (value.length + `$${value.length}\r\n\r\n`.length));
  });
});

test('listener: a client that pipelines large reads and takes its time gets them all', async () => {
  await withServer({}, async (server, executor) => {
    const value = 'v'.repeat(1_000_000);
    await exchange(server, request('SET', 'a', value));
    const socket = await open(server);
    // The first reads go in before anything is known of their size; the later ones wait until those are taken.
    for (let part = 0; part < 4; part++) {
      socket.write(request('GET', 'a').repeat(25), 'latin1');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(executor.submitted.length < 60, `${executor.submitted.length} submitted`);
    socket.end();
    assert.equal((await readAll(socket)).length, 100 * (value.length + '$1000000\r\n\r\n'.length));
  });
});

test('listener: too many clients', { timeout: 20_000 }, async () => {
  await withServer({ maxClients: 2 }, async (server) => {
    const one = await open(server);
    const two = await open(server);
    const three = await open(server);
    assert.equal(await readAll(three), '-ERR max number of clients reached\r\n');
    one.destroy();
    await once(one, 'close');
    // The server learns of it in a turn of its own: refused until then.
    let reply: string;
    do reply = await exchange(server, 'PING\r\n');
    while (reply.startsWith('-ERR max number'));
    assert.equal(reply, '+PONG\r\n');
    two.destroy();
  });
});

test('listener: close answers what was asked, and is idempotent', async () => {
  const executor = new FakeExecutor();
  executor.delivery = 'by-hand';
  const server = await startServer(fakeCluster(executor), { port: 0 });
  const socket = await open(server);
  const idle = await open(server);
  const reading = readAll(socket);
  socket.write(request('SET', 'a', '1') + request('GET', 'a'), 'latin1');
  while (executor.inFlight < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = [server.close(), server.close()];
  setTimeout(() => executor.deliver(), 20);
  assert.equal(await reading, '+OK\r\n$1\r\n1\r\n');
  await Promise.all(closed);
  idle.destroy();
});

test('listener: a port in use, a bad address, exposure without a password', async () => {
  await withServer({}, async (server) => {
    const start = (options: ServerOptions): Promise<RunningServer> => startServer(fakeCluster(), options);
    const failsWith = (code: string, text: RegExp) => (thrown: unknown) =>
      thrown instanceof ServerStartError && thrown.code === code && text.test(thrown.message);
    await assert.rejects(
      start({ port: server.port }),
      failsWith('PORT_IN_USE', new RegExp(`127.0.0.1:${server.port}.*in use`)),
    );
    await assert.rejects(
      start({ host: '192.0.2.1', port: 0, password: 'x' }),
      failsWith('ADDRESS_NOT_AVAILABLE', /192/),
    );
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.org']) {
      await assert.rejects(start({ host, port: 0 }), failsWith('PASSWORD_REQUIRED', /Give a password/));
    }
    await assert.rejects(start({ port: 0, password: '' }), failsWith('PASSWORD_REQUIRED', /empty/));
  });
});

test('listener: beyond loopback without a password only where that is said', async () => {
  await withServer({ host: '0.0.0.0', open: true }, async (server) => {
    assert.equal(await exchange({ ...server, host: '127.0.0.1' }, request('PING')), '+PONG\r\n');
  });
});

test('listener: with a password, also beyond loopback', async () => {
  await withServer({ host: '0.0.0.0', password: 'pässword' }, async (server) => {
    const auth = request('AUTH', Buffer.from('pässword').toString('latin1'));
    assert.equal(
      await exchange({ ...server, host: '127.0.0.1' }, `${request('PING')}${auth}${request('PING')}`),
      '-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n',
    );
  });
});
