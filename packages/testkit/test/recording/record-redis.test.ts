/** A recorded ioredis client: what each command becomes in the history, what is refused, what errors say. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import {
  checkLinearizable,
  History,
  NotRecordable,
  recordRedis,
  renderOperation,
  TestCluster,
} from '../../src/index.ts';

describe('a recorded Redis client', { timeout: 60_000 }, () => {
  const history = new History();
  let test: TestCluster;
  let redis: Redis;
  before(async () => {
    test = await TestCluster.start({ nodes: 2, shards: 4, hangLimitMs: 10_000, server: true });
    const plain = new Redis(test.server.redisUrl);
    test.onClose(() => plain.disconnect());
    redis = recordRedis(plain, history, 1);
  });
  after(() => test.close());

  it('records commands, and answers as the client does', async () => {
    assert.equal(await redis.set('k', 'a'), 'OK');
    assert.equal(await redis.set('k', 'b', 'NX'), null);
    assert.equal(await redis.set('k', 'c', 'EX', 100, 'XX'), 'OK');
    assert.equal(await redis.set('k', 'd', 'GET'), 'c');
    assert.equal(await redis.getset('k', 'e'), 'd');
    assert.equal(await redis.setnx('k', 'f'), 0);
    assert.equal(await redis.psetex('p', 60_000, 'g'), 'OK');
    assert.equal(await redis.expire('p', 100), 1);
    assert.equal(await redis.getdel('p'), 'g');
    assert.equal(await redis.get('p'), null);
    assert.equal(await redis.mset('m1', 1, 'm2', 2), 'OK');
    assert.deepEqual(await redis.mget(['m1', 'none', 'm2']), ['1', null, '2']);
    assert.equal(await redis.incr('m1'), 2);
    assert.equal(await redis.decrby('m1', 5), -3);
    assert.equal(await redis.append('t', 'über'), 5);
    assert.equal(await redis.del('m1', 'm2'), 2);
    assert.equal(await redis.exists('k'), 1);
    const lines = history.records().map(({ key, operation, outcome }) => {
      const said = outcome.kind === 'ok' ? JSON.stringify(outcome.result) : outcome.kind;
      return `${key}: ${renderOperation(operation).replace(/expiring .*/, 'expiring')} ${said}`;
    });
    assert.deepEqual(lines, [
      'k: put "a" {"applied":true}',
      'k: put "b" if absent {"applied":false}',
      'k: put "c" if present expiring {"applied":true}',
      'k: getAndPut "d" {"value":"c"}',
      'k: getAndPut "e" {"value":"d"}',
      'k: put "f" if absent {"applied":false}',
      'p: put "g" expiring {"applied":true}',
      'p: expire expiring {"applied":true}',
      'p: getAndDelete {"value":"g"}',
      'p: get {"value":null}',
      'm1: put "1" {"applied":true}',
      'm2: put "2" {"applied":true}',
      'm1: get {"value":"1"}',
      'none: get {"value":null}',
      'm2: get {"value":"2"}',
      'm1: increment by 1 {"number":2}',
      'm1: increment by -5 {"number":-3}',
      't: append "Ã¼ber" {"length":5}',
      'm1: delete {"applied":true}',
      'm2: delete {"applied":true}',
    ]);
    assert.equal(checkLinearizable(history).verdict, 'ok');
  });

  it('refuses what the checker cannot judge', () => {
    for (const call of [
      () => redis.hset('h', 'f', 1),
      () => redis.pipeline(),
      () => redis.multi(),
      () => redis.incrbyfloat('k', 1),
      () => redis.call('SET', 'k', 1),
      () => redis.set('k', 1, 'KEEPTTL'),
    ]) {
      assert.throws(call, NotRecordable, String(call));
    }
  });

  it('an error of the server had no effect, a broken connection may have had', async () => {
    await redis.set('text', 'x');
    await assert.rejects(redis.incr('text'), /not an integer/);
    assert.equal(history.records().at(-1)?.outcome.kind, 'not-applied');
    const other = new Redis(test.server.redisUrl, { retryStrategy: null, maxRetriesPerRequest: 0 });
    const recorded = recordRedis(other, history, 2);
    await recorded.ping();
    const sent = recorded.incr('n');
    other.stream.destroy();
    await assert.rejects(sent, /Connection is closed/);
    assert.ok(history.records().some(({ client, outcome }) => client === 2 && outcome.kind === 'unknown'));
    assert.equal(checkLinearizable(history).verdict, 'ok');
  });
});
