/** An idle cluster: hardly wakes, gives memory back, and a node that hangs in it is found. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Cluster } from '../../src/index.ts';

const child = fileURLToPath(new URL('./idle-child.ts', import.meta.url));

test('an idle cluster takes next to no time, and memory of large values goes back', { timeout: 60_000 }, async () => {
  const args = ['--conditions=source', '--import', 'tsx', child];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { grownMb, wakesPerSecond } = JSON.parse(stdout) as { grownMb: number; wakesPerSecond: number };
  assert.ok(grownMb < 150, `RSS grew by ${grownMb} MB`);
  assert.ok(wakesPerSecond < 100, `${wakesPerSecond} wakes a second`);
});

test('an idle node that hangs is found without a call, and with one', { timeout: 60_000 }, async () => {
  const cluster = await Cluster.start({ chaos: true });
  // Waiting for an event keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    await cluster.settled();
    await delay(1500); // Nothing is awaited: the nodes shall be at rest.
    const down = new Promise<void>((resolve) => cluster.once('node-down', () => resolve()));
    cluster.chaos.hang('n2', 30_000);
    await down;
    await cluster.put('k', 'v');
    assert.equal(await cluster.get('k'), 'v');
  } finally {
    clearInterval(alive);
    await cluster.close();
  }
});
