/**
 * Shrink: from a history that is not linearizable to the few operations that show why.
 *
 * Owns      which operations are kept.
 * Does not  print them (check-key.ts, render.ts).
 * Why       simply leaving operations out would lie: without the write, an honest read of its value is a contradiction.
 *           So nothing is left out, it is only *told less about*. A window of the history is looked at as if anything
 *           might have been before; what overlaps its ends, and then one operation after the other within it, is
 *           weakened to an unknown outcome: it may have happened at any time from its invocation on, or never. All that
 *           was legal stays legal so. If the rest is still contradictory, the rest alone is to blame, whatever the others
 *           did. And as a window is short, this also refutes histories that are too long to be searched as a whole.
 */

import type { UnknownPast } from './entry.ts';
import type { OperationRecord } from './operation.ts';
import { isRefuted } from './search.ts';

/** Of one trial. A trial cut short counts as "not contradictory". */
const TRIAL_STEPS = 10_000;

/** Lengths of windows, in returns before and after the point where a search got stuck. */
const BEFORE = [2, 4, 8, 16, 32, 64, 128];
const AFTER = [0, 4, 16, 64];

/** Operations that contradict each other. */
export interface Contradiction {
  /** In order of return. If time sufficed, none of them can be spared. */
  readonly kept: readonly OperationRecord[];
  /** What had returned by this position is past, whatever it was. -Infinity: nothing is. */
  readonly past: number;
}

/** A part of one key's history that is contradictory by itself, as a rule. */
interface Window {
  readonly records: readonly OperationRecord[];
  /** What had returned by then is not in it. -Infinity: the window begins where the history does. */
  readonly begin: number;
  /** What is known of what is not in it; null: there is no such thing. */
  readonly past: UnknownPast | null;
}

/** Looks for a contradiction near `position`, until `deadline` (a reading of performance.now()). */
export function shrink(records: readonly OperationRecord[], position: number, deadline: number): Contradiction | null {
  const returns = records.filter(({ outcome }) => outcome.kind === 'ok').map(({ returnedAt }) => returnedAt);
  returns.sort((a, b) => a - b);
  const at = returns.findIndex((returnedAt) => returnedAt >= position);
  const middle = at === -1 ? returns.length - 1 : at;
  for (const before of BEFORE) {
    for (const after of AFTER) {
      if (after > before) continue;
      const from = returns[middle - before] ?? Number.NEGATIVE_INFINITY;
      const until = returns[Math.min(middle + after, returns.length - 1)] ?? Number.POSITIVE_INFINITY;
      const window = windowOf(records, from, until);
      const candidates = window.records.filter(({ outcome }) => outcome.kind === 'ok');
      if (!isContradictory(window, candidates, deadline)) continue;
      return { kept: minimise(window, candidates, deadline), past: window.begin };
    }
  }
  return null;
}

/** What was invoked after `from` and returned by `until` is kept, what had returned by `from` is past. */
function windowOf(all: readonly OperationRecord[], from: number, until: number): Window {
  const records = all
    .filter(({ invokedAt, outcome }) => invokedAt <= until && outcome.kind !== 'not-applied')
    .filter(({ returnedAt }) => returnedAt > from)
    .map((record) => (record.invokedAt <= from || record.returnedAt > until ? weakened(record) : record));
  if (from === Number.NEGATIVE_INFINITY) return { records, begin: from, past: null };
  const mayExpire = all.some(({ operation }) => 'expiry' in operation);
  return { records, begin: from, past: { mayExpire, floor: justBelow(highestVersion(all, from)) } };
}

/** The highest version that had surely been given by a position. */
function highestVersion(all: readonly OperationRecord[], position: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (const { operation, outcome, returnedAt } of all) {
    if (outcome.kind !== 'ok' || returnedAt > position) continue;
    const { version, applied } = outcome.result;
    if (typeof version === 'number') highest = Math.max(highest, version);
    if ('ifVersion' in operation && applied === true) highest = Math.max(highest, operation.ifVersion ?? highest);
  }
  return highest;
}

/** The entry at the beginning may have that version, but none below. */
function justBelow(version: number): number {
  return version - Math.max(0.5, Math.abs(version) * 2 ** -52);
}

function weakened(record: OperationRecord): OperationRecord {
  return { ...record, returnedAt: Number.POSITIVE_INFINITY, outcome: { kind: 'unknown' } };
}

function isContradictory({ records, past }: Window, kept: readonly OperationRecord[], deadline: number): boolean {
  const keptSet = new Set(kept);
  const trial = records.map((record) => (keptSet.has(record) ? record : weakened(record)));
  return isRefuted(trial, past, { steps: TRIAL_STEPS, deadline });
}

/** Zeller's delta debugging, with halving chunks. Out of time, what is left is returned as it is. */
function minimise(window: Window, candidates: readonly OperationRecord[], deadline: number): OperationRecord[] {
  let kept = [...candidates].sort((a, b) => a.returnedAt - b.returnedAt);
  let chunk = Math.max(1, kept.length >>> 1);
  for (;;) {
    const before = kept.length;
    for (let at = 0; at < kept.length; ) {
      if (performance.now() > deadline) return kept;
      const without = [...kept.slice(0, at), ...kept.slice(at + chunk)];
      if (isContradictory(window, without, deadline)) kept = without;
      else at += chunk;
    }
    if (chunk === 1 && kept.length === before) return kept;
    if (chunk > 1) chunk >>>= 1;
  }
}
