/**
 * CheckWorker: what one thread of the parallel check runs.
 *
 * Owns      the shape of a task and of its answer.
 * Does not  read anything but its task.
 */

import type { KeyReport } from './check-key.ts';
import { type CheckOptions, checkKeys } from './linearizability.ts';
import type { OperationRecord } from './operation.ts';

/** Some keys of a history. */
export interface CheckTask {
  readonly keys: readonly [string, readonly OperationRecord[]][];
  readonly options: CheckOptions;
}

/** Decides the keys of one task. */
export default function checkTask({ keys, options }: CheckTask): KeyReport[] {
  return checkKeys(keys, options);
}
