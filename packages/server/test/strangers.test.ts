/** Connections that have not given the password: how long they stay, what they may hold, who goes for whom, and guesses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { ADDRESS_GUESSES } from '../src/access/guess-limits.ts';
import { STRANGER_BYTES, Strangers } from '../src/access/strangers.ts';
import { type RunningServer, type ServerOptions, startServer } from '../src/index.ts';
import { fakeCluster } from './support/fake-cluster.ts';
import { connect, request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { open, readAll, readUntil } from './support/sockets.ts';

async function withServer(
  options: ServerOptions,
  run: (server: RunningServer, log: RecordedLog) => Promise<void>,
): Promise<void> {
  const log = new RecordedLog();
  const server = await startServer(fakeCluster(), { port: 0, log, password: 'secret', ...options });
  try {
    await run(server, log);
  } finally {
    await server.close();
  }
}

function reasons(log: RecordedLog): unknown[] {
  return log.named('client-cut-off').map(({ fields }) => `${fields.protocol} ${fields.reason}`);
}

const GUESS = '/kvstore.server.v2.KeyValueService/Get';
const HEALTH = '/grpc.health.v1.Health/Check';

type Client = ReturnType<typeof connectHttp2>;

function grpcClient(server: RunningServer): Client {
  const client = connectHttp2(`http://${server.address}`);
  client.on('error', () => {});
  return client;
}

/** The gRPC status of one call with an empty message. */
async function grpcStatus(client: Client, path: string, password: string): Promise<number> {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = client.request({ ...headers, authorization: `Bearer ${password}` });
  stream.end(Buffer.alloc(5));
  let status = Number.NaN;
  const read = (fields: Record<string, unknown>): void => {
    if (fields['grpc-status'] !== undefined) status = Number(fields['grpc-status']);
  };
  stream.on('response', read).on('trailers', read).resume();
  await once(stream, 'close');
  return status;
}

async function ask(socket: Socket, ...words: string[]): Promise<string> {
  socket.write(request(...words));
  return readUntil(socket, '\r\n');
}

function httpStatus(socket: Socket, path: string, password: string): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${password}\r\n\r\n`);
  return readUntil(socket, '}\n').then((text) => text.slice(9, 12));
}

test('strangers: in no protocol does anybody stay without the password', { timeout: 10_000 }, async () => {
  await withServer({ limits: { loginMs: 1000 } }, async (server, log) => {
    const [http, knownHttp] = [await open(server), await open(server)];
    http.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal(await httpStatus(knownHttp, '/v1/status', 'secret'), '200');
    const [grpc, knownGrpc] = [grpcClient(server), grpcClient(server)];
    assert.equal(await grpcStatus(grpc, HEALTH, ''), 0);
    assert.notEqual(await grpcStatus(knownGrpc, GUESS, 'secret'), 16, 'it is let in');
    await Promise.all([readAll(http), once(grpc, 'close')]);
    assert.deepEqual(reasons(log).sort(), ['grpc not-authenticated', 'http not-authenticated']);
    assert.equal(await httpStatus(knownHttp, '/v1/status', 'secret'), '200');
    assert.equal(knownGrpc.closed, false);
    knownHttp.destroy();
    knownGrpc.destroy();
  });
});

test('strangers: RESET makes one again, with its time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const strangers = new Strangers(true, 1000);
  const ends: string[] = [];
  const guest = strangers.admit({ cutOff: (reason) => ends.push(reason) });
  guest.known(true);
  t.mock.timers.tick(5000);
  guest.known(false);
  t.mock.timers.tick(999);
  assert.deepEqual([guest.isStranger, ends], [true, []]);
  t.mock.timers.tick(1);
  assert.deepEqual([guest.isStranger, ends], [false, ['not-authenticated']]);
  guest.known(false);
  assert.equal(guest.isStranger, false, 'it is gone');
  assert.equal(new Strangers(false, 1000).admit({ cutOff: () => {} }).isStranger, false, 'no password, no strangers');
});

test('strangers: the oldest makes place for a newcomer when the house is full', { timeout: 10_000 }, async () => {
  await withServer({ maxClients: 3 }, async (server, log) => {
    const known = await open(server);
    assert.equal(await ask(known, 'AUTH', 'secret'), '+OK\r\n');
    const [oldest, silent] = [await open(server), await open(server)];
    oldest.write('PING\r\n');
    await readUntil(oldest, '\r\n');
    const gone = readAll(oldest);
    const newcomer = await open(server);
    assert.equal(await ask(newcomer, 'AUTH', 'secret'), '+OK\r\n');
    assert.equal(await gone, '');
    assert.deepEqual(reasons(log), ['resp displaced']);
    const another = await open(server);
    assert.equal(await ask(another, 'AUTH', 'secret'), '+OK\r\n');
    assert.equal(await readAll(silent), '');
    const refused = await open(server);
    assert.equal(await readAll(refused), '-ERR max number of clients reached\r\n', 'all are known by now');
    assert.equal(await ask(known, 'PING'), '+PONG\r\n');
    for (const socket of [known, newcomer, another]) socket.destroy();
  });
});

test('strangers: RESP holds 64 KB each way for one, and reads no further', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { feed, quiet, session, transport } = connect({ password: 'secret' });
  transport.stuck = true;
  for (let count = 0; count < 40 && !transport.paused; count++) {
    feed('PING\r\n'.repeat(5000));
    await quiet();
  }
  assert.equal(transport.paused, true);
  assert.ok(session.outputBytes <= STRANGER_BYTES + 100, `${session.outputBytes} of output`);
  assert.ok(session.queryBytes <= STRANGER_BYTES, `${session.queryBytes} of input`);
  const guessing = connect({ password: 'secret' });
  guessing.feed(request('AUTH', 'wrong'));
  for (let count = 0; count < 40 && !guessing.transport.paused; count++) guessing.feed('PING\r\n'.repeat(5000));
  assert.ok(guessing.session.heldBytes <= STRANGER_BYTES, `${guessing.session.heldBytes} held`);
  const large = connect({ password: 'secret' });
  large.feed(request('ECHO', ...Array.from({ length: 6 }, () => 'x'.repeat(16_000))));
  await large.quiet();
  assert.match(large.transport.written, /^-ERR Protocol error: too big request/);
});

test('strangers: who holds more than that all the same is cut off', () => {
  const strangers = new Strangers(true, 1000);
  const ends: string[] = [];
  const small = { heldBytes: STRANGER_BYTES, cutOff: () => ends.push('small') };
  const large = { heldBytes: 4 * STRANGER_BYTES, cutOff: () => ends.push('large') };
  const guests = [small, large, large].map((holder) => strangers.admit(holder));
  guests[2]!.known(true);
  assert.equal(strangers.trim(), 1);
  assert.deepEqual(ends, ['large']);
  guests[0]!.left();
});

test('strangers: after too many guesses nothing is compared, in any protocol; who works already goes on', {
  timeout: 20_000,
}, async () => {
  await withServer({}, async (server) => {
    const http = await open(server);
    assert.equal(await httpStatus(http, '/v1/status', 'secret'), '200');
    const [grpc, grpcGuesser] = [grpcClient(server), grpcClient(server)];
    const right = await grpcStatus(grpc, GUESS, 'secret');
    const guesses = Array.from({ length: ADDRESS_GUESSES.burst + 5 }, () => grpcStatus(grpcGuesser, GUESS, 'wrong'));
    const found = await Promise.all(guesses);
    assert.equal(found.filter((status) => status === 16).length, ADDRESS_GUESSES.burst, String(found));
    assert.equal(found.filter((status) => status === 8).length, 5);
    assert.equal(await grpcStatus(grpcGuesser, GUESS, 'secret'), 8, 'the right one too');
    const [late, resp] = [await open(server), await open(server)];
    assert.equal(await httpStatus(late, '/v1/status', 'secret'), '429');
    assert.match(await ask(resp, 'AUTH', 'secret'), /^-THROTTLED too many wrong passwords/);
    assert.equal(await httpStatus(http, '/v1/status', 'secret'), '200');
    assert.equal(await grpcStatus(grpc, GUESS, 'secret'), right);
    assert.equal(await httpStatus(http, '/v1/status', 'wrong'), '401');
    assert.equal(await httpStatus(http, '/v1/status', 'secret'), '429', 'one guess ends the trust');
    for (const socket of [http, late, resp]) socket.destroy();
    grpc.destroy();
    grpcGuesser.destroy();
  });
});
