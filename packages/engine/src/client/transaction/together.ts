/**
 * Together: calls of Store on several keys that take effect at one moment: many keys at once, rename, copy.
 *
 * Owns      what each comes to as a transaction.
 * Does not  run conflicts again (transact.ts) or move transactions (call.ts).
 */
import type { Step } from '../../core/data/operation.ts';
import { type Move, planMove } from '../../core/data/optimistic.ts';
import type { Result } from '../../core/data/result.ts';
import { transactionOf } from '../../core/data/transaction.ts';
import type { Executor } from '../../executor/executor.ts';
import type { CallOptions } from '../store/store.ts';
import { readResult } from '../typed/answers.ts';
import { send } from '../typed/call.ts';
import { carryOut } from './transact.ts';
import { withinLimits } from './transaction-plan.ts';

/** Answers of steps that are done together. @throws {KvError} TRANSACTION_TOO_LARGE and whatever a transaction meets */
export async function doTogether(
  executor: Executor,
  steps: readonly Step[],
  options: CallOptions | undefined,
): Promise<readonly Result[]> {
  if (steps.length === 0) return [];
  const { items } = await send(executor, withinLimits(transactionOf(steps)), readResult, options);
  return items!;
}

/**
 * Puts the entry of one key under another, with its kind and deadline. False if there is none, or none may be replaced.
 * @throws {KvError} CONFLICT and whatever a transaction meets
 */
export async function move(executor: Executor, move: Move, options: CallOptions): Promise<boolean> {
  return (await carryOut(executor, planMove(move), options)) === 'done';
}
