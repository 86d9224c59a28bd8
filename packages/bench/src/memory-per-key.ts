/**
 * Resident bytes per key copy at a million keys of 16 + 64 bytes: the whole process, all nodes, divided by copies.
 *
 * Run    node --import tsx packages/bench/src/memory-per-key.ts
 *        [--keys 1000000] [--replicas 1] [--json]
 *        (against the built engine: pnpm build first; with --conditions=source against its TypeScript, whose nodes start
 *        more slowly)
 * Shows  growth of the resident set from the started, empty (but warmed up) cluster to the full, idle one.
 * Target <= 170 bytes, Redis 7's figure for one copy.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '@quintet/engine';
import { collectGarbage, printReport, readNumbers, rounded } from './figures.ts';
import { fill } from './mixed-load.ts';

const WARM_UP_KEYS = 20_000;
const { numbers, json } = readNumbers({ keys: 1_000_000, replicas: 1 });

await using cluster = await Cluster.start({ replicas: numbers.replicas });
await fill(cluster, WARM_UP_KEYS);
await cluster.clear();
const emptyBytes = await residentBytes();
await fill(cluster, numbers.keys);
await cluster.settled();
const fullBytes = await residentBytes();

const copies = numbers.keys * (numbers.replicas + 1);
const { nodes } = cluster.status();
const held = nodes.reduce((sum, { keys }) => sum + keys, 0);
if (held !== copies) throw new Error(`the nodes hold ${held} copies, not ${copies}`);
const perCopy = rounded((fullBytes - emptyBytes) / copies);
const reserved = rounded(nodes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) / copies);
printReport(
  {
    title: `memory of ${copies} key copies of 16 + 64 bytes`,
    rows: [
      ['bytes per key copy', ''],
      ['resident', perCopy],
      ['of it reserved by slabs and indexes', reserved],
      ['resident, MB', Math.round(fullBytes / 1e6)],
      ['resident when empty, MB', Math.round(emptyBytes / 1e6)],
    ],
    figures: { copies, residentPerCopy: perCopy, reservedPerCopy: reserved, fullBytes, emptyBytes },
    target: 'resident <= 170 bytes per key copy',
    met: perCopy <= 170,
  },
  json,
);

/** What stays resident: the least over two seconds, since the collectors of six heaps come and go. */
async function residentBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 20; sample++) {
    collectGarbage();
    await delay(100);
    least = Math.min(least, process.memoryUsage.rss());
  }
  return least;
}
