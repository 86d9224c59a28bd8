/**
 * collect: a full garbage collection of this thread's heap now. Of a node's, which is small, it takes a few milliseconds.
 *
 * Why the flag stays set: it is the process's, and counts for contexts made while it is set. A thread that unset it took it
 * from another between its two steps (22 of 40 threads failed), and a node would die of that. What it leaves behind is a
 * `gc` in contexts and worker threads made later, which nobody has to call.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: (() => void) | undefined;

export function collectGarbage(): void {
  collector ??= findCollector();
  collector();
}

function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
