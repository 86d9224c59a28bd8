/**
 * CheckParallel: the check of a big history on several threads.
 *
 * Owns      the pool, the distribution of keys over tasks.
 * Does not  decide anything itself: keys are independent (locality), so the verdicts just add up.
 * Why       what the fast path covers is decided here and now: cloning a record for another thread costs several times
 *           as much. The rest is handed over a few keys at a time: cloned at once it would be in memory twice.
 */

import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { checkByRegister, type KeyReport } from './check-key.ts';
import type { CheckTask } from './check-worker.ts';
import { type CheckOptions, type LinearizabilityReport, partition, summarise } from './linearizability.ts';
import type { OperationRecord } from './operation.ts';

/** Options of a parallel check. */
export interface ParallelCheckOptions extends CheckOptions {
  /** Worker threads. Default: as many as there are processors. */
  readonly threads?: number;
}

/** Tasks of about this many operations: enough to outweigh handing them over, few enough to keep threads even. */
const OPERATIONS_PER_TASK = 20_000;

/** Run from source, a thread starts through a boot file that registers tsx; built, it starts in the compiled worker. */
const WORKER_FILE = import.meta.url.endsWith('.ts') ? './check-worker-boot.mjs' : './check-worker.js';

/**
 * As `checkLinearizable`, with the keys that need a search distributed over threads. The budget holds for the whole
 * history.
 */
export async function checkLinearizableInParallel(
  history: Iterable<OperationRecord> | { records(): Iterable<OperationRecord> },
  options: ParallelCheckOptions = {},
): Promise<LinearizabilityReport> {
  const start = performance.now();
  const { threads = availableParallelism(), budgetMs = 60_000, ...checkOptions } = options;
  const byKey = partition(history);
  const reports: KeyReport[] = [];
  for (const [key, records] of checkOptions.method === 'search' ? [] : byKey) {
    const report = checkByRegister(key, records);
    if (report === null) continue;
    reports.push(report);
    byKey.delete(key);
  }
  const deadline = start + budgetMs;
  if (byKey.size > 0) reports.push(...(await searchInPool(distribute(byKey), { ...checkOptions, threads, deadline })));
  return summarise(reports, performance.now() - start);
}

async function searchInPool(
  groups: CheckTask['keys'][],
  { threads, deadline, ...checkOptions }: CheckOptions & { readonly threads: number; readonly deadline: number },
): Promise<KeyReport[]> {
  const pool = new Piscina<CheckTask, KeyReport[]>({
    filename: new URL(WORKER_FILE, import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
  });
  const reports: KeyReport[] = [];
  const drain = async (): Promise<void> => {
    for (let keys = groups.pop(); keys !== undefined; keys = groups.pop()) {
      const budgetMs = Math.max(0, deadline - performance.now());
      reports.push(...(await pool.run({ keys, options: { ...checkOptions, budgetMs } })));
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, drain));
  } finally {
    await pool.destroy();
  }
  return reports;
}

/** Groups of keys, the biggest keys last, so that they are taken first: a long search begun last would run alone. */
function distribute(byKey: ReadonlyMap<string, readonly OperationRecord[]>): CheckTask['keys'][] {
  const bySize = [...byKey].sort(([, a], [, b]) => a.length - b.length);
  const groups: CheckTask['keys'][] = [];
  let group: [string, readonly OperationRecord[]][] = [];
  let operations = 0;
  for (const entry of bySize) {
    group.push(entry);
    operations += entry[1].length;
    if (operations < OPERATIONS_PER_TASK) continue;
    groups.push(group);
    group = [];
    operations = 0;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
