/** Reads from the master's cache while nodes die: hot keys that everybody reads and writes, and what was seen is linearizable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '@quintet/engine';
import { TestCluster } from '../../src/index.ts';

const KILLS = 6;
const KEYS = ['hot0', 'hot1', 'hot2'];

/** Writes now and then, reads the same keys many times in between, until told to stop; each loop lets the others run. */
async function work(store: Store, client: number, ended: () => boolean): Promise<void> {
  for (let turn = 0; !ended(); turn++) {
    const key = KEYS[(turn + client) % KEYS.length]!;
    if (turn % 4 === client % 4) await store.put(key, `${client}.${turn}`);
    else if (turn % 16 === 5) await store.put('lease', `${client}.${turn}`, { ttl: 15 });
    else if (turn % 16 === 9) await store.delete(key);
    else if (turn % 16 === 13) await store.append('log', 'x');
    else await store.increment('counter');
    const pipelined = [store.get(key), store.put(key, `${client}.${turn}.p`), store.get(key)];
    await Promise.all([...pipelined, store.get('lease'), store.get('log'), store.get('counter')]);
    for (const hot of KEYS) await store.get(hot);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

for (const readCache of [64 * 1024 * 1024, 1_500]) {
  test(`a cache of ${readCache} bytes, ${KILLS} kills: linearizable`, { timeout: 120_000 }, async (t) => {
    const kit = await TestCluster.startFor(t, { nodes: 4, shards: 4, hangLimitMs: 10_000, readCache });
    let ended = false;
    const workers = Array.from({ length: 4 }, (_, client) => work(kit.record(), client, () => ended));
    for (let kill = 0; kill < KILLS; kill++) {
      await kit.restored(kit.kill(kit.primaryOf(KEYS[kill % KEYS.length]!)));
    }
    ended = true;
    await Promise.all(workers);
    assert.ok(kit.cluster.status().readCache.hits > 100, `${kit.cluster.status().readCache.hits} cached reads`);
    assert.equal(kit.assertLinearizable().verdict, 'ok');
  });
}
