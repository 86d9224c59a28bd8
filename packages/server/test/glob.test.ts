/** The engine's glob is Redis's: keys and patterns at random, asked of a real Redis. And what clients see of its budget. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Glob, StepBudget } from '@quintet/engine/codec';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { connect } from './support/fake-transport.ts';
import { NO_REDIS, RedisServer } from './support/redis-server.ts';

test('glob: as KEYS of Redis 7.0', { skip: NO_REDIS, timeout: 30_000 }, async () => {
  const server = await RedisServer.start();
  const redis = new Redis({ port: server.port, host: '127.0.0.1' });
  try {
    const letters = [...'ab-^]\\['];
    // No empty key: for that alone Redis's `**` is not `*`. And no range over byte 128: there its chars are signed.
    const keys = fc.sample(fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 6 }), 300);
    await redis.mset(...keys.flatMap((key) => [key, 'v']));
    const piece = fc.constantFrom(...letters, '*', '?', '[a-b]', '[^a]', '[]a]', '\\*');
    const patterns = fc.sample(fc.array(piece, { maxLength: 7 }), 1500).map((pieces) => pieces.join(''));
    const answers = await Promise.all(patterns.map((pattern) => redis.keys(pattern)));
    for (const [at, pattern] of patterns.entries()) {
      const glob = new Glob(pattern);
      const ours = [...new Set(keys)].filter((key) => glob.matches(key, new StepBudget()));
      assert.deepEqual(ours.sort(), answers[at]!.sort(), pattern);
    }
  } finally {
    redis.disconnect();
    await server.stop();
  }
});

test('glob: a pattern that takes too long is refused, wherever it is matched', async () => {
  const { ask } = connect();
  const costly = `*${'a'.repeat(4000)}b`;
  const long = 'a'.repeat(60_000);
  const refused = '-ERR matching takes too long, use a simpler pattern\r\n';
  await ask('SET', long, 'v');
  assert.equal(await ask('KEYS', costly), refused);
  assert.equal(await ask('SCAN', '0', 'MATCH', costly, 'COUNT', '1000'), refused);
  assert.equal(await ask('GET', long), '$1\r\nv\r\n', 'the connection goes on');
});
