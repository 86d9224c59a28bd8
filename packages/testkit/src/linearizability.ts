/**
 * Linearizability: the verdict on a whole history.
 *
 * Owns      splitting by key, sharing out the budget, adding verdicts up.
 * Does not  decide a key (check-key.ts).
 * Why       by key: linearizability is local (Herlihy & Wing 1990): a history is linearizable exactly if, for each
 *           object, the part that concerns it is. And the cost of a search grows with what overlaps within one key.
 */

import { checkKey, type KeyReport, type Violation } from './check-key.ts';
import { assertRecord, type OperationRecord } from './operation.ts';
import type { Verdict } from './search.ts';

/** Options of a check. */
export interface CheckOptions {
  /** Milliseconds for the whole history, after which undecided keys are 'unknown'. Default 60,000. */
  readonly budgetMs?: number;
  /** Configurations the search may visit per key. Default: no limit but time. */
  readonly budgetSteps?: number;
  /**
   * Milliseconds, on top, for each key that gives trouble, to look for a few operations that contradict each other. That
   * is also what decides most violations in long histories, so 0 means: prove violations by exhaustion only. It is
   * tried at most three times. Default 5,000.
   */
  readonly shrinkMs?: number;
  /** 'search' never takes the fast path; for comparing the two. Default 'any'. */
  readonly method?: 'any' | 'search';
}

/** The verdict on a history: 'violation' if any key is one, else 'unknown' if any key is, else 'ok'. */
export interface LinearizabilityReport {
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
  /** Keys the budget did not suffice for. A run with any has shown nothing about them: treat it as failed. */
  readonly undecided: readonly string[];
  readonly keys: number;
  readonly operations: number;
  /** Keys that needed the search; the others took the fast path. */
  readonly keysSearched: number;
  /** Configurations visited in all searches. */
  readonly steps: number;
  readonly elapsedMs: number;
}

/**
 * Checks that each key's operations can be put in one order that respects real time (what returned before another was
 * invoked comes first) and the sequential model (models/register.ts).
 *
 * Sources: Wing & Gong 1993 (the search); Lowe 2017 (its memory); Porcupine (partitions, budget, three verdicts);
 * Gibbons & Korach 1997 (unique-value registers, O(n log n)); Herlihy & Wing 1990 (locality).
 */
export function checkLinearizable(
  history: Iterable<OperationRecord> | { records(): Iterable<OperationRecord> },
  options: CheckOptions = {},
): LinearizabilityReport {
  const start = performance.now();
  const reports = checkKeys(partition(history), options);
  return summarise(reports, performance.now() - start);
}

/** The records of each key, each validated. */
export function partition(
  history: Iterable<OperationRecord> | { records(): Iterable<OperationRecord> },
): Map<string, OperationRecord[]> {
  const byKey = new Map<string, OperationRecord[]>();
  for (const record of 'records' in history ? history.records() : history) {
    assertRecord(record);
    const records = byKey.get(record.key);
    if (records === undefined) byKey.set(record.key, [record]);
    else records.push(record);
  }
  return byKey;
}

/** Decides key after key within one budget. */
export function checkKeys(byKey: Iterable<[string, readonly OperationRecord[]]>, options: CheckOptions): KeyReport[] {
  const limits = {
    steps: options.budgetSteps ?? Number.POSITIVE_INFINITY,
    deadline: performance.now() + (options.budgetMs ?? 60_000),
    shrinkMs: options.shrinkMs ?? 5_000,
    method: options.method ?? 'any',
  };
  const reports: KeyReport[] = [];
  for (const [key, records] of byKey) reports.push(checkKey(key, records, limits));
  return reports;
}

/** Adds up the verdicts on the keys. */
export function summarise(reports: readonly KeyReport[], elapsedMs: number): LinearizabilityReport {
  const violations = reports.map(({ violation }) => violation).filter((violation) => violation !== null);
  const undecided = reports.filter(({ verdict }) => verdict === 'unknown').map(({ key }) => key);
  return {
    verdict: violations.length > 0 ? 'violation' : undecided.length > 0 ? 'unknown' : 'ok',
    violations,
    undecided,
    keys: reports.length,
    operations: reports.reduce((sum, report) => sum + report.operations, 0),
    keysSearched: reports.filter(({ method }) => method === 'search').length,
    steps: reports.reduce((sum, report) => sum + report.steps, 0),
    elapsedMs,
  };
}
