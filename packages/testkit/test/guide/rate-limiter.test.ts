import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestCluster } from '@quintet/testkit';
import { Redis } from 'ioredis';
import { RateLimiter } from './rate-limiter.ts';

test('four servers let each user through 25 times of 40, whatever dies meanwhile', { timeout: 60_000 }, async (t) => {
  const kit = await TestCluster.startFor(t, { server: true, hangLimitMs: 300, refuseLeaks: true });
  const servers = Array.from({ length: 4 }, () => {
    const redis = new Redis(kit.server.redisUrl);
    kit.onClose(() => redis.disconnect());
    return new RateLimiter(redis, { limit: 25, windowMs: 60_000 });
  });

  const faults = kit.hurt({ seed: 7, faults: 6 });
  for (let user = 0; !faults.ended; user++) {
    const answers = await Promise.all(
      servers.flatMap((server) => Array.from({ length: 10 }, () => server.allows(`u${user}`))),
    );
    assert.equal(answers.filter(Boolean).length, 25, `user ${user}`);
  }
  await faults.done;
});
