/** Keys that are no UTF-8 come back as bytes, and what came back finds the entry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attach, Cluster, type Key, type Store } from '../../src/index.ts';

test('keys that are no UTF-8 come back as bytes that find the entry; others as strings', async (t) => {
  const cluster = await Cluster.start({ nodes: 1, shards: 1, replicas: 0 });
  t.after(() => cluster.close());
  const handle = await attach(cluster.handle());
  t.after(() => handle.close());
  const bytes = Uint8Array.of(0xff, 0, 0xc3);
  for (const store of [cluster, handle] as Store[]) {
    const watch = store.watch<number>({ prefix: '' });
    await watch.ready;
    await store.putMany([
      [bytes, 1],
      ['é', 2],
    ]);
    const changed: Key[] = [(await watch.next()).value!.key, (await watch.next()).value!.key];
    const keys: Key[] = [];
    for await (const key of store.keys()) keys.push(key);
    const entries: Key[] = [];
    for await (const [key] of store.entries()) entries.push(key);
    for (const found of [keys, entries, changed]) {
      assert.equal(found.length, 2);
      assert.ok(found.includes('é'));
      const other = found.find((key) => key !== 'é')!;
      assert.deepEqual(other, bytes);
      assert.equal(await store.get(other), 1);
    }
    watch.close();
  }
});
