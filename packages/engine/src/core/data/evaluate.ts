/**
 * evaluate: what an operation on one key, or on a whole shard, does and answers, decided once: by the primary, or for a
 * transaction over several shards by the master; reads by the tail too.
 *
 * Owns      the way to the verb's row, which does it (data/verbs.ts).
 * Does not  apply effects, know about memory, read a clock (`time` is the master's) or evaluate transactions
 *           (transaction.ts).
 */

import { invariant } from '../protocol/invariant.ts';
import type { Store } from '../store/store.ts';
import type { KeyReadOperation, ReadOperation, TransactionOperation, WriteOperation } from './operation.ts';
import type { EntryReader, EvalContext, Outcome } from './reader.ts';
import type { Result } from './result.ts';
import { rowOf } from './verbs.ts';

/** What a write results in. */
export function evaluate(
  operation: Exclude<WriteOperation, TransactionOperation>,
  store: EntryReader,
  moment: EvalContext,
): Outcome {
  const { evaluate: result } = rowOf(operation);
  invariant(result !== null, 'what is evaluated is a write');
  return result(operation, store, moment);
}

/** What a read answers, from one copy's store at one moment. */
export function read(operation: ReadOperation, store: Store, time: number): Result {
  const { read: answer } = rowOf(operation);
  invariant(answer !== null, 'what is read is no write');
  return answer(operation, store, time);
}

/** {@link read} of one key, wherever its entries come from. */
export function readKey(operation: KeyReadOperation, store: EntryReader, time: number): Result {
  // The rows of verbs on one key see no more of a store than this.
  return read(operation, store as Store, time);
}
