/** When a key was last used, over real threads and kills. (What counts as a use: core/uses.test.ts.) */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatOperation } from '../../src/core/data/operation.ts';
import type { Result } from '../../src/core/data/result.ts';
import { Cluster } from '../../src/index.ts';

function stat(cluster: Cluster, key: string, more: Partial<StatOperation>): Promise<Result> {
  return new Promise((onResult, reject) => {
    cluster.executor.submit({ verb: 'stat', key, ...more }, { onResult, onError: (code) => reject(new Error(code)) });
  });
}

async function idleSeconds(cluster: Cluster, key: string): Promise<number> {
  return Number((await stat(cluster, key, { tells: 'idle' })).value) / 1000;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('idle time: reset by reads and touches, kept by looks and through kills', { timeout: 170_000 }, async () => {
  await using cluster = await Cluster.start({ nodes: 3, shards: 1, chaos: true });
  for (const use of [
    () => cluster.get('key'),
    () => stat(cluster, 'key', { uses: true }),
    () => cluster.put('key', 'other value'),
  ]) {
    await Promise.all([cluster.put('control', ''), cluster.put('key', 'value')]);
    await until(async () => (await idleSeconds(cluster, 'key')) >= 2);
    await use();
    // Against a key that was not used: however long the machine stands still here, it stands still for both.
    const [idle, control] = await Promise.all([idleSeconds(cluster, 'key'), idleSeconds(cluster, 'control')]);
    assert.ok(control >= idle + 1, `${use}: ${idle} s against ${control} s`);
  }
  for (let kills = 0; kills < 3; kills++) {
    const died = cluster.status().shards[0]!.chain[kills % 2]!;
    cluster.chaos.kill(died.replace(/#.*/, ''));
    await until(() => cluster.status().health === 'ok' && !cluster.status().shards[0]!.chain.includes(died));
    assert.equal((await stat(cluster, 'control', { tells: 'value' })).value, '');
    assert.ok((await idleSeconds(cluster, 'control')) >= 2);
  }
});
