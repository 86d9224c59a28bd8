/**
 * ThreadTime: how long a thread of this process was ready to run and got no processor, where the system tells it (Linux). What
 * starves a node is no fault of the node's: the failure detector takes it off.
 *
 * Why it may fail: other systems have no such files, and the permission model may forbid them. Then nothing is known, and
 * nothing is taken off.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** The system's number of the thread that calls; 0 = not known. */
export function currentThread(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return 0;
  }
}

/** Ms since its start that a thread waited for a processor; NaN = not known. */
export function waitedMs(thread: number): number {
  if (thread === 0) return Number.NaN;
  try {
    return Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return Number.NaN;
  }
}
