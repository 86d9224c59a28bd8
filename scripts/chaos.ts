/**
 * Chaos: hurts a real cluster under load and proves that nothing was lost.
 *
 *   make chaos ARGS="--faults 200 --seed 7"
 *   node --conditions=source --import tsx scripts/chaos.ts --faults 200 --seed 7 --json
 *
 * Exit 0 if all promises held, 1 if one was broken (the history is written to a file), 2 if it could not be run as asked.
 */
import { KvError } from '@quintet/engine';
import { type ChaosOptions, readOptions } from './chaos/options.ts';
import { TerminalProgress } from './chaos/progress.ts';
import { renderReport, summarise, writeEvidence } from './chaos/report.ts';
import { runChaos } from './chaos/run.ts';

async function main(options: ChaosOptions): Promise<number> {
  const progress = new TerminalProgress(options.faults);
  const result = await runChaos(options, progress);
  progress.end();
  const summary = summarise(result);
  process.stdout.write(`${options.json ? JSON.stringify(summary) : renderReport(result, summary)}\n`);
  if (summary.ok) return 0;
  process.stderr.write(`seed ${summary.seed}: the history of what is wrong is in ${writeEvidence(result, summary)}\n`);
  return 1;
}

try {
  process.exitCode = await main(readOptions(process.argv));
} catch (error) {
  if (!(error instanceof KvError && error.code === 'INVALID_OPTION')) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}
