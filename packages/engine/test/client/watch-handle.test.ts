/** Watches through a handle: a thread that is slow, that dies, that waits, that is done; the end of the cluster. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { attach, Handles } from '../../src/client/cluster/handle.ts';
import { TypedStore } from '../../src/client/typed/typed-store.ts';
import { FakeExecutor } from '../contract/fake-executor.ts';
import { rejects } from '../contract/subject.ts';

const LIMITS = {
  maxPendingCalls: 10_000,
  maxPendingBytes: 1 << 24,
  watchWindowChanges: 100,
  watchWindowBytes: 1 << 20,
};

function openHandles(limits: Partial<typeof LIMITS> = {}) {
  const executor = new FakeExecutor();
  return { executor, store: new TypedStore(executor), handles: new Handles(executor, { ...LIMITS, ...limits }) };
}

function threadWith(handles: Handles, body: string): Worker {
  const handle = handles.open();
  const module = new URL('./handle-thread.mjs', import.meta.url);
  return new Worker(module, { workerData: { handle, body }, transferList: [handle] });
}

async function putMany(store: TypedStore, from: number, until: number): Promise<void> {
  for (let i = from; i < until; i++) await store.put('k', i);
}

describe('watches through a handle', { timeout: 60_000 }, () => {
  it('a thread that does not take changes makes nobody buffer: it lagged, goes on from there, and misses nothing', async () => {
    const { executor, store, handles } = openHandles();
    const body = `
      const watcher = store.watch({ key: 'k' });
      await watcher.ready;
      send('watching');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      const heard = [];
      try {
        for await (const { value } of watcher) heard.push(value);
      } catch (error) {
        send({ code: error.code, heard: heard.length });
        const again = store.watch({ key: 'k', from: error.position });
        while (heard.at(-1) !== 299) heard.push((await again.next()).value.value);
        again.close();
      }
      send(heard);`;
    const thread = threadWith(handles, body);
    await once(thread, 'message');
    assert.equal(executor.watches.size, 1);
    const lagged = once(thread, 'message');
    await putMany(store, 0, 300);
    assert.equal(executor.watches.size, 0, 'ended as soon as its window was full');
    const [told] = await lagged;
    assert.deepStrictEqual(told, { code: 'WATCH_LAGGED', heard: 100 });
    const [[heard]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
    assert.deepStrictEqual(heard, [...Array(300).keys()]);
  });

  it('a thread that takes them hears any number', async () => {
    const { store, handles } = openHandles();
    const attached = await attach(handles.open());
    const watcher = attached.watch({ key: 'k' });
    await watcher.ready;
    const writing = putMany(store, 0, 1000);
    let next = 0;
    for await (const { value } of watcher) {
      assert.equal(value, next++);
      if (next === 1000) break;
    }
    await writing;
    handles.close();
  });

  it('one change larger than the window still comes', async () => {
    const { store, handles } = openHandles({ watchWindowBytes: 10 });
    const attached = await attach(handles.open());
    const watcher = attached.watch({ key: 'k' });
    await watcher.ready;
    await store.put('k', 'x'.repeat(1000));
    assert.equal((await watcher.next()).value?.value, 'x'.repeat(1000));
    handles.close();
  });

  it('a thread that dies, or closes its watch, leaves none behind', async () => {
    const { executor, handles } = openHandles();
    const thread = threadWith(
      handles,
      `await store.watch({ key: 'k' }).ready; send(1); await store.watch({ key: 'k' }).next();`,
    );
    await once(thread, 'message');
    await executor.watches.sizeIs(2);
    await thread.terminate();
    await executor.watches.sizeIs(0);
    const attached = await attach(handles.open());
    const watcher = attached.watch({ prefix: '' });
    await watcher.ready;
    watcher.close();
    await executor.watches.sizeIs(0);
    handles.close();
  });

  it('waiting for a change keeps a thread alive, unless it is told not to', async () => {
    const { store, handles } = openHandles();
    const body = `
      const watcher = store.watch({ key: 'k' });
      await watcher.ready;
      send('ready');
      send((await watcher.next()).value.value);`;
    const waits = threadWith(handles, body);
    await once(waits, 'message');
    const idles = threadWith(
      handles,
      `store.watch({ key: 'k', persistent: false }).next(); store.watch({ key: 'k' });`,
    );
    const [code] = await once(idles, 'exit');
    assert.equal(code, 0);
    await store.put('k', 'for those who wait');
    const [message] = await Promise.race([once(waits, 'message'), once(waits, 'exit')]);
    assert.equal(message, 'for those who wait');
    handles.close();
  });

  it('the end of the cluster, or of the handle, ends them', async () => {
    const { executor, handles } = openHandles();
    const attached = await attach(handles.open());
    const other = await attach(handles.open());
    const watcher = attached.watch({ key: 'k' });
    const local = other.watch({ key: 'k' });
    await Promise.all([watcher.ready, local.ready]);
    const ended = rejects(local.next(), 'CLOSED');
    other.close();
    await ended;
    const pending = watcher.next();
    executor.watches.close();
    handles.close();
    await rejects(pending, 'CLOSED');
    assert.deepStrictEqual(await watcher.next(), { done: true, value: undefined });
    await rejects(attached.watch({ key: 'k' }).ready, 'CLOSED');
  });

  it('a position of the cluster itself serves a handle, and the other way round', async () => {
    const { store, handles } = openHandles();
    const attached = await attach(handles.open());
    const here = store.watch({ key: 'k' });
    await here.ready;
    await putMany(store, 0, 3);
    await here.next();
    const there = attached.watch({ key: 'k', from: here.position! });
    assert.equal((await there.next()).value?.value, 1);
    const back = store.watch({ key: 'k', from: there.position! });
    assert.equal((await back.next()).value?.value, 2);
    handles.close();
  });
});
