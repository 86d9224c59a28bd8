/**
 * Optimistic: read, decide, and write on condition that what was read is unchanged; again after a conflict. Nothing is locked
 * meanwhile, and what is written takes effect at one moment, whatever others do.
 *
 * Owns      the loop, the two requests of a plan's attempt, the plan of moving an entry.
 * Does not  send, wait, or report failures: `ask` and the policy do.
 * Invariants
 *   OP1  a plan has its outcome only if its steps took effect while every key it decided by was as it had been read.
 *   OP2  an attempt is made at most `attempts` times, and never while another of the same loop runs.
 */
import { ANY_VERSION, NO_TTL, type Operation, type Step } from './operation.ts';
import { type Result, Status } from './result.ts';
import { transactionOf, unchanged } from './transaction.ts';

/** How often to try, and what passes between two attempts. `T`: nothing for those who go on in callbacks, or a promise. */
export interface RetryPolicy<T> {
  /** At most, the first included. */
  readonly attempts: number;
  /** Calls `next` when it is time for another after `made` attempts. */
  readonly pause: (made: number, next: () => T) => T;
}

/** Runs `attempt` until it ends in something other than a conflict; `contended` gets the number of attempts if none does. */
export function untilUncontended<T>(
  { attempts, pause }: RetryPolicy<T>,
  attempt: (conflicted: () => T) => T,
  contended: (attempts: number) => T,
): T {
  let made = 0;
  const next = (): T => {
    made++;
    return attempt(() => (made < attempts ? pause(made, next) : contended(made)));
  };
  return next();
}

/** What a plan writes. */
export interface Decision<R> {
  /** None: nothing is written, and the outcome stands as it is. */
  readonly steps: readonly Step[];
  /** If every step is done. */
  readonly outcome: R;
}

/** What must see entries before it knows what to write. */
export interface Plan<R> {
  readonly keys: readonly string[];
  /** Whether it needs the values, or only to know of them. */
  readonly needsValues: boolean;
  /** `entries`: as `get` (or `stat`) answers, in the order of `keys`. Pure: it may be asked again. */
  readonly decide: (entries: readonly Result[]) => Decision<R>;
}

/** Submits an operation; `next` gets its result unless that is a failure or a refusal, which ends the whole. */
export type Ask<T> = (operation: Operation, next: (result: Result) => T) => T;

/** Carries a plan out until what it has read is unchanged as it writes. */
export function runPlan<R, T>(
  plan: Plan<R>,
  policy: RetryPolicy<T>,
  ask: Ask<T>,
  done: (outcome: R) => T,
  contended: (attempts: number) => T,
): T {
  const attempt = (conflicted: () => T): T =>
    ask(readOf(plan), (read) => {
      const entries = read.items ?? [read];
      const { steps, outcome } = plan.decide(entries);
      if (steps.length === 0) return done(outcome);
      const conditions = plan.keys.map((key, at) => unchanged(key, entries[at]!.version));
      const write = transactionOf(steps, conditions);
      return ask(write, ({ status }) => (status === Status.ok ? done(outcome) : conflicted()));
    });
  return untilUncontended(policy, attempt, contended);
}

/** One key is read as it is: a transaction would be a record in the log. */
function readOf({ keys, needsValues }: Plan<unknown>): Operation {
  const steps = keys.map((key): Step => (needsValues ? { verb: 'get', key } : { verb: 'stat', key, uses: true }));
  return steps.length === 1 ? steps[0]! : transactionOf(steps);
}

/** What became of a move. `absent`: there was nothing to move; `occupied`: and nothing might be replaced. */
export type MoveOutcome = 'done' | 'absent' | 'occupied';

export interface Move {
  readonly from: string;
  readonly to: string;
  /** `from` is no more. */
  readonly removing: boolean;
  /** An entry under `to` may be replaced. */
  readonly replacing: boolean;
}

/** Puts the entry of one key under another, with its kind and deadline. */
export function planMove({ from, to, removing, replacing }: Move): Plan<MoveOutcome> {
  const decide = ([source, target]: readonly Result[]): Decision<MoveOutcome> => {
    const { status, value, kind, expiresAt } = source!;
    if (status !== Status.ok) return { steps: [], outcome: 'absent' };
    if (!replacing && (from === to || target!.status === Status.ok)) return { steps: [], outcome: 'occupied' };
    if (from === to) return { steps: [], outcome: 'done' };
    const terms = { ifVersion: ANY_VERSION, ttl: NO_TTL, deadline: expiresAt, previous: false };
    const steps: Step[] = [{ verb: 'put', key: to, value: value!, kind, ...terms }];
    if (removing) steps.push({ verb: 'delete', key: from, ifVersion: ANY_VERSION, previous: false });
    return { steps, outcome: 'done' };
  };
  return { keys: replacing || from === to ? [from] : [from, to], needsValues: true, decide };
}
