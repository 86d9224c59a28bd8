/**
 * Steps: which operations may be part of a transaction.
 */
import { type Operation, rowOf, type Step } from '@quintet/engine/internal';

/** The operation as a step of a transaction, or null if it is none. */
export function asStep(operation: Operation): Step | null {
  return rowOf(operation).step ? (operation as Step) : null;
}
