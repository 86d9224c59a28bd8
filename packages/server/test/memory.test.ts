/** What clients may hold in memory, in all protocols, and that the largest goes when it is too much. */
import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { after, before, test } from 'node:test';
import { type RunningServer, startServer } from '../src/index.ts';
import { MemoryHolders } from '../src/listen/memory-holders.ts';
import { FakeExecutor, fakeCluster } from './support/fake-cluster.ts';
import { connect, request } from './support/fake-transport.ts';
import { RecordedLog } from './support/recorded-log.ts';
import { exchange, open, readAll } from './support/sockets.ts';

const LIMIT = 1024 * 1024;

let log: RecordedLog;
let executor: FakeExecutor;
let server: RunningServer;

before(async () => {
  log = new RecordedLog();
  executor = new FakeExecutor();
  server = await startServer(fakeCluster(executor), { port: 0, log, limits: { clientsBytes: LIMIT } });
});

after(() => server.close());

/** Waits until a client of a protocol was cut off for its memory. */
async function cutOff(protocol: string): Promise<void> {
  const isIt = ({ fields }: { fields: Record<string, unknown> }): boolean =>
    fields.protocol === protocol && fields.reason === 'client-memory';
  while (!log.named('client-cut-off').some(isIt)) await new Promise((resolve) => setImmediate(resolve));
}

/** Gives everything when it is cut off, unless `keeps` says how much it holds on to. */
class FakeHolder {
  gone = 0;
  readonly name: string;
  readonly noEvict: boolean;
  readonly isStranger: boolean;
  private bytes: number;
  private readonly keeps: number;

  constructor(name: string, bytes: number, { noEvict = false, keeps = 0, isStranger = false } = {}) {
    this.name = name;
    this.bytes = bytes;
    this.noEvict = noEvict;
    this.isStranger = isStranger;
    this.keeps = keeps;
  }

  get heldBytes(): number {
    return this.bytes;
  }

  cutOff(): void {
    this.gone++;
    this.bytes = this.keeps;
  }
}

function holdersOf(...list: FakeHolder[]): { holders: MemoryHolders; gone: () => string[] } {
  const holders = new MemoryHolders();
  for (const one of list) holders.add(one);
  return { holders, gone: () => list.filter((one) => one.gone > 0).map(({ name }) => name) };
}

const fourHolders = (): FakeHolder[] => [
  new FakeHolder('small', 10),
  new FakeHolder('kept', 1000, { noEvict: true }),
  new FakeHolder('large', 500),
  new FakeHolder('medium', 300),
];

test('memory: the largest goes first, those who asked not to go last', () => {
  const { holders, gone } = holdersOf(...fourHolders());
  assert.equal(holders.shed(5000), 0);
  assert.equal(holders.shed(1500), 1);
  assert.deepEqual(gone(), ['large']);
  const few = holdersOf(...fourHolders());
  assert.equal(few.holders.shed(600), 4);
  assert.deepEqual(few.gone(), ['small', 'kept', 'large', 'medium']);
});

test('memory: strangers go before the largest of those who gave the password', () => {
  const { holders, gone } = holdersOf(...fourHolders(), new FakeHolder('stranger', 20, { isStranger: true }));
  assert.equal(holders.shed(1820), 1);
  assert.deepEqual(gone(), ['stranger']);
});

test('memory: who gives nothing is not counted as if it had, and who holds nothing is left alone', () => {
  const [stubborn, half] = [
    new FakeHolder('stubborn', 900, { keeps: 900 }),
    new FakeHolder('half', 500, { keeps: 250 }),
  ];
  const [small, empty] = [new FakeHolder('small', 100), new FakeHolder('empty', 0)];
  const { holders, gone } = holdersOf(stubborn, half, small, empty);
  assert.equal(holders.shed(1200), 2, 'half of one is not enough');
  assert.equal(holders.bytes, 1150);
  assert.equal(holders.shed(100), 0, 'nobody has more to give');
  assert.deepEqual(gone(), ['stubborn', 'half', 'small']);
  // Whoever leaves the list when it is cut off has given all, whatever it says of itself.
  const leaving = new FakeHolder('leaving', 700, { keeps: 700 });
  const others = new MemoryHolders();
  others.add(Object.assign(leaving, { cutOff: () => others.remove(leaving) }));
  assert.equal(others.shed(0), 1);
});

test('memory: a body that HTTP is still receiving counts', { timeout: 10_000 }, async () => {
  const socket = await open(server);
  const reading = readAll(socket);
  socket.write(`PUT /v1/keys/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${4 * LIMIT}\r\n\r\n`);
  socket.write('x'.repeat(2 * LIMIT));
  await cutOff('http');
  assert.equal(await reading, '');
});

const PUT = '/kvstore.server.v2.KeyValueService/Put';

/** One message in gRPC's framing, or the beginning of one. */
function message(announced: number, sent: number): Buffer {
  const bytes = Buffer.alloc(5 + sent);
  bytes.writeUInt32BE(announced, 1);
  return bytes;
}

for (const [name, sent] of [
  ['is still receiving', 3 * LIMIT - 100],
  ['has under way', 3 * LIMIT],
] as const) {
  test(`memory: a request that gRPC ${name} counts`, { timeout: 10_000 }, async () => {
    log.told.length = 0;
    executor.delivery = 'by-hand';
    const client = connectHttp2(`http://${server.address}`);
    client.on('error', () => {});
    const headers = { ':method': 'POST', ':path': PUT, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = client.request(headers);
    stream.on('error', () => {});
    // As protobuf has it: field 2, the value, of so many bytes.
    const body = message(3 * LIMIT, sent);
    body.set([0x12, 0xfb, 0xff, 0xbf, 0x01], 5);
    stream.write(body);
    await cutOff('grpc');
    client.destroy();
    executor.delivery = 'in-order';
    executor.deliver();
  });
}

test('memory: entries that a gRPC scan has written and nobody reads count', { timeout: 10_000 }, async () => {
  log.told.length = 0;
  await exchange(server, request('FLUSHALL'));
  for (let index = 0; index < 8; index++) await exchange(server, request('SET', `scan${index}`, 'v'.repeat(LIMIT / 2)));
  executor.submitted.length = 0;
  const client = connectHttp2(`http://${server.address}`, { settings: { initialWindowSize: 0 } });
  client.on('error', () => {});
  const path = '/kvstore.server.v2.KeyValueService/Scan';
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const streams = Array.from({ length: 3 }, () => client.request(headers));
  for (const stream of streams) {
    stream.on('error', () => {});
    stream.end(message(0, 0));
  }
  await cutOff('grpc');
  assert.ok(executor.submitted.length < 3 * executor.shards, 'it waits for its clients before it has read everything');
  client.destroy();
});

test('memory: HTTP begins a request when the answer before it is out', { timeout: 10_000 }, async () => {
  await exchange(server, request('SET', 'large', 'v'.repeat(100_000)));
  executor.submitted.length = 0;
  executor.delivery = 'by-hand';
  const socket = await open(server);
  const reading = readAll(socket);
  socket.write(`${'GET /v1/keys/large HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50)}`);
  while (!executor.submitted.some(({ verb }) => verb === 'get')) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  // Some walk of a client before may still be on its way.
  const reads = executor.submitted.filter(({ verb, key }) => verb === 'get' && key === 'large');
  assert.equal(reads.length, 1, 'fifty were sent at once');
  executor.delivery = 'in-order';
  executor.deliver();
  socket.write('GET /v1/keys/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const answers = (await reading).split('HTTP/1.1 ').slice(1);
  assert.deepEqual(
    answers.map((answer) => answer.slice(0, 3)),
    [...Array.from({ length: 50 }, () => '200'), '404'],
  );
});

test('memory: names under WATCH and SUBSCRIBE count, and are given back', async () => {
  const { session, ask } = connect();
  const before = session.heldBytes;
  const name = 'n'.repeat(10_000);
  await ask('WATCH', name);
  assert.ok(session.heldBytes >= before + 10_000);
  await ask('UNWATCH');
  assert.equal(session.heldBytes, before);
  await ask('SUBSCRIBE', name, 'x', name);
  const subscribed = session.heldBytes;
  assert.ok(subscribed >= before + 10_000 && subscribed < before + 20_000);
  await ask('PSUBSCRIBE', 'p'.repeat(4000));
  await ask('PUNSUBSCRIBE');
  assert.equal(session.heldBytes, subscribed);
  await ask('UNSUBSCRIBE');
  assert.equal(session.heldBytes, before);
});

test('memory: requests under way and parked ones count', async () => {
  const { session, feed, quiet, executor, context, ask } = connect();
  executor.delivery = 'by-hand';
  feed(request('SET', 'a', 'x'.repeat(50_000)));
  assert.ok(session.heldBytes >= 50_000);
  executor.deliver();
  await quiet();
  assert.ok(session.heldBytes < 1000);
  await ask('CLIENT', 'PAUSE', '100000');
  feed(request('SET', 'a', 'x'.repeat(60_000)));
  assert.ok(session.heldBytes >= 60_000);
  context.pause.end();
  session.onClosed();
});
