/**
 * The longest stall of any caller when a node is killed, or hangs, with a million keys under mixed load.
 *
 * Run    node --import tsx packages/bench/src/kill-stall.ts
 *        [--keys 1000000] [--kills 100] [--hangs 5] [--callers 50] [--think 2] [--json]
 *        (against the built engine: pnpm build first; with --conditions=source against its TypeScript, whose nodes start
 *        more slowly)
 * Shows  per fault: the longest time any call was in flight between the fault and redundancy restored; and the same over
 *        as long a window without a fault, which is what the machine and the load cost by themselves.
 * Target kill p99 <= 20 ms; hang: the hang limit + 50 ms.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '@quintet/engine';
import { printReport, quantilesOf, readNumbers, rounded } from './figures.ts';
import { fill, MixedLoad } from './mixed-load.ts';

const HANG_LIMIT_MS = 400;
const { numbers, json } = readNumbers({ keys: 1_000_000, kills: 100, hangs: 5, callers: 50, think: 2 });

interface Fault {
  readonly stallMs: number;
  readonly quietMs: number;
  readonly restoredMs: number;
}

await using cluster = await Cluster.start({ chaos: true, hangLimitMs: HANG_LIMIT_MS });
await fill(cluster, numbers.keys);
const load = new MixedLoad({
  store: cluster,
  callers: numbers.callers,
  thinkMs: numbers.think,
  keys: numbers.keys,
});
await delay(1000);
const beganAt = performance.now();
const kills = await repeat(numbers.kills, (node) => cluster.chaos.kill(node));
const hangs = await repeat(numbers.hangs, (node) => cluster.chaos.hang(node, 10 * HANG_LIMIT_MS));
const rate = Math.round((load.operations / (performance.now() - beganAt)) * 1000);
await load.stop();

const kill = quantilesOf(kills.map(({ stallMs }) => stallMs));
const hang = quantilesOf(hangs.map(({ stallMs }) => stallMs));
const quiet = quantilesOf([...kills, ...hangs].map(({ quietMs }) => quietMs));
const restored = quantilesOf(kills.map(({ restoredMs }) => restoredMs));
printReport(
  {
    title: `longest stall of any caller, ms; ${numbers.keys} keys, ${numbers.callers} callers, ${rate} calls/s`,
    rows: [
      ['', 'times', 'p50', 'p99', 'max'],
      ['killed', kills.length, kill.p50, kill.p99, kill.max],
      ['hung', hangs.length, hang.p50, hang.p99, hang.max],
      ['no fault', kills.length + hangs.length, quiet.p50, quiet.p99, quiet.max],
      ['(redundancy restored after kill)', kills.length, restored.p50, restored.p99, restored.max],
    ],
    figures: { keys: numbers.keys, rate, killStallMs: kill, hangStallMs: hang, quietMs: quiet, restoredMs: restored },
    target: `kill p99 <= 20 ms, hang max <= ${HANG_LIMIT_MS + 50} ms`,
    met: kill.p99 <= 20 && hang.max <= HANG_LIMIT_MS + 50,
  },
  json,
);

/** Hurts one node after the other, each time from a whole cluster. */
async function repeat(times: number, hurt: (node: string) => void): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (let time = 0; time < times; time++) {
    await cluster.settled();
    const beginAt = performance.now();
    load.beginWindow();
    const restored = once(cluster.events, 'redundancy-restored');
    hurt(`n${1 + (time % 5)}`);
    await restored;
    const stallMs = load.endWindow();
    const restoredMs = rounded(performance.now() - beginAt);
    await cluster.settled();
    load.beginWindow();
    await delay(restoredMs);
    faults.push({ stallMs, quietMs: load.endWindow(), restoredMs });
  }
  return faults;
}
