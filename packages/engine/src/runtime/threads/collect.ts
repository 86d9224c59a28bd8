/**
 * collect: garbage collection of this thread's heap now.
 *
 * Why the flag stays set: it is the process's, and counts for contexts made while it is set. A thread that unset it took it
 * from another between its two steps (22 of 40 threads failed), and a node would die of that. What it leaves behind is a
 * `gc` in contexts and worker threads made later, which nobody has to call.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collector = (options?: { readonly type: 'minor' | 'major'; readonly flavor?: 'last-resort' }) => void;

/** From this V8 on (Node 22) a collection can be told to keep nothing for later. */
const KEEPS_NOTHING_FROM = 12;
/** V8 judges by so many of its last collections how much is allocated. */
const REMEMBERED = 10;

const keepsNothing = Number.parseInt(process.versions.v8, 10) >= KEEPS_NOTHING_FROM;
let collector: Collector | undefined;

/** What lives no more is freed, with the memory behind it. Of a node's heap, which is small, it takes a few milliseconds. */
export function collectGarbage(): void {
  collector ??= findCollector();
  collector();
}

/**
 * As {@link collectGarbage}, and the heap keeps no room for young objects: up to 50 MB after much was done. It takes some
 * times as long, and there may be as good as nothing left to do after it. To be called again some 100 ms later: an older V8
 * keeps the room until it finds that little is allocated, so it is made to forget first what was.
 */
export function shrinkHeap(): void {
  collector ??= findCollector();
  if (keepsNothing) return collector({ type: 'major', flavor: 'last-resort' });
  collector();
  for (let count = 0; count < REMEMBERED; count++) collector({ type: 'minor' });
}

function findCollector(): Collector {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collector;
}
