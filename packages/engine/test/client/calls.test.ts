/** Single calls: what is sent, what a give-up leaves behind, iterators that end early. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { TypedStore } from '../../src/client/typed/typed-store.ts';
import { FakeExecutor } from '../contract/fake-executor.ts';
import { rejects } from '../contract/subject.ts';

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('calls', () => {
  it('a get by a string key sends exactly the key', async () => {
    const executor = new FakeExecutor();
    await new TypedStore(executor).get('k');
    assert.deepStrictEqual(structuredClone(executor.submitted), [{ verb: 'get', key: 'k' }]);
  });

  it('nothing is sent for bad arguments', async () => {
    const executor = new FakeExecutor();
    const store = new TypedStore(executor);
    await rejects(store.put('k', 1, { ttl: -1 }), 'INVALID_OPTION');
    await rejects(store.put('k', undefined), 'INVALID_VALUE');
    await rejects(store.get(5 as never), 'INVALID_KEY');
    assert.deepStrictEqual(executor.submitted, []);
  });

  it('a call that is answered leaves no timer and no listener', async () => {
    const store = new TypedStore(new FakeExecutor());
    const { signal } = new AbortController();
    const before = activeTimers();
    await Promise.all(Array.from({ length: 20 }, () => store.get('k', { signal, timeoutMs: 60_000 })));
    await store.getMany(['a', 'b'], { signal, timeoutMs: 60_000 });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(activeTimers(), before);
  });

  it('a call that is refused inside of submit leaves none either', async () => {
    const executor = new FakeExecutor();
    executor.refuseWith = 'BUSY';
    const { signal } = new AbortController();
    const before = activeTimers();
    await rejects(new TypedStore(executor).put('k', 1, { signal, timeoutMs: 60_000 }), 'BUSY');
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(activeTimers(), before);
  });

  it('an abort after the answer does nothing', async () => {
    const store = new TypedStore(new FakeExecutor());
    const controller = new AbortController();
    await store.put('k', 1, { signal: controller.signal, timeoutMs: 60_000 });
    controller.abort();
    assert.equal(await store.get('k'), 1);
  });

  it('an abort after a timeout does not settle a call again', async () => {
    const executor = new FakeExecutor();
    executor.stall();
    const controller = new AbortController();
    const call = new TypedStore(executor).put('k', 1, { signal: controller.signal, timeoutMs: 5 });
    await rejects(call, 'TIMEOUT_IN_FLIGHT');
    controller.abort();
    assert.equal(executor.pending[0]?.settled, 1);
  });

  it('a scan fetches no more pages than it is asked for', async () => {
    const executor = new FakeExecutor();
    const store = new TypedStore(executor);
    await store.putMany(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i] as const));
    executor.submitted = [];
    for await (const key of store.keys({ pageSize: 10, prefix: 'k' })) if (key) break;
    assert.deepStrictEqual(executor.submitted, [
      { verb: 'scan', key: '', cursor: 0, prefix: 'k', limit: 10, keysOnly: true },
    ]);
  });

  it('a scan hands down the prefix of a pattern', async () => {
    const executor = new FakeExecutor();
    for await (const entry of new TypedStore(executor).entries({ match: 'user:*:x' })) assert.fail(String(entry));
    assert.ok(executor.submitted.every((operation) => operation.verb === 'scan' && operation.prefix === 'user:'));
  });

  it('a scan of what cannot be sends nothing', async () => {
    const executor = new FakeExecutor();
    for await (const key of new TypedStore(executor).keys({ prefix: 'a', match: 'b*' })) assert.fail(String(key));
    assert.deepStrictEqual(executor.submitted, []);
  });

  it('a bug in decoding is a rejection, not a lost call', async () => {
    const store = new TypedStore({
      cluster: 'none',
      limits: { maxKeyBytes: 10, maxValueBytes: 10 },
      shards: 1,
      now: () => 0,
      shardOf: () => 0,
      submit(_operation, sink) {
        setImmediate(() => sink.onResult(undefined as never));
        return {};
      },
      submitToShard: () => assert.fail(),
      giveUp: () => assert.fail(),
      watch: () => assert.fail(),
      hold: () => assert.fail(),
    });
    await assert.rejects(store.get('k'), TypeError);
  });
});
