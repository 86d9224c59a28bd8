/** The way down: what was asked is answered, in every protocol; who does not take it is cut off in the end. */
import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { test } from 'node:test';
import { type RunningServer, type ServerOptions, startServer } from '../src/index.ts';
import { FakeExecutor, fakeCluster } from './support/fake-cluster.ts';
import { request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { open, readAll, readUntil } from './support/sockets.ts';

async function start(
  options: ServerOptions = {},
): Promise<{ server: RunningServer; executor: FakeExecutor; log: RecordedLog }> {
  const executor = new FakeExecutor();
  const log = new RecordedLog();
  return { server: await startServer(fakeCluster(executor), { port: 0, log, ...options }), executor, log };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('shutdown: HTTP under way is answered, idle connections end at once', { timeout: 10_000 }, async () => {
  const { server, executor } = await start();
  const idle = await open(server);
  idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await readUntil(idle, 'ok\n');
  const busy = await open(server);
  executor.delivery = 'by-hand';
  const pipelined = 'GET /v1/keys/none HTTP/1.1\r\nHost: localhost\r\n\r\n';
  busy.write(pipelined + pipelined);
  const answer = readAll(busy);
  await until(() => executor.inFlight === 1);
  const closed = server.close();
  assert.equal(await readAll(idle), '');
  executor.delivery = 'in-order';
  executor.deliver();
  const text = await answer;
  assert.match(text, /^HTTP\/1\.1 404/);
  assert.match(text, /connection: close/i);
  await closed;
});

test('shutdown: gRPC under way is answered', { timeout: 10_000 }, async () => {
  const { server, executor } = await start();
  executor.delivery = 'by-hand';
  const client = connectHttp2(`http://${server.address}`);
  const stream = client.request({
    ':method': 'POST',
    ':path': '/kvstore.server.v1.ServerService/PutValue',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const trailers = new Promise<unknown>((resolve, reject) => {
    stream.once('trailers', (headers) => resolve(headers['grpc-status']));
    stream.once('error', reject);
  });
  stream.resume();
  // {key: "a", value: "b"}
  stream.end(Buffer.from([0, 0, 0, 0, 6, 10, 1, 97, 18, 1, 98]));
  await until(() => executor.inFlight === 1);
  const closed = server.close();
  await new Promise((resolve) => setImmediate(resolve));
  executor.delivery = 'in-order';
  executor.deliver();
  assert.equal(await trailers, '0');
  client.close();
  await closed;
});

test('shutdown: who does not read is cut off when the time is over, and that is told', {
  timeout: 10_000,
}, async () => {
  const { server, executor, log } = await start({ limits: { closeMs: 200 } });
  executor.delivery = 'by-hand';
  const [resp, http] = [await open(server), await open(server)];
  resp.write(request('GET', 'a'));
  http.write('GET /v1/keys/a HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => executor.inFlight === 2);
  const [one, other] = [readAll(resp), readAll(http)];
  await server.close();
  assert.deepEqual([await one, await other], ['', '']);
  const { fields } = log.named('closing-slowly')[0]!;
  assert.deepEqual(fields, { connections: { resp: 1, http: 1, grpc: 0, unknown: 0 }, limitMs: 200 });
  assert.equal(log.named('client-cut-off')[0]!.fields.reason, 'shutdown');
  const told = log.told.map(({ event }) => event).filter((event) => event !== 'client-cut-off');
  assert.deepEqual(told, ['listening', 'closing', 'closing-slowly', 'closed']);
});

test('shutdown: a quick one says nothing of being slow', { timeout: 10_000 }, async () => {
  const { server, log } = await start();
  const sockets = [await open(server), await open(server)];
  sockets[0]!.write(request('SUBSCRIBE', 'c'));
  await readUntil(sockets[0]!, ':1\r\n');
  const ends = sockets.map(readAll);
  await server.close();
  await Promise.all(ends);
  assert.equal(log.named('closing-slowly').length, 0);
});

test('shutdown: await using closes the server, once', { timeout: 10_000 }, async () => {
  const { server, log } = await start();
  {
    await using inScope = server;
    assert.equal(inScope.address, server.address);
  }
  await server.close();
  assert.equal(log.named('closed').length, 1);
});
