/** What a watcher that does not read may hold, and that nothing of it stays. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { DEFAULT_LIMITS, type ServerLimits } from '../../src/listen/limits.ts';
import { Session } from '../../src/session/session.ts';
import { ServerContext } from '../../src/state/server-context.ts';
import { ChangeFeed } from '../../src/watch/change-feed.ts';
import { FakeTransport, request } from '../support/fake-transport.ts';

let cluster: Cluster;

before(async () => {
  cluster = await Cluster.start({ nodes: 2, shards: 2 });
});

after(async () => {
  await cluster?.close();
});

class Watching {
  readonly context: ServerContext;
  readonly sessions: Session[] = [];
  private readonly transports: FakeTransport[] = [];

  constructor(limits: Partial<ServerLimits> = {}) {
    this.context = new ServerContext(cluster, {
      limits: { ...DEFAULT_LIMITS, ...limits },
      maxClients: 10,
      password: undefined,
    });
  }

  /** A connection that watches, and has heard where now is. */
  async watch(prefix: string): Promise<string> {
    const transport = new FakeTransport();
    const session = new Session(this.context, transport);
    this.sessions.push(session);
    this.transports.push(transport);
    return positionIn(await this.ask(this.sessions.length - 1, 'PREFIX', prefix));
  }

  async ask(at: number, ...args: string[]): Promise<string> {
    const transport = this.transports[at]!;
    transport.written = '';
    const session = this.sessions[at]!;
    session.onData(Buffer.from(request('QUINTET', 'WATCH', ...args), 'latin1'));
    while (transport.written === '' && !session.isClosed) await new Promise(setImmediate);
    return transport.written;
  }
}

function positionIn(reply: string): string {
  return reply.split('\r\n')[2]!;
}

const values = (reply: string): number[] => [...reply.matchAll(/(\d+) x+/g)].map(([, number]) => Number(number));

async function putMany(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await cluster.put('m:k', `${i} ${'x'.repeat(1000)}`);
}

test('who does not ask holds watchBytes at most, and still hears everything the history has', async () => {
  const watching = new Watching({ watchBytes: 20_000 });
  let position = await watching.watch('m:');
  await putMany(200);
  const held = watching.context.memoryHolders.bytes;
  assert.ok(held > 5_000 && held <= 20_000, `${held} bytes`);
  const heard: number[] = [];
  while (heard.length < 200) {
    const reply = await watching.ask(0, 'PREFIX', 'm:', 'FROM', position, 'COUNT', '30', 'BLOCK', '0');
    heard.push(...values(reply));
    position = positionIn(reply);
  }
  assert.deepEqual(heard, [...Array(200).keys()]);
  watching.sessions[0]!.onClosed();
});

test('watchers give way when all clients together hold too much, and lose nothing by it', async () => {
  const watching = new Watching({ clientsBytes: 30_000 });
  const positions = [await watching.watch('m:'), await watching.watch('m:k')];
  await putMany(40);
  assert.ok(watching.context.memoryHolders.bytes > 80_000);
  watching.context.shedClients();
  assert.ok(watching.context.memoryHolders.bytes <= 30_000);
  assert.ok(
    watching.sessions.every(({ isOpen }) => isOpen),
    'no connection had to go',
  );
  for (const [at, prefix] of ['m:', 'm:k'].entries()) {
    const reply = await watching.ask(at, 'PREFIX', prefix, 'FROM', positions[at]!);
    assert.deepEqual(values(reply), [...Array(40).keys()]);
  }
  for (const session of watching.sessions) session.onClosed();
});

test('a feed that has ended for being full gives way as others do, once, and loses nothing by it', async () => {
  const watching = new Watching({ watchBytes: 20_000, clientsBytes: 10_000 });
  const position = await watching.watch('m:');
  await putMany(100);
  assert.ok(watching.context.memoryHolders.bytes > 10_000);
  for (let round = 0; round < 5; round++) watching.context.shedClients();
  assert.ok(watching.context.memoryHolders.bytes <= 10_000, `${watching.context.memoryHolders.bytes} bytes`);
  assert.equal(watching.context.counters.evictedClients, 1);
  assert.ok(watching.sessions[0]!.isOpen);
  const heard: number[] = [];
  for (let from = position; heard.length < 100; ) {
    const reply = await watching.ask(0, 'PREFIX', 'm:', 'FROM', from, 'BLOCK', '0');
    heard.push(...values(reply));
    from = positionIn(reply);
  }
  assert.deepEqual(heard, [...Array(100).keys()]);
  watching.sessions[0]!.onClosed();
});

test('a connection that goes takes its watch along, whether it waits or not', async () => {
  const watching = new Watching();
  const position = await watching.watch('m:');
  await watching.watch('m:');
  assert.equal(watching.context.feeds.size, 2);
  void watching.ask(0, 'PREFIX', 'm:', 'FROM', position, 'BLOCK', '0');
  await putMany(1);
  for (const session of watching.sessions) session.onClosed();
  assert.equal(watching.context.feeds.size, 0);
  assert.equal(watching.context.memoryHolders.bytes, 0);
});

test('a feed that holds nothing has nothing to give: who waits for it still hears', async () => {
  let news = (): void => undefined;
  const heard = new Promise<void>((resolve) => {
    news = resolve;
  });
  const feed = new ChangeFeed(cluster.executor, { prefix: 'm:' }, {}, 1000, () => news());
  feed.cutOff();
  await putMany(1);
  await heard;
  assert.equal(feed.take()!.length, 1);
  feed.stop();
});

test('another watch on the same connection takes the place of the first', async () => {
  const watching = new Watching();
  await watching.watch('m:');
  await watching.ask(0, 'KEY', 'other');
  assert.equal(watching.context.feeds.size, 1);
  watching.sessions[0]!.onClosed();
});
