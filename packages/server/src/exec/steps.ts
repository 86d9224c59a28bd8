/**
 * Steps: which operations may be part of a transaction.
 */
import type { Operation, Step } from '@quintet/engine/internal';

/** The operation as a step of a transaction, or null if it is none. */
export function asStep(operation: Operation): Step | null {
  switch (operation.verb) {
    case 'scan':
    case 'count':
    case 'clear':
    case 'gather':
    case 'install':
    case 'transaction':
      return null;
    default:
      return operation;
  }
}
