/**
 * Tally: outcomes counted for status: reads that found their key, reads that did not, writes refused for lack
 * of memory.
 *
 * Owns      the numbers, and what of an operation counts as a read: also a write that returns the previous value.
 * Does not  count operations (shard-control.ts), or what the master refuses by itself.
 */

import type { Operation, Step } from '../data/operation.ts';
import { type Result, Status } from '../data/result.ts';
import { rowOf } from '../data/verbs.ts';

export class Tally {
  hits = 0;
  misses = 0;
  /** Answers, a transaction counting as one. */
  outOfMemory = 0;

  /** An operation was answered. */
  count(operation: Operation, result: Result): void {
    if (result.status === Status.outOfMemory) this.outOfMemory += 1;
    else if (operation.verb === 'transaction') {
      this.countSteps(result.status === Status.ok ? operation.then : operation.otherwise, result);
    } else if (rowOf(operation).shows(operation)) this.countRead(result);
  }

  private countRead({ value, block }: Result): void {
    if (value === null && block === undefined) this.misses += 1;
    else this.hits += 1;
  }

  /** Of a transaction that failed there are no items. */
  private countSteps(steps: readonly Step[], { items }: Result): void {
    if (items === null) return;
    for (let at = 0; at < items.length; at++) this.count(steps[at]!, items[at]!);
  }
}
