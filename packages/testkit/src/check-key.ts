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
  /** How many more operations the key has; whatever they did, they do not resolve the contradiction. */
  readonly hidden: number;
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

/** If time ran out while shrinking, show this many of the last operations. */
const UNSHRUNK_MAX = 100;

/** Decides the records of one key. */
export function checkKey(key: string, records: readonly OperationRecord[], limits: KeyLimits): KeyReport {
  const operations = records.length;
  const fast = limits.method === 'search' ? null : checkUniqueRegister(records);
  if (fast !== null) {
    const violation = fast.verdict === 'ok' ? null : describe(key, fast.reason, fast.culprits, operations);
    return { key, verdict: fast.verdict, method: 'register', operations, steps: 0, violation };
  }
  const { verdict, steps, stuck } = search(records, limits);
  const violation = verdict !== 'violation' || stuck === null ? null : explain(key, records, stuck, limits);
  return { key, verdict, method: 'search', operations, steps, violation };
}

function explain(
  key: string,
  records: readonly OperationRecord[],
  stuck: NonNullable<SearchResult['stuck']>,
  limits: KeyLimits,
): Violation {
  const { kept, minimal, horizon, given } = shrink(records, stuck, limits.shrinkMs);
  const reason = `no order explains the answers returned by ${horizon}`;
  if (!minimal) return describe(key, `${reason} (not shrunk)`, kept.slice(-UNSHRUNK_MAX), records.length);
  if (given === null) return describe(key, reason, kept, records.length);
  const situations = [...new Set(given.situations.map(({ state }) => renderState(state)))].join(' or ');
  return describe(
    key,
    `${reason}, given that what was invoked by ${given.at} left ${situations}`,
    kept,
    records.length,
  );
}

function renderState({ value, version }: RegisterState): string {
  if (value === null) return 'the key absent';
  const shown = isStandIn(value) ? 'a value nobody read' : JSON.stringify(value.slice(0, 100));
  return version === null ? shown : `${shown}, version ${version}`;
}

function describe(key: string, reason: string, culprits: readonly OperationRecord[], total: number): Violation {
  const operations = [...culprits].sort((a, b) => a.invokedAt - b.invokedAt);
  const hidden = total - operations.length;
  const heading = `key ${JSON.stringify(key)}: ${reason}`;
  const others = `${hidden} of ${total} operations are not shown: whatever else they did, they do not resolve it`;
  const text = `${heading}\n${others}\n${renderOperations(operations)}`;
  return { key, reason, operations, hidden, text };
}
