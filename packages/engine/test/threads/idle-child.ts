/**
 * Program of idle.slow.test.ts: fills and clears a cluster, then reports what it still takes. A process of its own: RSS and wakes
 * are the process's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../../src/index.ts';
import { wakesPerSecondAtRest } from './wakes.ts';

/** Of RSS, over that of a cluster just started. */
const LIMIT_MB = 100;

/** Of an idle cluster, and how long it may take to become one. */
const WAKES_PER_SECOND = 100;
const AT_REST_MS = 10_000;

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
  const wakesPerSecond = await wakesPerSecondAtRest(WAKES_PER_SECOND, AT_REST_MS);
  await cluster.close();
  console.log(JSON.stringify({ grownMb, wakesPerSecond }));
}

await main();
