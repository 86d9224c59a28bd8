/**
 * How much a write has changed, by its result: what Redis calls dirty.
 *
 * Owns      distinguishing a change from a write that changed nothing (a condition that failed, a bit that was set already).
 * Does not  know effects: they stay in the chain unless the key is watched. What changes an entry answers its new version,
 *           which is the record's seq; what removes one answers ok and no version.
 */
import type { Operation, Step } from '../../data/operation.ts';
import { type Result, Status } from '../../data/result.ts';

/** Entries that `operation`, answered so at `seq`, has changed or removed. */
export function changesBy(operation: Operation, result: Result, seq: number): number {
  switch (operation.verb) {
    case 'transaction':
      return changesBySteps(result.status === Status.ok ? operation.then : operation.otherwise, result, seq);
    case 'install':
      return operation.effects.length;
    case 'clear':
      return 1;
    case 'delete':
    case 'expire':
      return result.status === Status.ok ? 1 : 0;
    case 'get':
    case 'stat':
      return 0;
    default:
      return result.status === Status.ok && result.version === seq ? 1 : 0;
  }
}

function changesBySteps(steps: readonly Step[], { items }: Result, seq: number): number {
  // Of a transaction that failed there are no items.
  if (items === null) return 0;
  let changes = 0;
  for (let at = 0; at < items.length; at++) changes += changesBy(steps[at]!, items[at]!, seq);
  return changes;
}
