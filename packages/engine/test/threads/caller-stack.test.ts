/** The stack of a rejected call shows who called, and nothing of ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attach, Cluster, type Store } from '../../src/index.ts';

const CALLS: readonly [name: string, call: (store: Store) => Promise<unknown>][] = [
  ['argument', (store) => store.put('k', 1, { ttl: -1 })],
  ['answer', (store) => store.increment('text')],
  ['many', (store) => store.getMany(['a', 5 as never])],
  ['together', (store) => store.putMany([['a', () => 0]], { atomic: true })],
  ['transaction', (store) => store.transaction({ then: [{ increment: 'text' }] })],
  ['transact', (store) => store.transact((tx) => tx.increment('text'))],
  ['scan', (store) => store.keys({ signal: AbortSignal.abort() }).next()],
  ['watch', (store) => store.watch({ prefix: '', signal: AbortSignal.abort() }).next()],
];

test('a rejected call has its caller in the stack, and no frame of the engine', async (t) => {
  const cluster = await Cluster.start({ nodes: 1, shards: 1, replicas: 0 });
  t.after(() => cluster.close());
  const handle = await attach(cluster.handle());
  t.after(() => handle.close());
  await cluster.put('text', 'text');
  for (const store of [cluster, handle] as Store[]) {
    for (const [name, call] of CALLS) {
      async function whoeverCalls(): Promise<unknown> {
        return await call(store);
      }
      const error = await whoeverCalls().then(
        () => assert.fail(name),
        (thrown: Error) => thrown,
      );
      assert.match(error.stack!, /whoeverCalls/, `${name}: ${error.stack}`);
      assert.doesNotMatch(error.stack!, /engine\/(src|dist)\//, name);
      assert.ok(error.stack!.startsWith(`KvError: ${error.message}\n`), name);
    }
  }
});
