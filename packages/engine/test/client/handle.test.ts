/** Handles: the two ends of a port over a fake Executor, in one thread and in two. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { attach, Handles } from '../../src/client/cluster/handle.ts';
import { FakeExecutor } from '../contract/fake-executor.ts';
import { rejects } from '../contract/subject.ts';

const LIMITS = {
  maxPendingCalls: 10_000,
  maxPendingBytes: 1 << 24,
  watchWindowChanges: 1000,
  watchWindowBytes: 1 << 20,
};

function openHandles(limits: Partial<typeof LIMITS> = {}) {
  const executor = new FakeExecutor();
  return { executor, handles: new Handles(executor, { ...LIMITS, ...limits }) };
}

/** A worker thread with a handle; `body` is run with `store`, and may use `send(message)`. */
function threadWith(handles: Handles, body: string): Worker {
  const handle = handles.open();
  const module = new URL('./handle-thread.mjs', import.meta.url);
  return new Worker(module, { workerData: { handle, body }, transferList: [handle] });
}

describe('handles', () => {
  it('batch the requests of a turn into one message, in order', async () => {
    const { executor, handles } = openHandles();
    const store = await attach(handles.open());
    const calls = Array.from({ length: 100 }, (_, i) => store.put(`k${i}`, i));
    assert.equal(executor.submitted.length, 0, 'not before the turn ends');
    await Promise.all(calls);
    assert.deepStrictEqual(
      executor.submitted.map(({ key }) => key),
      Array.from({ length: 100 }, (_, i) => `k${i}`),
    );
    handles.close();
  });

  it('tell the time of the cluster', async () => {
    const { executor, handles } = openHandles();
    const store = await attach(handles.open());
    await store.put('k', 1, { ttl: 10_000 });
    const left = (await store.ttl('k')) ?? 0;
    assert.ok(left > 9_900 && left <= 10_000, `${left}`);
    assert.ok(Math.abs((store as unknown as { executor: FakeExecutor }).executor.now() - executor.now()) < 5);
    handles.close();
  });

  it('each serves one attach, and nothing else is a handle', async () => {
    const { handles } = openHandles();
    const handle = handles.open();
    await attach(handle);
    await rejects(attach(handle), 'INVALID_OPTION');
    const { port1, port2 } = new MessageChannel();
    port1.postMessage('hello');
    await rejects(attach(port2), 'INVALID_OPTION');
    for (const nothing of [undefined, null, {}, 'handle']) await rejects(attach(nothing as never), 'INVALID_OPTION');
    port1.close();
    handles.close();
  });

  it('closing a handle fails what is under way, and what comes later', async () => {
    const { executor, handles } = openHandles();
    const store = await attach(handles.open());
    executor.stall();
    const write = store.put('k', 1);
    const read = store.get('k');
    await executor.underWay(2);
    store.close();
    store.close();
    await rejects(write, 'CLOSED_IN_FLIGHT');
    await rejects(read, 'CLOSED');
    await rejects(store.get('k'), 'CLOSED');
    await executor.givenUp();
    assert.equal(handles.size, 0);
  });

  it('closing the cluster delivers what was answered, and fails the rest', async () => {
    const { executor, handles } = openHandles();
    const store = await attach(handles.open());
    const release = executor.stall();
    const first = store.put('k', 1);
    await executor.underWay(1);
    release();
    await new Promise(setImmediate);
    executor.stall();
    const second = store.put('k', 2);
    const third = store.get('k');
    await executor.underWay(2);
    executor.failAll();
    const fourth = store.put('k', 4);
    handles.close();
    assert.equal((await first).applied, true);
    await rejects(second, 'CLOSED_IN_FLIGHT');
    await rejects(third, 'CLOSED');
    await rejects(fourth, 'CLOSED_IN_FLIGHT');
    await rejects(store.put('k', 5), 'CLOSED');
    assert.equal(handles.size, 0);
  });

  it('a handle of another build is refused, by name', async () => {
    for (const version of ['0.0.9', undefined]) {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage({ quintet: 'handle', version, cluster: 'c', shards: 1 });
      const error = await rejects(attach(port2), 'INVALID_OPTION');
      assert.match(error.message, version === undefined ? /of no version/ : /0\.0\.9/);
      port1.close();
    }
  });

  it('a handle that is attached after the cluster closed is closed', async () => {
    const { handles } = openHandles();
    const handle = handles.open();
    handles.close();
    const store = await attach(handle);
    await rejects(store.put('k', 1), 'CLOSED', 'CLOSED_IN_FLIGHT');
    await rejects(store.put('k', 1), 'CLOSED');
  });

  it('a timeout holds although the other end does not answer, and its slot is not used too early', async () => {
    const { executor, handles } = openHandles();
    const store = await attach(handles.open());
    const release = executor.stall();
    await rejects(store.put('a', 1, { timeoutMs: 10 }), 'TIMEOUT_IN_FLIGHT');
    await rejects(store.get('a', { timeoutMs: 10 }), 'TIMEOUT');
    const later = store.get('other');
    release();
    assert.equal(await later, undefined);
    assert.equal(await store.put('b', 2).then(() => store.get('b')), 2);
    handles.close();
  });

  it('refuse with BUSY beyond their bounds', async () => {
    const { executor, handles } = openHandles({ maxPendingCalls: 10, maxPendingBytes: 100 });
    const store = await attach(handles.open());
    const release = executor.stall();
    const calls = Array.from({ length: 10 }, () => store.get('k'));
    await rejects(store.get('k'), 'BUSY');
    release();
    await Promise.all(calls);
    const big = store.put('k', 'x'.repeat(200));
    await rejects(store.put('k', 'y'), 'BUSY');
    await big;
    await store.put('k', 'y');
    handles.close();
  });

  it('errors come with code, outcome and details', async () => {
    const { executor, handles } = openHandles();
    const store = await attach(handles.open());
    executor.refuseWith = 'SHARD_LOST';
    const error = await rejects(store.get('k'), 'SHARD_LOST');
    assert.match(error.message, /get "k"/);
    handles.close();
  });

  it('work in another thread, which may end by itself', async () => {
    const { executor, handles } = openHandles();
    const body = `
      store.watch({ key: 'k', persistent: false });
      await store.put('k', { from: 'afar' });
      send(await store.get('k'));`;
    const thread = threadWith(handles, body);
    const [[message], [code]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
    assert.deepStrictEqual([message, code], [{ from: 'afar' }, 0]);
    await executor.watches.sizeIs(0);
    assert.equal(handles.size, 0, 'its end is noticed');
  });

  it('a thread waits for its answers before it ends', async () => {
    const { executor, handles } = openHandles();
    const release = executor.stall();
    const thread = threadWith(handles, `store.increment('k').then(send);`);
    setTimeout(release, 400);
    const [message] = await once(thread, 'message');
    assert.equal(message, 1);
    await once(thread, 'exit');
  });

  it('a thread that dies leaves nothing under way', async () => {
    const { executor, handles } = openHandles();
    executor.stall();
    const thread = threadWith(handles, `for (let i = 0; i < 500; i++) store.put('k' + i, i); setTimeout(send, 20);`);
    await once(thread, 'message');
    assert.equal(executor.pending.length, 500);
    await thread.terminate();
    await executor.givenUp();
    assert.equal(handles.size, 0);
  });
});
