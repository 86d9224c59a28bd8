/**
 * Shrink: from a history that is not linearizable to the few operations that show why.
 *
 * Owns      which operations are kept, and from which situation the story starts.
 * Does not  print them (check-key.ts, render.ts).
 * Why       simply leaving operations out would lie: without the write, an honest read of its value is a contradiction.
 *           So an operation is never removed but *weakened* to an unknown outcome, i.e. it may have happened at any
 *           time from its invocation on, or never. Whatever is legal stays legal so; thus if the rest is still
 *           contradictory, the rest alone is to blame, whatever the weakened ones did.
 *           A thousand weakened operations may be more than a search can cope with. Then the beginning of the history
 *           stays as it is, represented by all situations it can have led to, and only its end is weakened.
 */

import type { OperationRecord } from './operation.ts';
import { isRefuted, type SearchBudget, type SearchResult, situationsAt } from './search.ts';
import type { Context } from './timeline.ts';

/** The operations to show. */
export interface Shrunk {
  /** In order of return. */
  readonly kept: readonly OperationRecord[];
  /** The answers returned by this position are contradictory already; those before it are not. */
  readonly horizon: number;
  /** What was invoked by `at` is taken as recorded, and can only have led to these situations; null: nothing is. */
  readonly given: { readonly at: number; readonly situations: readonly Context[] } | null;
  /** False if time ran out before every operation kept was found to be needed. */
  readonly minimal: boolean;
}

/** One trial. A trial cut short counts as "no longer contradictory". */
const TRIAL_MS = 100;

/** Ends of windows to keep, tried in this order: most contradictions are close to where the search got stuck. */
const WINDOWS = [2, 4, 8, 16, 32, 64];

/** How many last returns to tell the story of, if not all: the longer story first. */
const STORIES = [64, 24, 8, 3, 1];

/** More situations than this are not worth telling. */
const SITUATIONS_MAX = 32;

type IsContradictory = (kept: ReadonlySet<OperationRecord>) => boolean;

/** Shrinks the records of one key, on which `search` ended in a violation, within some milliseconds. */
export function shrink(
  records: readonly OperationRecord[],
  stuck: NonNullable<SearchResult['stuck']>,
  shrinkMs: number,
): Shrunk {
  const start = performance.now();
  const horizon = firstContradiction(records, stuck.horizon, {
    steps: Number.POSITIVE_INFINITY,
    deadline: start + shrinkMs / 4,
  });
  const prefix = upTo(records, horizon);
  const known = prefix.filter(({ outcome }) => outcome.kind === 'ok').sort((a, b) => a.returnedAt - b.returnedAt);
  const whole = shrinkWhole(prefix, known, start + shrinkMs / 2);
  if (whole !== null) return { ...whole, horizon };
  for (const length of STORIES) {
    const end = shrinkEnd(prefix, known, { at: known.at(-1 - length)?.returnedAt, deadline: start + shrinkMs });
    if (end !== null) return { ...end, horizon };
  }
  return { kept: known, horizon, given: null, minimal: false };
}

/** Keeps a few of all operations; null if more than a few seem to be needed. */
function shrinkWhole(
  prefix: readonly OperationRecord[],
  known: readonly OperationRecord[],
  deadline: number,
): Omit<Shrunk, 'horizon'> | null {
  const isContradictory: IsContradictory = (kept) => {
    const trial = prefix.map((record) => (kept.has(record) ? record : weakened(record)));
    return isRefuted(trial, trialBudget(deadline));
  };
  const window = WINDOWS.map((size) => known.slice(-size)).find((tail) => isContradictory(new Set(tail)));
  const kept = window === undefined ? null : minimise(window, isContradictory, deadline);
  return kept === null ? null : { kept, given: null, minimal: true };
}

/**
 * Keeps a few of the operations invoked after `at`, and those under way at `at`; null if it cannot be told in short.
 * Those under way are not weakened: the situations are worked out from their answers too.
 */
function shrinkEnd(
  prefix: readonly OperationRecord[],
  known: readonly OperationRecord[],
  { at, deadline }: { at: number | undefined; deadline: number },
): Omit<Shrunk, 'horizon'> | null {
  if (at === undefined) return null;
  const begun = prefix.map((record) => (record.invokedAt <= at ? record : omitted(record)));
  const situations = situationsAt(begun, at, { steps: Number.POSITIVE_INFINITY, deadline, limit: SITUATIONS_MAX });
  if (situations === null) return null;
  const isContradictory: IsContradictory = (kept) => {
    const trial = prefix.map((record) => (record.invokedAt <= at || kept.has(record) ? record : weakened(record)));
    return situations.every((situation) => isRefuted(trial, trialBudget(deadline), situation));
  };
  const later = known.filter(({ invokedAt }) => invokedAt > at);
  const kept = isContradictory(new Set(later)) ? minimise(later, isContradictory, deadline) : null;
  if (kept === null) return null;
  const underWay = known.filter(({ invokedAt, returnedAt }) => invokedAt <= at && returnedAt > at);
  return { kept: [...underWay, ...kept], given: { at, situations }, minimal: true };
}

/**
 * The first return by which the answers are contradictory. Usually where the search got stuck, but versions are compared
 * with those of later answers too, and then it is the later answer that makes the contradiction.
 */
function firstContradiction(records: readonly OperationRecord[], stuckAt: number, budget: SearchBudget): number {
  const isContradictory = (at: number): boolean => isRefuted(upTo(records, at), budget);
  if (isContradictory(stuckAt)) return stuckAt;
  const later = records.map(({ returnedAt }) => returnedAt).filter((at) => at > stuckAt && Number.isFinite(at));
  later.sort((a, b) => a - b);
  let low = 0;
  let high = later.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isContradictory(later[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return later[low] ?? later.at(-1) ?? stuckAt;
}

function trialBudget(deadline: number): SearchBudget {
  return { steps: Number.POSITIVE_INFINITY, deadline: Math.min(deadline, performance.now() + TRIAL_MS) };
}

/** What had happened by a position: a prefix of a linearizable history is linearizable, so it suffices. */
function upTo(records: readonly OperationRecord[], horizon: number): OperationRecord[] {
  return records
    .filter(({ invokedAt, outcome }) => invokedAt <= horizon && outcome.kind !== 'not-applied')
    .map((record) => (record.returnedAt > horizon ? weakened(record) : record));
}

/** As if it had not been called; keeps its place, by which the search tells expiry windows apart. */
function omitted(record: OperationRecord): OperationRecord {
  return { ...record, outcome: { kind: 'not-applied' } };
}

function weakened(record: OperationRecord): OperationRecord {
  return { ...record, returnedAt: Number.POSITIVE_INFINITY, outcome: { kind: 'unknown' } };
}

/** Zeller's delta debugging, with halving chunks: of what is kept, no single operation can be spared. Null: no time. */
function minimise(
  records: readonly OperationRecord[],
  isContradictory: IsContradictory,
  deadline: number,
): OperationRecord[] | null {
  let kept = [...records];
  let chunk = Math.max(1, kept.length >>> 1);
  for (;;) {
    const before = kept.length;
    for (let at = 0; at < kept.length; ) {
      if (performance.now() > deadline) return null;
      const without = [...kept.slice(0, at), ...kept.slice(at + chunk)];
      if (isContradictory(new Set(without))) kept = without;
      else at += chunk;
    }
    if (chunk === 1 && kept.length === before) return kept;
    if (chunk > 1) chunk >>>= 1;
  }
}
