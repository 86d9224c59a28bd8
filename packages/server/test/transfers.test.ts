// Money moved between accounts on all shards by WATCH, MULTI, EXEC while nodes are killed, one as soon as the last is made
// good: the sum is the same at every moment, and no client sees an error.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { Redis } from 'ioredis';
import { startServer } from '../src/index.ts';

const TRANSFERS = 1000;
const ACCOUNTS = 100;
const CLIENTS = 8;
const EACH = 100;
/** The sum is taken so often, by each client. */
const LOOK_EVERY = 5;
/** Fewer could be luck. */
const KILLS_MIN = 5;

const names = Array.from({ length: ACCOUNTS }, (_, number) => `account:${number}`);

/** Tries until nobody came between; how often somebody did. */
async function transfer(client: Redis, from: string, to: string, amount: number): Promise<number> {
  for (let conflicts = 0; ; conflicts++) {
    await client.watch(from, to);
    const [balance, target] = await client.mget(from, to);
    const done = await client
      .multi()
      .set(from, Number(balance) - amount)
      .set(to, Number(target) + amount)
      .exec();
    if (done === null) continue;
    assert.deepEqual(done, [
      [null, 'OK'],
      [null, 'OK'],
    ]);
    return conflicts;
  }
}

/** The sum of all accounts at one moment. */
async function sum(client: Redis): Promise<number> {
  const replies = await client.multi().mget(names).exec();
  const [error, values] = replies![0] as [Error | null, string[]];
  assert.equal(error, null);
  return values.reduce((total, value) => total + Number(value), 0);
}

test(`transfers: ${TRANSFERS} between ${ACCOUNTS} accounts while nodes die`, async (t) => {
  const cluster = await Cluster.start({ chaos: true });
  const server = await startServer(cluster, { port: 0 });
  const clients = Array.from({ length: CLIENTS }, () => new Redis(server.port, server.host));
  await clients[0]!.mset(names.flatMap((name) => [name, EACH]));
  const shardOf = (name: string): number => cluster.executor.shardOf(name);
  let left = TRANSFERS;
  let conflicts = 0;
  let kills = 0;
  const work = clients.map(async (client, seed) => {
    for (let round = seed; left > 0; round += 7) {
      const from = names[(round * 31 + seed) % ACCOUNTS]!;
      const to = names[(round * 17 + seed * 3 + 1) % ACCOUNTS]!;
      if (shardOf(from) === shardOf(to)) continue;
      left--;
      conflicts += await transfer(client, from, to, 1 + (round % 5));
      if (round % LOOK_EVERY === 0) assert.equal(await sum(client), ACCOUNTS * EACH);
    }
  });
  const havoc = (async () => {
    while (left > 0) {
      await cluster.settled({ timeoutMs: 30_000 });
      const down = once(cluster.events, 'node-down');
      cluster.chaos.kill(`n${1 + (kills++ % 5)}`);
      await down;
    }
  })();
  try {
    await Promise.all([...work, havoc]);
    assert.equal(await sum(clients[0]!), ACCOUNTS * EACH);
    assert.ok(kills >= KILLS_MIN, `${kills} kills`);
    assert.ok(conflicts > 0, 'nobody came between anybody');
    t.diagnostic(`${TRANSFERS} transfers, ${conflicts} conflicts, ${kills} kills`);
  } finally {
    left = 0;
    for (const client of clients) client.disconnect();
    await server.close();
    await cluster.close();
  }
});
