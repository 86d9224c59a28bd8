/**
 * CheckKey: the verdict on one key.
 *
 * Owns      the choice of method (fast path or search), the wording of a violation.
 * Does not  split a history by key or add verdicts up (linearizability.ts).
 */

import type { RegisterState } from './models/register.ts';
import type { OperationRecord } from './operation.ts';
import { renderOperations } from './render.ts';
import { type SearchResult, search, type Verdict } from './search.ts';
import { shrink } from './shrink.ts';
import { checkUniqueRegister } from './unique-register.ts';
import { isStandIn } from './unread-values.ts';

/** Limits of the check of one key. */
export interface KeyLimits {
  /** Configurations the search may visit. */
  readonly steps: number;
  /** Reading of performance.now() after which the verdict is 'unknown'. */
  readonly deadline: number;
  /** Milliseconds that shrinking a violation may take on top. */
  readonly shrinkMs: number;
  /** 'search' skips the fast path, to compare the two. */
  readonly method: 'any' | 'search';
}

/** Why one key's history is not linearizable. */
export interface Violation {
  readonly key: string;
  readonly reason: string;
  /** The operations that contradict each other, in order of invocation. */
  readonly operations: readonly OperationRecord[];
  /** How many more operations the key has. Whatever they did, they do not resolve the contradiction. */
  readonly hidden: number;
  /** What had returned by this position is past, whatever it was: it is not needed for the contradiction. */
  readonly past: number;
  /** All of it as text: reason and one line an operation. */
  readonly text: string;
}

/** The verdict on one key. */
export interface KeyReport {
  readonly key: string;
  readonly verdict: Verdict;
  /** `register`: the fast path decided. */
  readonly method: 'register' | 'search';
  readonly operations: number;
  /** Configurations the search visited. */
  readonly steps: number;
  readonly violation: Violation | null;
}

/** Steps of the first, hopeful search, for each operation. */
const HOPEFUL_STEPS = 5;

/** If a violation could not be shrunk, show this many operations returned before the point where the search got stuck. */
const UNSHRUNK_MAX = 60;

/** Decides the records of one key. */
export function checkKey(key: string, records: readonly OperationRecord[], limits: KeyLimits): KeyReport {
  const fast = limits.method === 'search' ? null : checkUniqueRegister(records);
  if (fast === null) return checkBySearch(key, records, limits);
  const violation = fast.verdict === 'ok' ? null : describe(key, fast.reason, fast.culprits, records.length);
  return { key, verdict: fast.verdict, method: 'register', operations: records.length, steps: 0, violation };
}

/**
 * A short search for a legal order; failing that, a contradiction near where that got stuck; failing that, everything.
 */
function checkBySearch(key: string, records: readonly OperationRecord[], limits: KeyLimits): KeyReport {
  const base = { key, method: 'search' as const, operations: records.length };
  const steps = Math.min(limits.steps, HOPEFUL_STEPS * records.length + 1_000);
  const hopeful = search(records, 'depth', { ...limits, steps });
  if (hopeful.verdict === 'ok') return { ...base, verdict: 'ok', steps: hopeful.steps, violation: null };
  const early = explain(key, records, hopeful, limits);
  if (early !== null) return { ...base, verdict: 'violation', steps: hopeful.steps, violation: early };
  const thorough = hopeful.verdict === 'violation' ? hopeful : search(records, 'cost', limits);
  const { verdict } = thorough;
  const violation =
    verdict === 'violation' ? (explain(key, records, thorough, limits) ?? showEnd(key, records, thorough)) : null;
  return { ...base, verdict, steps: hopeful.steps + thorough.steps, violation };
}

/** A few operations around where a search got stuck that contradict each other; null if none were found. */
function explain(
  key: string,
  records: readonly OperationRecord[],
  { stuck }: SearchResult,
  limits: KeyLimits,
): Violation | null {
  const deadline = performance.now() + limits.shrinkMs;
  const found = stuck === null ? null : shrink(records, stuck.horizon, deadline);
  if (found === null) return null;
  const before = Number.isFinite(found.past) ? ` whatever was before ${found.past}, and` : '';
  const reason = `no order of these operations explains their answers,${before} whatever the others did`;
  return { ...describe(key, reason, found.kept, records.length), past: found.past };
}

/** The last operations before the search got stuck, if nothing better was found. */
function showEnd(key: string, records: readonly OperationRecord[], { stuck }: SearchResult): Violation {
  const horizon = stuck?.horizon ?? Number.POSITIVE_INFINITY;
  const returned = records
    .filter(({ returnedAt }) => returnedAt <= horizon)
    .sort((a, b) => a.returnedAt - b.returnedAt);
  const state = stuck === null ? '' : `; one of those before ends with ${renderState(stuck.state)}`;
  const reason = `no order explains the answers returned by ${horizon}${state} (not shrunk: what is hidden matters)`;
  return describe(key, reason, returned.slice(-UNSHRUNK_MAX), records.length);
}

function renderState({ value, version }: RegisterState): string {
  if (value == null) return 'the key absent';
  const shown = isStandIn(value) ? 'a value nobody read' : JSON.stringify(value.slice(0, 100));
  return version === null ? shown : `${shown}, version ${version}`;
}

function describe(key: string, reason: string, culprits: readonly OperationRecord[], total: number): Violation {
  const operations = [...culprits].sort((a, b) => a.invokedAt - b.invokedAt);
  const hidden = total - operations.length;
  const heading = `key ${JSON.stringify(key)}: ${reason}`;
  const text = `${heading}\n${hidden} of ${total} operations are not shown\n${renderOperations(operations)}`;
  return { key, reason, operations, hidden, past: Number.NEGATIVE_INFINITY, text };
}
