/**
 * Steps: which operations may be part of a transaction, and what many of them look like as one operation.
 */
import { type Condition, type Operation, rowOf, type Step, type TransactionOperation } from '@quintet/engine/internal';

/** The operation as a step of a transaction, or null if it is none. */
export function asStep(operation: Operation): Step | null {
  return rowOf(operation).step ? (operation as Step) : null;
}

export interface TransactionParts {
  readonly conditions?: readonly Condition[];
  readonly steps: readonly Step[];
  readonly otherwise?: readonly Step[];
  /** A step that fails leaves the others standing (EXEC); otherwise it undoes them all (MSET). */
  readonly lenient: boolean;
}

export function transactionOf({
  conditions = [],
  steps,
  otherwise = [],
  lenient,
}: TransactionParts): TransactionOperation {
  return { verb: 'transaction', key: '', conditions, then: steps, otherwise, lenient };
}

/** That a key still has the version that was read (0 = absent). */
export function unchanged(key: string, version: number): Condition {
  return { key, ifVersion: version, equals: null };
}
