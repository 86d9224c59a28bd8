/** Who waits, and CLIENT UNBLOCK: the same to a Redis 7.0 and to us. And for QUINTET WATCH, which Redis has not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '@quintet/engine';
import { type RunningServer, startServer } from '../src/index.ts';
import type { Request } from './differential/commands.ts';
import { Conversation, PAUSE } from './differential/conversation.ts';
import { NO_REDIS, RedisServer } from './support/redis-server.ts';

let cluster: Cluster;
let server: RunningServer;

before(async () => {
  cluster = await Cluster.start({ nodes: 1, shards: 1, replicas: 0 });
  server = await startServer(cluster, { port: 0 });
});

after(async () => {
  await server?.close();
  await cluster?.close();
});

/** Two clients of one server: one that waits, one that looks at it. */
class Pair {
  readonly #waiting: Conversation;
  readonly #looking: Conversation;
  #said: Promise<string> | undefined;
  readonly lines: string[] = [];

  private constructor(waiting: Conversation, looking: Conversation) {
    this.#waiting = waiting;
    this.#looking = looking;
  }

  static async open(port: number): Promise<Pair> {
    return new Pair(await Conversation.open(port), await Conversation.open(port));
  }

  async id(): Promise<string> {
    return /:(\d+)/.exec(await this.#waiting.say([['CLIENT', 'ID']], PAUSE))![1]!;
  }

  /** Has the one wait, and comes back when the other sees it. */
  async wait(...request: Request): Promise<void> {
    this.#said = this.#waiting.say([request], PAUSE);
    await this.becomes(1);
  }

  async becomes(count: number): Promise<void> {
    for (let looks = 0; ; looks++) {
      const text = await this.#looking.say([['INFO', 'clients']], PAUSE);
      if (text.includes(`blocked_clients:${count}\r\n`)) break;
      assert.ok(looks < 200, text);
      await delay(10);
    }
    const list = await this.#looking.say([['CLIENT', 'LIST']], PAUSE);
    this.lines.push(`${count} waits, flags ${[...list.matchAll(/ flags=(\w+) /g)].map(([, flags]) => flags).sort()}`);
  }

  async look(...request: Request): Promise<void> {
    this.lines.push(await this.#looking.say([request], PAUSE));
  }

  async heard(): Promise<void> {
    this.lines.push(await this.#said!);
    await this.becomes(0);
  }

  /** The one that waits is gone, whatever it waited for. */
  hangUp(): void {
    this.#waiting.close();
  }

  close(): void {
    this.#waiting.close();
    this.#looking.close();
  }
}

async function play(port: number): Promise<readonly string[]> {
  const pair = await Pair.open(port);
  const id = await pair.id();
  await pair.look('CLIENT', 'UNBLOCK', id);
  for (const how of [[], ['timeout'], ['ERROR']]) {
    await pair.wait('WAIT', '5', '0');
    await pair.look('CLIENT', 'UNBLOCK', id, ...how);
    await pair.heard();
  }
  await pair.look('CLIENT', 'PAUSE', '100000', 'WRITE');
  await pair.wait('SET', 'a', '1');
  await pair.look('CLIENT', 'UNPAUSE');
  await pair.heard();
  pair.close();
  return pair.lines;
}

test('blocked_clients and CLIENT UNBLOCK are as in Redis', { skip: NO_REDIS, timeout: 20_000 }, async () => {
  const redis = await RedisServer.start();
  try {
    assert.deepEqual(await play(server.port), await play(redis.port));
  } finally {
    await redis.stop();
  }
});

test('who waits for the end of a CLIENT PAUSE is not unblocked (it ends Redis 7.0.15)', async () => {
  const pair = await Pair.open(server.port);
  const id = await pair.id();
  await pair.look('CLIENT', 'PAUSE', '100000', 'WRITE');
  await pair.wait('SET', 'a', '1');
  await pair.look('CLIENT', 'UNBLOCK', id);
  await pair.look('CLIENT', 'UNBLOCK', id, 'ERROR');
  assert.deepEqual(pair.lines.slice(-2), [':0\r\n', ':0\r\n']);
  await pair.look('CLIENT', 'UNPAUSE');
  await pair.heard();
  pair.close();
});

test('a QUINTET WATCH that waits is unblocked as if its time were over, or with an error', async () => {
  const pair = await Pair.open(server.port);
  const id = await pair.id();
  await pair.wait('QUINTET', 'WATCH', 'KEY', 'k', 'BLOCK', '0');
  await pair.look('CLIENT', 'UNBLOCK', id);
  await pair.heard();
  assert.match(pair.lines.at(-2)!, /^\*2\r\n\$\d+\r\n\S+\r\n\*0\r\n$/);
  await pair.wait('QUINTET', 'WATCH', 'KEY', 'k', 'BLOCK', '0');
  await pair.look('CLIENT', 'UNBLOCK', id, 'ERROR');
  await pair.heard();
  assert.equal(pair.lines.at(-2), '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
  pair.close();
});

for (const request of [
  ['WAIT', '5', '0'],
  ['QUINTET', 'WATCH', 'KEY', 'k', 'BLOCK', '0'],
] as const) {
  test(`who hangs up waits no longer: ${request[0]}`, { timeout: 5000 }, async () => {
    const pair = await Pair.open(server.port);
    await pair.wait(...request);
    pair.hangUp();
    await pair.becomes(0);
    pair.close();
  });
}
