/** `--seeds` and `--seed`: run them, add up the figures, write down what failed. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeAction,
  drawOptions,
  type Figures,
  investigate,
  type Report,
  runSeedWith,
  SeedPool,
} from '@quintet/simulator';
import type { CommandOptions } from './options.ts';
import { Progress } from './progress.ts';

/** So many failures are investigated; the others are only listed. */
const INVESTIGATED_MAX = 3;
const SHRINK = { trials: 3000, ms: 60_000 };

export async function runManySeeds({ seeds, first, threads, json, commit, out }: CommandOptions): Promise<boolean> {
  const pool = new SeedPool(threads);
  if (!json) console.log(`commit ${commit}, seeds ${first}..${first + seeds - 1}, ${pool.threads} threads`);
  const progress = new Progress(seeds);
  const reports: Report[] = [];
  const begun = performance.now();
  try {
    await pool.run(first, seeds, (report) => {
      reports.push(report);
      progress.step();
      return true;
    });
  } finally {
    progress.clear();
    await pool.close();
  }
  const elapsedMs = performance.now() - begun;
  const failed = reports.filter(({ failure }) => failure !== null).sort((a, b) => Number(a.seed) - Number(b.seed));
  const summary = summarise(reports, elapsedMs);
  if (json) console.log(JSON.stringify({ commit, first, threads: pool.threads, ...summary, failed }));
  else printSummary(summary);
  for (const { seed } of failed.slice(0, INVESTIGATED_MAX)) writeDown(seed, commit, out, null);
  for (const { seed } of failed.slice(INVESTIGATED_MAX)) console.error(`seed ${seed} failed too`);
  return failed.length === 0;
}

/** One seed, in this thread, options first. */
export function runOneSeed(seed: string, { json, trace, commit, out, planted }: CommandOptions): boolean {
  const bug = typeof planted === 'string' ? planted : null;
  if (!json)
    console.log(
      `commit ${commit}, seed ${seed}${bug === null ? '' : `, planted ${bug}`}\n${JSON.stringify(drawOptions(seed), null, 1)}`,
    );
  const { report, events } = runSeedWith(seed, bug);
  if (trace) for (const event of events) console.log(`${event.at.toFixed(3)} ${describeAction(event)}`);
  console.log(
    json ? JSON.stringify({ commit, ...report }) : `trace ${report.traceHash} ${JSON.stringify(report.figures)}`,
  );
  if (report.failure !== null) writeDown(seed, commit, out, bug);
  return report.failure === null;
}

/** Shrinks a failed run, writes its log, and says how to repeat it. */
function writeDown(seed: string, commit: string, out: string, planted: string | null): void {
  const found = investigate(seed, { commit, planted, ...SHRINK });
  if (found === null) return console.error(`seed ${seed} failed in its thread, and not here: not deterministic`);
  mkdirSync(out, { recursive: true });
  const file = join(out, `seed-${seed}${planted === null ? '' : `-${planted}`}.jsonl`);
  writeFileSync(file, found.log);
  console.error(`\nseed ${seed} FAILED (${found.failure.checker}): ${found.failure.text}`);
  console.error(`  options  ${JSON.stringify(drawOptions(seed))}`);
  console.error(
    `  repeat   pnpm simulate --seed ${seed}${planted === null ? '' : ` --planted ${planted}`}   (commit ${commit})`,
  );
  console.error(
    `  shrunk   ${found.eventsBefore} events to ${found.events.length}: pnpm simulate --replay ${file} --trace`,
  );
}

interface Summary extends Figures {
  readonly seeds: number;
  /** Of all seeds' traces: the same on every machine and Node version. */
  readonly traces: string;
  readonly failures: number;
  readonly elapsedMs: number;
  readonly seedsPerMinute: number;
  /** Simulated time over real time. */
  readonly speed: number;
  readonly healRoundsMax: number;
}

function summarise(reports: readonly Report[], elapsedMs: number): Summary {
  const sum = (pick: (figures: Figures) => number): number =>
    reports.reduce((total, { figures }) => total + pick(figures), 0);
  const simulatedMs = sum((figures) => figures.simulatedMs);
  return {
    seeds: reports.length,
    traces: hashOf(reports),
    failures: reports.filter(({ failure }) => failure !== null).length,
    elapsedMs: Math.round(elapsedMs),
    seedsPerMinute: Math.round((reports.length / elapsedMs) * 60_000),
    speed: Math.round(simulatedMs / elapsedMs),
    simulatedMs,
    events: sum((figures) => figures.events),
    messages: sum((figures) => figures.messages),
    calls: sum((figures) => figures.calls),
    deaths: sum((figures) => figures.deaths),
    joins: sum((figures) => figures.joins),
    losses: sum((figures) => figures.losses),
    healRounds: sum((figures) => figures.healRounds),
    healRoundsMax: Math.max(...reports.map(({ figures }) => figures.healRounds)),
  };
}

function hashOf(reports: readonly Report[]): string {
  const inOrder = reports.toSorted((a, b) => Number(a.seed) - Number(b.seed));
  const hash = createHash('sha256');
  for (const { traceHash } of inOrder) hash.update(traceHash);
  return hash.digest('hex').slice(0, 16);
}

function printSummary(summary: Summary): void {
  const { seeds, failures, seedsPerMinute, speed, calls, messages, deaths, joins, losses, healRoundsMax } = summary;
  console.log(`${seeds} seeds, ${failures} failed; ${seedsPerMinute} seeds a minute, ${speed} x real time`);
  console.log(
    `${calls} calls, ${messages} messages, ${deaths} deaths, ${joins} joins, ${losses} shards lost on purpose`,
  );
  console.log(`healed within ${healRoundsMax} rounds; traces ${summary.traces}`);
}
