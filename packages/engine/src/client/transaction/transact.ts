/**
 * Transact: transactions whose steps a function decides as it reads. Optimistic: nothing is locked while it runs; at the end
 * one transaction says "if all I read is unchanged, then all I wrote", and if it is not the function runs again.
 *
 * Owns      the number of tries and the time between them (the loop: core/data/optimistic.ts), whether an error of the function
 *           may be believed.
 * Does not  keep reads and writes (attempt.ts) or evaluate.
 * Invariants
 *   TRA1  the function's result is told only if its last run committed: what it read and wrote are of one moment.
 *   TRA2  an error of the function is told only if what it had read was true at one moment; otherwise it runs again, as
 *       it may have been misled.
 * Nesting   A transact called from another's function is refused as far as it is seen: before that function first awaits.
 *           Seeing more needs AsyncLocalStorage, which up to Node 22 makes every promise of the process a third dearer. Nested
 *           ones are not wrong, only separate: nothing is locked meanwhile, and the inner is done again with each outer try.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Ask, type Plan, type RetryPolicy, runPlan, untilUncontended } from '../../core/data/optimistic.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { Executor } from '../../executor/executor.ts';
import { checkCallOptions, checkCount, invalidOption, TRANSACT_OPTIONS } from '../store/call-options.ts';
import type { CallOptions } from '../store/store.ts';
import type { Transaction, TransactOptions } from '../store/store-transactions.ts';
import { readResult } from '../typed/answers.ts';
import { send } from '../typed/call.ts';
import { CallDeadline } from '../typed/call-deadline.ts';
import { OptimisticAttempt } from './attempt.ts';
import { StoreTransaction } from './store-transaction.ts';
import { withinLimits } from './transaction-plan.ts';

const RETRIES = 20;
const RETRIES_MAX = 1000;
/** The longest wait after the first conflict; doubles with each further one up to the maximum. */
const BACK_OFF_MS = 1;
const BACK_OFF_MAX_MS = 64;

/** The callers whose transact() is calling its function just now. */
const calling = new Set<Executor>();

/** @throws {KvError} INVALID_OPTION, CONFLICT, TIMEOUT…, ABORTED…, whatever its calls meet; and what `body` throws */
export async function transact<R>(
  executor: Executor,
  body: (tx: Transaction) => R | PromiseLike<R>,
  options: TransactOptions | undefined,
): Promise<R> {
  if (typeof body !== 'function') throw invalidOption('what transact runs', 'a function', body);
  if (options !== undefined) checkCallOptions(options, TRANSACT_OPTIONS);
  checkCount('retries', options?.retries, 0, RETRIES_MAX);
  if (calling.has(executor))
    throw new KvError('INVALID_OPTION', 'transact inside of transact: use the tx it was given');
  return optimistically(executor, options ?? {}, (attempt) => {
    calling.add(executor);
    try {
      return body(new StoreTransaction(attempt));
    } finally {
      calling.delete(executor);
    }
  });
}

/** Runs `body` until it commits. `options` were checked before. */
export function optimistically<R>(
  executor: Executor,
  options: TransactOptions,
  body: (attempt: OptimisticAttempt) => R | PromiseLike<R>,
): Promise<R> {
  const limits = new CallDeadline(options);
  const attempt = async (conflicted: () => Promise<R>): Promise<R> => {
    const outcome = await tryOnce(new OptimisticAttempt(executor, limits), body);
    return outcome === CONFLICTED ? await conflicted() : outcome.result;
  };
  return untilUncontended(backingOff(limits, options.retries), attempt, giveUp);
}

/** Carries `plan` out until it commits. `options` were checked before. */
export function carryOut<R>(executor: Executor, plan: Plan<R>, options: CallOptions): Promise<R> {
  const limits = new CallDeadline(options);
  const ask: Ask<Promise<R>> = async (operation, next) => {
    const checked = operation.verb === 'transaction' ? withinLimits(operation) : operation;
    return await next(await send(executor, checked, readResult, limits.left()));
  };
  return runPlan(plan, backingOff(limits), ask, async (outcome) => outcome, giveUp);
}

function backingOff<R>(limits: CallDeadline, retries = RETRIES): RetryPolicy<Promise<R>> {
  const pause = async (made: number, next: () => Promise<R>): Promise<R> => {
    await backOff(made, limits);
    return await next();
  };
  return { attempts: retries + 1, pause };
}

async function giveUp(attempts: number): Promise<never> {
  throw new KvError('CONFLICT', `${attempts} ${attempts === 1 ? 'try' : 'tries'}`);
}

const CONFLICTED = Symbol('conflicted');

async function tryOnce<R>(
  attempt: OptimisticAttempt,
  body: (attempt: OptimisticAttempt) => R | PromiseLike<R>,
): Promise<{ result: R } | typeof CONFLICTED> {
  let result: R;
  try {
    result = await body(attempt);
    await attempt.settled();
  } catch (error) {
    attempt.end();
    if (await wasMisled(attempt)) return CONFLICTED;
    throw error;
  }
  attempt.end();
  return (await attempt.commit()) ? { result } : CONFLICTED;
}

async function wasMisled(attempt: OptimisticAttempt): Promise<boolean> {
  try {
    return !(await attempt.readsHold());
  } catch {
    return false; // no answer to that: then the error itself is the best there is to say
  }
}

/** Random from the first, so that those who met do not meet again. */
async function backOff(attempts: number, limits: CallDeadline): Promise<void> {
  const most = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** (attempts - 1));
  const { timeoutMs = Number.POSITIVE_INFINITY } = limits.left();
  await delay(Math.min(Math.random() * most, timeoutMs));
}
