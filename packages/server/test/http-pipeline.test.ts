/** Requests that a client sends without waiting for answers: how many are read, what they count, and that all are answered. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Guard } from '../src/http/guard.ts';
import { HttpFront } from '../src/http/http-front.ts';
import { DEFAULT_LIMITS } from '../src/listen/limits.ts';
import { ServerContext } from '../src/state/server-context.ts';
import { FakeExecutor, fakeCluster } from './support/fake-cluster.ts';

/** One read of a socket, and what is behind it in its head. */
const READ_BYTES = 80 * 1024;

const get = (path: string, ...headers: string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`;

let context: ServerContext;
let executor: FakeExecutor;
let face: HttpFront;
let listener: Server;
/** The server's end of the connection, and the client's. */
let served: Socket;
let client: Socket;
/** The status lines so far, and what may be the beginning of another. */
const statuses: string[] = [];
let rest = '';

before(async () => {
  listener = createServer((socket) => {
    served = socket;
    face.take(socket, context.strangers.admit({ cutOff: () => socket.destroy() }));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
});

after(() => listener.close());

beforeEach(async () => {
  executor = new FakeExecutor();
  executor.delivery = 'by-hand';
  context = new ServerContext(fakeCluster(executor), { limits: DEFAULT_LIMITS, maxClients: 10, password: undefined });
  face = new HttpFront(context, new Guard(context, []));
  statuses.length = 0;
  rest = '';
  client = connect((listener.address() as { port: number }).port, '127.0.0.1');
  client.on('error', () => {});
  client.on('data', (chunk: Buffer) => {
    const text = rest + chunk.toString('latin1');
    for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) statuses.push(status!);
    rest = text.slice(text.lastIndexOf('\n') + 1).replace(/HTTP\/1\.1 \d{3} /, '');
  });
  await once(client, 'connect');
});

afterEach(() => {
  client.destroy();
  face.destroy();
});

/** Waits until the server has read all, or nothing of it for a while. */
async function read(bytes: number): Promise<void> {
  for (let calm = 0, last = -1; calm < 20 && served.bytesRead < bytes; ) {
    calm = served.bytesRead === last ? calm + 1 : 0;
    last = served.bytesRead;
    await delay(5);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(1);
}

/** A request that is answered when the caller delivers, and a long row of others behind it. */
async function stuckBefore(behind: string): Promise<void> {
  client.write(get('/v1/keys/first'));
  await until(() => executor.inFlight === 1);
  client.write(behind);
  await read(behind.length);
}

test('http pipeline: behind a request that takes long little is read, and it counts', { timeout: 60_000 }, async () => {
  const count = 10_000;
  const behind = get('/healthz').repeat(count);
  await stuckBefore(behind);
  assert.ok(served.bytesRead < READ_BYTES, `${served.bytesRead} bytes`);
  assert.ok(context.memoryHolders.bytes > 16 * 2048);
  executor.deliver();
  await until(() => statuses.length === count + 1);
  assert.ok(statuses.every((status, index) => status === (index === 0 ? '404' : '200')));
  await until(() => context.memoryHolders.bytes === 0);
});

test('http pipeline: answers one by one do not let more in', { timeout: 60_000 }, async () => {
  const count = 5_000;
  const behind = get('/v1/keys/absent').repeat(count);
  await stuckBefore(behind);
  const before = served.bytesRead;
  assert.ok(before < READ_BYTES, `${before} bytes`);
  for (let answered = 1; answered <= 10; answered++) {
    executor.deliver();
    await until(() => statuses.length === answered && executor.inFlight === 1);
    await read(before + 1);
  }
  assert.equal(served.bytesRead, before);
  executor.delivery = 'in-order';
  executor.deliver();
  await until(() => statuses.length === count + 1);
});

for (const [name, one, status] of [
  ['without a Host', 'GET /healthz HTTP/1.1\r\n\r\n', '400'],
  ['with an unknown Expect', get('/healthz', 'Expect: wonders'), '417'],
] as const) {
  test(`http pipeline: requests ${name} wait and count as others do`, { timeout: 60_000 }, async () => {
    const count = 50_000;
    await stuckBefore(one.repeat(count));
    assert.ok(served.bytesRead < READ_BYTES, `${served.bytesRead} bytes`);
    assert.ok(context.memoryHolders.bytes > 16 * 2048);
    executor.deliver();
    await until(() => statuses.length > 10);
    assert.deepEqual(new Set(statuses), new Set(['404', status]));
  });
}

test('http pipeline: long heads count with their length', { timeout: 60_000 }, async () => {
  const behind = get(`/healthz?${'q'.repeat(3000)}`, `X: ${'x'.repeat(3000)}`).repeat(10);
  await stuckBefore(behind);
  assert.ok(context.memoryHolders.bytes > 10 * 8000);
  served.destroy();
  assert.equal(context.memoryHolders.bytes, 0, 'who is cut off counts no more');
});

test('http pipeline: a body at the end of a crowd comes through', { timeout: 60_000 }, async () => {
  const body = 'b'.repeat(1_000_000);
  const put = `PUT /v1/keys/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const behind = get('/healthz').repeat(40) + put;
  await stuckBefore(behind);
  assert.ok(served.bytesRead < behind.length);
  executor.delivery = 'in-order';
  executor.deliver();
  await until(() => statuses.length === 42);
  assert.equal(statuses.at(-1), '204');
});
