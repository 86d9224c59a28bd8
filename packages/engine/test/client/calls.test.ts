/** Single calls: what is sent, what a give-up leaves behind, iterators that end early. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { TypedStore } from '../../src/client/typed-store.ts';
import { FakeCaller } from '../contract/fake-caller.ts';
import { rejects } from '../contract/subject.ts';

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('calls', () => {
  it('a get by a string key sends exactly the key', async () => {
    const caller = new FakeCaller();
    await new TypedStore(caller).get('k');
    assert.deepStrictEqual(structuredClone(caller.submitted), [{ verb: 'get', key: 'k' }]);
  });

  it('nothing is sent for bad arguments', async () => {
    const caller = new FakeCaller();
    const store = new TypedStore(caller);
    await rejects(store.put('k', 1, { ttl: -1 }), 'INVALID_OPTION');
    await rejects(store.put('k', undefined), 'INVALID_VALUE');
    await rejects(store.get(5 as never), 'INVALID_KEY');
    assert.deepStrictEqual(caller.submitted, []);
  });

  it('a call that is answered leaves no timer and no listener', async () => {
    const store = new TypedStore(new FakeCaller());
    const { signal } = new AbortController();
    const before = activeTimers();
    await Promise.all(Array.from({ length: 20 }, () => store.get('k', { signal, timeoutMs: 60_000 })));
    await store.getMany(['a', 'b'], { signal, timeoutMs: 60_000 });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(activeTimers(), before);
  });

  it('a call that is refused inside of submit leaves none either', async () => {
    const caller = new FakeCaller();
    caller.refuseWith = 'BUSY';
    const { signal } = new AbortController();
    const before = activeTimers();
    await rejects(new TypedStore(caller).put('k', 1, { signal, timeoutMs: 60_000 }), 'BUSY');
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    assert.equal(activeTimers(), before);
  });

  it('an abort after the answer does nothing', async () => {
    const store = new TypedStore(new FakeCaller());
    const controller = new AbortController();
    await store.put('k', 1, { signal: controller.signal, timeoutMs: 60_000 });
    controller.abort();
    assert.equal(await store.get('k'), 1);
  });

  it('an abort after a timeout does not settle a call again', async () => {
    const caller = new FakeCaller();
    caller.stall();
    const controller = new AbortController();
    const call = new TypedStore(caller).put('k', 1, { signal: controller.signal, timeoutMs: 5 });
    await rejects(call, 'TIMEOUT_IN_FLIGHT');
    controller.abort();
    assert.equal(caller.pending[0]?.settled, 1);
  });

  it('a scan fetches no more pages than it is asked for', async () => {
    const caller = new FakeCaller();
    const store = new TypedStore(caller);
    await store.putMany(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i] as const));
    caller.submitted = [];
    for await (const key of store.keys({ pageSize: 10, prefix: 'k' })) if (key) break;
    assert.deepStrictEqual(caller.submitted, [
      { verb: 'scan', key: '', cursor: 0, prefix: 'k', limit: 10, keysOnly: true },
    ]);
  });

  it('a scan hands down the prefix of a pattern', async () => {
    const caller = new FakeCaller();
    for await (const entry of new TypedStore(caller).entries({ match: 'user:*:x' })) assert.fail(String(entry));
    assert.ok(caller.submitted.every((operation) => operation.verb === 'scan' && operation.prefix === 'user:'));
  });

  it('a scan of what cannot be sends nothing', async () => {
    const caller = new FakeCaller();
    for await (const key of new TypedStore(caller).keys({ prefix: 'a', match: 'b*' })) assert.fail(String(key));
    assert.deepStrictEqual(caller.submitted, []);
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
        return { giveUp() {} };
      },
      submitToShard: () => assert.fail(),
      watch: () => assert.fail(),
      hold: () => assert.fail(),
    });
    await assert.rejects(store.get('k'), TypeError);
  });
});
