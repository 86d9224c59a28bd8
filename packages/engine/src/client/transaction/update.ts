/**
 * Update: one entry read, changed by a function, and written if nobody else has changed it meanwhile.
 *
 * Owns      what the function's answer means.
 * Does not  retry or wait (transact.ts).
 */

import type { Executor } from '../../executor/executor.ts';
import { checkCallOptions, invalidOption, UPDATE_OPTIONS } from '../store/call-options.ts';
import type { Key } from '../store/entries.ts';
import { KEEP, type Transaction, type UpdateFunction, type UpdateOptions } from '../store/store-transactions.ts';
import { putTerms } from '../typed/operations.ts';
import { transact } from './transact.ts';

/** @throws {KvError} INVALID_OPTION, CONFLICT and whatever get and put meet; and what `fn` throws */
export function update<V>(
  executor: Executor,
  key: Key,
  fn: UpdateFunction<V>,
  options: UpdateOptions = {},
): Promise<V | undefined> {
  checkCallOptions(options, UPDATE_OPTIONS);
  const { ttl, expiresAt, ...others } = options;
  const isTimed = ttl !== undefined || expiresAt !== undefined;
  const terms = {
    ...(ttl === undefined ? undefined : { ttl }),
    ...(expiresAt === undefined ? undefined : { expiresAt }),
    ...(isTimed ? undefined : { keepTtl: true }),
  };
  putTerms(terms);
  if (typeof fn !== 'function') throw invalidOption('what update runs', 'a function', fn);
  const body = async (tx: Transaction): Promise<V | undefined> => {
    const before = await tx.get<V>(key);
    const after = await fn(before);
    if (after === KEEP) return before;
    if (after !== undefined) tx.put(key, after, terms);
    else if (before !== undefined) tx.delete(key);
    return after as V | undefined;
  };
  return transact(executor, body, others);
}
