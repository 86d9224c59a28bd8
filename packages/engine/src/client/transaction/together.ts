/**
 * Together: calls of Store on several keys that take effect at one moment: many keys at once, rename, copy.
 *
 * Owns      what each comes to as a transaction.
 * Does not  run conflicts again (transact.ts) or move transactions (call.ts).
 */
import { ANY_VERSION, type Entry, NO_TTL, type PutOperation, type Step } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import type { Executor } from '../../executor/executor.ts';
import type { CallOptions } from '../store/store.ts';
import { readResult } from '../typed/answers.ts';
import { send } from '../typed/call.ts';
import { optimistically } from './transact.ts';
import { conditionally } from './transaction-plan.ts';

/** Answers of steps that are done together. @throws {KvError} TRANSACTION_TOO_LARGE and whatever a transaction meets */
export async function doTogether(
  executor: Executor,
  steps: readonly Step[],
  options: CallOptions | undefined,
): Promise<readonly Result[]> {
  if (steps.length === 0) return [];
  const { items } = await send(executor, conditionally([], steps), readResult, options);
  return items!;
}

export interface Move {
  readonly from: string;
  readonly to: string;
  /** `from` is no more. */
  readonly removing: boolean;
  /** An entry under `to` may be replaced. */
  readonly replacing: boolean;
}

/**
 * Puts the entry of one key under another, with its kind and deadline. False if there is none, or none may be replaced.
 * @throws {KvError} CONFLICT and whatever a transaction meets
 */
export function move(
  executor: Executor,
  { from, to, removing, replacing }: Move,
  options: CallOptions,
): Promise<boolean> {
  return optimistically(executor, options, async (attempt) => {
    const entry = await attempt.read(from);
    if (entry === undefined) return false;
    if (!replacing && (from === to || (await attempt.read(to)) !== undefined)) return false;
    if (from === to) return true;
    attempt.write(putOf(to, entry));
    if (removing) {
      attempt.write({ verb: 'delete', key: from, ifVersion: ANY_VERSION, previous: false });
    }
    return true;
  });
}

function putOf(key: string, { value, kind, expiresAt }: Entry): PutOperation {
  return { verb: 'put', key, value, kind, ifVersion: ANY_VERSION, ttl: NO_TTL, deadline: expiresAt, previous: false };
}
