/** A quiet watch beside a busy one: its position keeps up, here and in another thread's handle, and is good to come back with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { attach, Cluster, type Store } from '../../src/index.ts';

const HISTORY = 64;

test('quiet watches keep up with busy ones, and go on from their position after more changes than are remembered', async (t) => {
  const cluster = await Cluster.start({ nodes: 2, shards: 2, watchHistory: HISTORY });
  t.after(() => cluster.close());
  const handle = await attach(cluster.handle());
  t.after(() => handle.close());
  cluster.watch({ prefix: 'busy:', bufferMax: 1e6 });
  const subjects: Store[] = [cluster, handle];
  const quiet = subjects.flatMap((store) =>
    [{ prefix: 'quiet:' }, { key: 'quiet:k' }].map((of) => ({ store, of, watch: store.watch(of) })),
  );
  await Promise.all(quiet.map(({ watch }) => watch.ready));
  const before = quiet.map(({ watch }) => watch.position!);
  await cluster.putMany(Array.from({ length: 20 * HISTORY }, (_, i) => [`busy:${i}`, i] as const));
  const now = cluster.watch({ prefix: '' });
  await now.ready;
  for (const { watch } of quiet) {
    // Rounds come when history turns over, and within a second after that.
    const deadline = performance.now() + 5_000;
    const behind = () =>
      Object.entries(watch.position!.versions).some(([shard, seq]) => seq < now.position!.versions[shard]!);
    while (behind() && performance.now() < deadline) await delay(10);
    assert.equal(behind(), false);
    watch.close();
  }
  const places = quiet.map(({ watch }) => watch.position!);
  for (const [at, { store, of }] of quiet.entries()) {
    const again = store.watch({ ...of, from: places[at]! });
    await again.ready;
    await store.put('quiet:k', at);
    for (let heard = 0; heard <= at; heard++) assert.equal((await again.next()).value?.value, heard);
    if ('prefix' in of) await assert.rejects(store.watch({ ...of, from: before[at]! }).ready, { code: 'WATCH_LAGGED' });
    again.close();
  }
});
