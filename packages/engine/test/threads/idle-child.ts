/**
 * Program of idle.slow.test.ts: fills and clears a cluster, then tells what it still takes. A process of its own: RSS and wakes
 * are the process's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../../src/index.ts';

/** Of RSS, over that of a cluster just started. */
const LIMIT_MB = 100;

/** Voluntary context switches of all threads so far. */
function wakes(): number {
  const tasks = readdirSync('/proc/self/task');
  const counts = tasks.map((task) => {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  });
  return counts.reduce((total, count) => total + count, 0);
}

async function main(): Promise<void> {
  const cluster = await Cluster.start({});
  await cluster.settled();
  const fresh = process.memoryUsage.rss();
  const value = Buffer.alloc(1_000_000, 7);
  for (let i = 0; i < 200; i++) await cluster.put(`k${i}`, value);
  await cluster.clear();
  const grown = () => Math.round((process.memoryUsage.rss() - fresh) / 1e6);
  const deadline = performance.now() + 5000;
  while (grown() >= LIMIT_MB && performance.now() < deadline) await delay(50);
  const grownMb = grown();
  // A node rests half a second after its last work.
  await delay(1000);
  const before = wakes();
  await delay(1000);
  const wakesPerSecond = wakes() - before;
  await cluster.close();
  console.log(JSON.stringify({ grownMb, wakesPerSecond }));
}

await main();
