import { test } from 'node:test';
import { recordRedis, TestCluster } from '@quintet/testkit';
import { Redis } from 'ioredis';

test('a lease has one holder at a time', { timeout: 60_000 }, async (t) => {
  const kit = await TestCluster.startFor(t, { server: true, refuseLeaks: true });
  const clients = [1, 2, 3].map((number) => {
    const redis = new Redis(kit.server.redisUrl);
    kit.onClose(() => redis.disconnect());
    return recordRedis(redis, kit.history, number);
  });

  const faults = kit.hurt({ seed: 3, faults: 4, kinds: ['kill', 'crash', 'exit'] });
  while (!faults.ended) {
    await Promise.all(clients.map((redis, number) => redis.set('lease', number, 'PX', 20, 'NX')));
    await Promise.all(clients.map((redis) => redis.get('lease')));
  }
  await faults.done;

  kit.assertLinearizable();
});
