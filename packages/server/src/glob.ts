/**
 * Redis-style globs (`*`, `?`, `[a-z]`, `[^a]`, `\` escapes), for KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET.
 *
 * Bounded: a pattern is compiled once, and matching backs up to the last `*` only, so the cost is at most pattern ×
 * text. Redis's recursive matcher was exponential once (CVE-2022-36021). That product can still be large (a pattern of
 * 4 KB on keys of 64 KB), and clients choose both factors: so who matches brings a budget of steps, and matching beyond it
 * is refused. As in Redis, an unclosed class ends with the pattern and a reversed range is turned around.
 */
import { CommandError } from './errors.ts';

type Step =
  | { readonly type: 'char'; readonly char: number }
  | { readonly type: 'any' }
  | { readonly type: 'star' }
  | { readonly type: 'class'; readonly negated: boolean; readonly ranges: readonly number[] };

export interface Glob {
  /** What every match begins with; the whole pattern if it has no wildcards. */
  readonly prefix: string;
  /** Whether it matches everything. */
  readonly matchesAll: boolean;
  /** Throws a CommandError when `budget` is used up. */
  matches(text: string, budget: StepBudget): boolean;
}

/** Comparisons that may be made in one go: some 20 ms of them. */
const STEPS_IN_ONE_GO = 8_000_000;

/** How many comparisons are left for what is done in one go: a page of a scan, one PUBLISH. */
export class StepBudget {
  left = STEPS_IN_ONE_GO;
}

const TOO_COSTLY = 'ERR matching takes too long, use a simpler pattern';

export function compileGlob(pattern: string): Glob {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; ) at = readStep(pattern, at, steps);
  return {
    prefix: literalPrefix(steps),
    matchesAll: steps.length === 1 && steps[0]!.type === 'star',
    matches: (text, budget) => matchSteps(steps, text, budget),
  };
}

/** Reads one step at `at`, appends it, and answers where the next begins. */
function readStep(pattern: string, at: number, steps: Step[]): number {
  const char = pattern[at]!;
  if (char === '*') {
    if (steps.at(-1)?.type !== 'star') steps.push({ type: 'star' });
    return at + 1;
  }
  if (char === '?') {
    steps.push({ type: 'any' });
    return at + 1;
  }
  if (char === '[') return readClass(pattern, at + 1, steps);
  const literal = char === '\\' && at + 1 < pattern.length ? at + 1 : at;
  steps.push({ type: 'char', char: pattern.charCodeAt(literal) });
  return literal + 1;
}

function readClass(pattern: string, from: number, steps: Step[]): number {
  const negated = pattern[from] === '^';
  const ranges: number[] = [];
  let at = negated ? from + 1 : from;
  while (at < pattern.length && pattern[at] !== ']') {
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++;
    const first = pattern.charCodeAt(at);
    let last = first;
    if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      last = pattern.charCodeAt(at + 2);
      at += 2;
    }
    ranges.push(Math.min(first, last), Math.max(first, last));
    at++;
  }
  steps.push({ type: 'class', negated, ranges });
  return at + 1;
}

function literalPrefix(steps: readonly Step[]): string {
  let prefix = '';
  for (const step of steps) {
    if (step.type !== 'char') break;
    prefix += String.fromCharCode(step.char);
  }
  return prefix;
}

function matchSteps(steps: readonly Step[], text: string, budget: StepBudget): boolean {
  let left = budget.left;
  let step = 0;
  let at = 0;
  // The last star seen, and how much of the text it is tried with.
  let starStep = -1;
  let starAt = 0;
  while (at < text.length) {
    if (--left < 0) throw new CommandError(TOO_COSTLY);
    const current = steps[step];
    if (current !== undefined && current.type === 'star') {
      starStep = step++;
      starAt = at;
    } else if (current !== undefined && matchOne(current, text.charCodeAt(at))) {
      step++;
      at++;
    } else if (starStep >= 0) {
      step = starStep + 1;
      at = ++starAt;
    } else {
      budget.left = left;
      return false;
    }
  }
  budget.left = left;
  while (steps[step]?.type === 'star') step++;
  return step === steps.length;
}

function matchOne(step: Step, char: number): boolean {
  if (step.type === 'char') return step.char === char;
  if (step.type !== 'class') return step.type === 'any';
  for (let at = 0; at < step.ranges.length; at += 2) {
    if (char >= step.ranges[at]! && char <= step.ranges[at + 1]!) return !step.negated;
  }
  return step.negated;
}
