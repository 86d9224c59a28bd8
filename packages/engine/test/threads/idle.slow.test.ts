/** An idle cluster: hardly wakes, expires keys in time, gives memory back, and a node that hangs in it is found. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Cluster } from '../../src/index.ts';
import { wakesPerSecondAtRest } from './wakes.ts';

/** Limit of 500 ms, and much more for a busy machine. */
const FOUND_MS = 8000;

const child = fileURLToPath(new URL('./idle-child.ts', import.meta.url));

test('an idle cluster takes next to no time, and memory of large values goes back', { timeout: 60_000 }, async () => {
  const args = ['--conditions=source', '--import', 'tsx', child];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { grownMb, wakesPerSecond } = JSON.parse(stdout) as { grownMb: number; wakesPerSecond: number };
  assert.ok(grownMb < 100, `RSS grew by ${grownMb} MB`);
  assert.ok(wakesPerSecond < 100, `${wakesPerSecond} wakes a second`);
});

test('an idle node that hangs is found without a call, and calls go on', { timeout: 60_000 }, async () => {
  const cluster = await Cluster.start({ chaos: true });
  // Waiting for an event keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    await cluster.settled();
    assert.ok((await wakesPerSecondAtRest(100, 10_000)) < 100, 'nodes rest');
    const down = new Promise<string>((resolve) => cluster.once('node-down', ({ node }) => resolve(node)));
    cluster.chaos.hang('n2', 30_000);
    const late = delay(FOUND_MS, 'nobody', { ref: false });
    assert.equal((await Promise.race([down, late])).slice(0, 2), 'n2');
    await cluster.put('k', 'v');
    assert.equal(await cluster.get('k'), 'v');
  } finally {
    clearInterval(alive);
    await cluster.close();
  }
});

test('a key that expires in an idle cluster is told of at its deadline', { timeout: 60_000 }, async () => {
  const cluster = await Cluster.start();
  try {
    await cluster.settled();
    const watcher = cluster.watch({ prefix: 'k' });
    const deadlines = new Map<string, number>();
    // So far apart that all nodes rest in between: an active one looks every 20 ms.
    for (const ttl of [1300, 2800, 4300]) {
      deadlines.set(`k${ttl}`, Date.now() + ttl);
      await cluster.put(`k${ttl}`, 'v', { ttl });
    }
    const late: number[] = [];
    for await (const { type, key } of watcher) {
      if (type !== 'expire') continue;
      late.push(Date.now() - deadlines.get(String(key))!);
      if (late.length === deadlines.size) break;
    }
    // One of them may meet a turn of the master's clock, a busy machine may hold up another.
    assert.ok(Math.min(...late) < 50, `${late} ms`);
    assert.ok(late.reduce((sum, ms) => sum + ms) < 600, `${late} ms`);
  } finally {
    await cluster.close();
  }
});
