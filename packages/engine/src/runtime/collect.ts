/**
 * collect: a full garbage collection of this thread's heap now. Of a node's, which is small, it takes a few milliseconds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: (() => void) | undefined;

export function collectGarbage(): void {
  collector ??= findCollector();
  collector();
}

/** The flag counts for contexts made while it is set. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const found = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return found;
}
