/**
 * A thousand kills in a row: does anything grow?
 *
 * Run    node --import tsx packages/bench/src/restart-soak.ts
 *        [--kills 1000] [--keys 10000] [--callers 8] [--json]
 *        (against the built engine: pnpm build first; with --conditions=source against its TypeScript, whose nodes start
 *        more slowly)
 * Shows  resident memory, file descriptors, threads and the main thread's message ports, sampled from a settled cluster:
 *        the medians of an early fifth (after a warm-up) and of the last one.
 * Target flat within 5 %.
 */
import { readdirSync } from 'node:fs';
import { queryObjects } from 'node:v8';
import { MessagePort } from 'node:worker_threads';
import { Cluster } from '@quintet/engine';
import { collectGarbage, medianOf, printReport, type Row, readNumbers, rounded } from './figures.ts';
import { fill, MixedLoad } from './mixed-load.ts';

const { numbers, json } = readNumbers({ kills: 1000, keys: 10_000, callers: 8, think: 5 });
const SAMPLES = 20;

interface Sample {
  readonly residentMb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly ports: number;
}
const NAMES = ['residentMb', 'descriptors', 'threads', 'ports'] as const satisfies (keyof Sample)[];

await using cluster = await Cluster.start({ chaos: true });
await fill(cluster, numbers.keys);
const load = new MixedLoad({ store: cluster, callers: numbers.callers, thinkMs: numbers.think, keys: numbers.keys });
const samples: Sample[] = [];
const beganAt = performance.now();
for (let kill = 1; kill <= numbers.kills; kill++) {
  await cluster.settled();
  load.endWindow();
  cluster.chaos.kill(`n${1 + (kill % 5)}`);
  if (kill % Math.max(1, Math.floor(numbers.kills / (SAMPLES * 3))) === 0) samples.push(await sample());
}
await load.stop();
const seconds = (performance.now() - beganAt) / 1000;

const early = samples.slice(Math.floor(samples.length * 0.2), Math.floor(samples.length * 0.4));
const late = samples.slice(Math.floor(samples.length * 0.8));
const growth = Object.fromEntries(NAMES.map((name) => [name, ratio(median(early, name), median(late, name))]));
const rows = NAMES.map((name): Row => [name, median(early, name), median(late, name), percent(growth[name]!)]);
printReport(
  {
    title: `${numbers.kills} kills in ${Math.round(seconds)} s under load, no error at any caller`,
    rows: [['', 'early', 'late', 'growth'], ...rows],
    figures: { kills: numbers.kills, seconds: rounded(seconds), growth, first: early[0], last: late.at(-1) },
    target: 'no growth beyond 5 %',
    met: Object.values(growth).every((ratio) => ratio <= 1.05),
  },
  json,
);

/** From a settled cluster with its spare booted, so that the same threads are there each time. */
async function sample(): Promise<Sample> {
  await cluster.settled();
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 5; look++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    collectGarbage();
    least = Math.min(least, process.memoryUsage.rss());
  }
  return {
    residentMb: rounded(least / 1e6),
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    // Counted in the heap: ports of nodes are unref'd, so they are no "active resources".
    ports: queryObjects(MessagePort, { format: 'count' }),
  };
}

function median(of: readonly Sample[], name: keyof Sample): number {
  return medianOf(of.map((found) => found[name]));
}

function ratio(early: number, late: number): number {
  return early === late ? 1 : late / early;
}

function percent(ratio: number): string {
  return `${((ratio - 1) * 100).toFixed(1)} %`;
}
