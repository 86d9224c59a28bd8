/**
 * SeedWorker: what one thread of a simulation does: some seeds, one after the other.
 *
 * One seed in twenty is run twice and must end on the same trace hash: determinism is a property like any other.
 */
import { runSeedWith } from './failing.ts';
import type { Report } from './run.ts';

export interface SeedTask {
  readonly seeds: readonly string[];
  readonly planted: string | null;
  /** Stop at the first seed that fails. */
  readonly untilFailure: boolean;
}

const TWICE_EVERY = 20;

export default function runSeeds({ seeds, planted, untilFailure }: SeedTask): Report[] {
  const reports: Report[] = [];
  for (const [at, seed] of seeds.entries()) {
    const report = at % TWICE_EVERY === 0 && planted === null ? runTwice(seed) : runSeedWith(seed, planted).report;
    reports.push(report);
    if (untilFailure && report.failure !== null) break;
  }
  return reports;
}

function runTwice(seed: string): Report {
  const { report } = runSeedWith(seed, null);
  const again = runSeedWith(seed, null).report;
  if (again.traceHash === report.traceHash || report.failure !== null) return report;
  const text = `the same seed gave the traces ${report.traceHash} and ${again.traceHash}`;
  return { ...report, failure: { checker: 'determinism', text } };
}
