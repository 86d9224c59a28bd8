// Money moved between accounts on all shards by WATCH, MULTI, EXEC while nodes are killed: the sum never changes, and no
// client sees an error. TRANSFERS=1000 for the figure of the issue; a few are enough to notice what breaks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '@quintet/engine';
import { Redis } from 'ioredis';
import { startServer } from '../src/index.ts';

const TRANSFERS = Number(process.env.TRANSFERS ?? 150);
const ACCOUNTS = 100;
const CLIENTS = 4;
const EACH = 100;

function account(number: number): string {
  return `account:${number}`;
}

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
    for (const [error] of done) assert.equal(error, null);
    return conflicts;
  }
}

test(`transfers: ${TRANSFERS} between ${ACCOUNTS} accounts while nodes die`, async () => {
  const cluster = await Cluster.start({ chaos: true });
  const server = await startServer(cluster, { port: 0 });
  const clients = Array.from({ length: CLIENTS }, () => new Redis(server.port, server.host));
  const names = Array.from({ length: ACCOUNTS }, (_, number) => account(number));
  await clients[0]!.mset(names.flatMap((name) => [name, EACH]));
  let left = TRANSFERS;
  let conflicts = 0;
  let kills = 0;
  const work = clients.map(async (client, seed) => {
    for (let round = seed; left > 0; round += 7) {
      left--;
      const from = (round * 31 + seed) % ACCOUNTS;
      conflicts += await transfer(
        client,
        account(from),
        account((from + 1 + (round % 97)) % ACCOUNTS),
        1 + (round % 5),
      );
      const values = await client.mget(...names);
      assert.equal(values.length, ACCOUNTS);
    }
  });
  const havoc = (async () => {
    while (left > 0) {
      await cluster.settled({ timeoutMs: 30_000 });
      cluster.chaos.kill(`n${1 + (kills++ % 5)}`);
      await new Promise((resolve) => cluster.once('promoted', resolve));
    }
  })();
  await Promise.all(work);
  // The last kill may be waited for still; nothing is left to be hurt.
  await Promise.race([havoc, cluster.settled({ timeoutMs: 30_000 })]);
  const values = await clients[0]!.mget(...names);
  const total = values.reduce((sum, value) => sum + Number(value), 0);
  assert.equal(total, ACCOUNTS * EACH);
  console.log(`${TRANSFERS} transfers, ${conflicts} conflicts, ${kills} kills`);
  for (const client of clients) client.disconnect();
  await server.close();
  await cluster.close();
});
