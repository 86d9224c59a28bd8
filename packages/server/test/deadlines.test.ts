/** How long a connection may keep its place without doing what it came for. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { type RunningServer, type ServerOptions, startServer } from '../src/index.ts';
import { SocketTransport } from '../src/listen/socket-transport.ts';
import { certificate, NO_OPENSSL } from './support/certificate.ts';
import { fakeCluster } from './support/fake-cluster.ts';
import { request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { open, readAll, readUntil } from './support/sockets.ts';

type Limits = NonNullable<ServerOptions['limits']>;

async function withServer(
  options: ServerOptions & { limits: Limits },
  run: (server: RunningServer, log: RecordedLog) => Promise<void>,
): Promise<void> {
  const log = new RecordedLog();
  const server = await startServer(fakeCluster(), { port: 0, log, ...options });
  try {
    await run(server, log);
  } finally {
    await server.close();
  }
}

async function isServed(socket: Socket): Promise<void> {
  socket.write('PING\r\n');
  assert.equal(await readUntil(socket, '\r\n'), '+PONG\r\n');
}

function reasons(log: RecordedLog): unknown[] {
  return log.named('client-cut-off').map(({ fields }) => [fields.protocol, fields.reason]);
}

test('deadlines: with a password, who is silent or does not give it loses the place', { timeout: 10_000 }, async () => {
  await withServer({ password: 'secret', limits: { loginMs: 1000 } }, async (server, log) => {
    const known = await open(server);
    known.write(request('AUTH', 'secret'));
    assert.equal(await readUntil(known, '\r\n'), '+OK\r\n');
    const [silent, talking] = [await open(server), await open(server)];
    talking.write('PING\r\n');
    assert.equal(await readAll(silent), '');
    assert.equal(await readAll(talking), '-NOAUTH Authentication required.\r\n');
    assert.deepEqual(reasons(log).sort(), [
      ['resp', 'not-authenticated'],
      ['unknown', 'not-authenticated'],
    ]);
    await isServed(known);
    known.destroy();
  });
});

test('deadlines: without one silence is no fault, half a line is', { timeout: 10_000 }, async () => {
  await withServer({ limits: { firstLineMs: 100 } }, async (server, log) => {
    const silent = await open(server);
    const half = await open(server);
    half.write('GET /v1/ke');
    assert.equal(await readAll(half), '');
    assert.deepEqual(reasons(log), [['unknown', 'handshake']]);
    await isServed(silent);
    silent.destroy();
  });
});

test('deadlines: half a TLS handshake', { skip: NO_OPENSSL, timeout: 10_000 }, async () => {
  await withServer({ tls: certificate(), limits: { firstLineMs: 100 } }, async (server, log) => {
    const socket = await open(server);
    socket.write(Buffer.from([0x16, 3, 1, 2, 0]));
    await readAll(socket);
    assert.deepEqual(reasons(log), [['tls', 'handshake']]);
  });
});

test('deadlines: HTTP that trickles, in its head and in its body', { timeout: 10_000 }, async () => {
  await withServer({ limits: { httpHeadMs: 100, httpRequestMs: 200 } }, async (server) => {
    const head = await open(server);
    head.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
    await readAll(head);
    const body = await open(server);
    body.write('PUT /v1/keys/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc');
    await readAll(body);
  });
});

test('deadlines: `timeout` ends who is idle, not who listens or waits', { timeout: 20_000 }, async () => {
  await withServer({ limits: { idleSeconds: 1 } }, async (server, log) => {
    const [idle, silent] = [await open(server), await open(server)];
    const [listening, waiting] = [await open(server), await open(server)];
    idle.write('PING\r\n');
    listening.write(request('SUBSCRIBE', 'c'));
    waiting.write(request('DEBUG', 'SLEEP', '4'));
    await readUntil(listening, ':1\r\n');
    assert.equal(await readAll(idle), '+PONG\r\n');
    assert.equal(await readAll(silent), '');
    assert.deepEqual(reasons(log).sort(), [
      ['resp', 'idle'],
      ['unknown', 'idle'],
    ]);
    const other = await open(server);
    other.write(request('CONFIG', 'GET', 'timeout') + request('CONFIG', 'SET', 'timeout', '0'));
    assert.match(await readUntil(other, '+OK'), /timeout\r\n\$1\r\n1\r\n/);
    other.destroy();
    assert.equal(await readUntil(waiting, '\r\n'), '+OK\r\n');
    await isServed(waiting);
    for (const socket of [listening, waiting]) socket.destroy();
  });
});

test('deadlines: a client that does not read its last replies, and one that does not hang up', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [reads, milliseconds] of [
    [false, 30_000],
    [true, 1000],
  ] as const) {
    const socket = new Duplex({
      read: () => {},
      write: (_chunk, _encoding, done) => void (reads && done()),
      final: (done) => done(),
      autoDestroy: false,
    });
    const transport = new SocketTransport(socket as Socket, false);
    transport.write('last words');
    transport.end();
    if (reads) socket.emit('finish');
    t.mock.timers.tick(milliseconds - 1);
    assert.equal(socket.destroyed, false);
    t.mock.timers.tick(1);
    assert.equal(socket.destroyed, true);
  }
});

test('deadlines: who was refused for want of a place keeps none', { timeout: 10_000 }, async () => {
  await withServer({ maxClients: 1, limits: {} }, async (server, log) => {
    const first = await open(server);
    await isServed(first);
    const refused = await open(server);
    assert.equal(await readUntil(refused, '\r\n'), '-ERR max number of clients reached\r\n');
    // It does not hang up; the server does.
    const write = setInterval(() => refused.write('x'), 50);
    await new Promise((resolve) => refused.once('close', resolve));
    clearInterval(write);
    assert.equal(log.named('connection-refused').length, 1);
    await isServed(first);
    first.destroy();
  });
});
