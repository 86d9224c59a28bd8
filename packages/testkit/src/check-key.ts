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
  /** What had returned by this position is past. It is not needed for the contradiction, but for its highest version. */
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

/**
 * The searches made in turn: in which order, how many steps for each operation, which share of the time left. Depth first
 * is quick or hopeless; after each that failed, a contradiction is looked for where it got stuck; at last everything is
 * explored.
 */
const PASSES = [
  { order: 'depth', stepsEach: 5, share: 1 },
  { order: 'depth', stepsEach: 100, share: 0.3 },
  { order: 'cost', stepsEach: Number.POSITIVE_INFINITY, share: 1 },
] as const;

const STEPS_MIN = 1_000;

/** If a violation could not be shrunk, show this many operations returned before the point where the search got stuck. */
const UNSHRUNK_MAX = 60;

/** Decides the records of one key. */
export function checkKey(key: string, records: readonly OperationRecord[], limits: KeyLimits): KeyReport {
  const fast = limits.method === 'search' ? null : checkByRegister(key, records);
  return fast ?? checkBySearch(key, records, limits);
}

/** The verdict of the fast path, null if it does not cover the key. */
export function checkByRegister(key: string, records: readonly OperationRecord[]): KeyReport | null {
  const decision = checkUniqueRegister(records);
  if (decision === null) return null;
  const { verdict } = decision;
  const violation = verdict === 'ok' ? null : describe(key, decision.reason, decision.culprits, records.length);
  return { key, verdict, method: 'register', operations: records.length, steps: 0, violation };
}

function checkBySearch(key: string, records: readonly OperationRecord[], limits: KeyLimits): KeyReport {
  let steps = 0;
  let explainedAt = Number.NaN;
  const report = (verdict: Verdict, violation: Violation | null): KeyReport => {
    return { key, verdict, method: 'search', operations: records.length, steps, violation };
  };
  for (const { order, stepsEach, share } of PASSES) {
    const now = performance.now();
    const result = search(records, order, {
      steps: Math.min(limits.steps - steps, stepsEach * records.length + STEPS_MIN),
      deadline: now + (limits.deadline - now) * share,
    });
    steps += result.steps;
    if (result.verdict === 'ok') return report('ok', null);
    const horizon = result.stuck?.horizon ?? Number.NaN;
    const violation = horizon === explainedAt ? null : explain(key, records, horizon, limits.shrinkMs);
    explainedAt = horizon;
    if (violation !== null) return report('violation', violation);
    if (result.verdict === 'violation') return report('violation', showEnd(key, records, result));
    if (steps >= limits.steps || performance.now() > limits.deadline) break;
  }
  return report('unknown', null);
}

/** A few operations around where a search got stuck that contradict each other; null if none were found. */
function explain(
  key: string,
  records: readonly OperationRecord[],
  position: number,
  shrinkMs: number,
): Violation | null {
  const found = shrinkMs > 0 ? shrink(records, position, performance.now() + shrinkMs) : null;
  if (found === null) return null;
  const before = Number.isFinite(found.past) ? ` whatever the key held at ${found.past} and` : '';
  const reason = `no order of these operations explains their answers,${before} whatever the others did`;
  return { ...describe(key, reason, found.kept, records.length), past: found.past };
}

/** The last operations before the search got stuck, if it proved a violation but nothing shorter does. */
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
