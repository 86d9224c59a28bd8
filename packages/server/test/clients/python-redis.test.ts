// Debian's python3-redis: the day is in python-redis.py, which says what it has done.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { World } from './world.ts';

/** Debian's own, whatever else is on the PATH. */
const PYTHON = '/usr/bin/python3';
const isThere = spawnSync(PYTHON, ['-c', 'import redis']).status === 0;
// In CI it must be there: a client that is not tried is not known to work.
const skip =
  isThere || process.env.CI !== undefined ? false : 'needs Debian’s python3-redis: apt-get install python3-redis';

let world: World;

before(async () => {
  world = await World.start();
});

after(() => world?.close());

test('python3-redis: commands, pipelines, transactions, pub/sub, cluster mode, a restart', { skip }, async () => {
  const script = fileURLToPath(new URL('./python-redis.py', import.meta.url));
  const child = spawn(PYTHON, [script, String(world.port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const done: string[] = [];
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    done.push(line);
    if (line !== 'restart') continue;
    await world.restart(() => Promise.resolve());
    child.stdin.write('\n');
  }
  const [code] = await ended;
  assert.equal(code, 0);
  assert.deepEqual(done, [
    ...['commands', 'pipelines', 'scans', 'transactions', 'publish_and_subscribe', 'cluster_mode', 'restart'],
    'reconnected',
  ]);
});
