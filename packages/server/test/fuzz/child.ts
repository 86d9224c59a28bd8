/**
 * One protocol's process: epoch after epoch, each from a seed one higher, until enough frames were taken up. Its parent
 * (supervise.ts) hears of each, and so knows where a crash or a hang was. A failure is an exit code and its text on stderr.
 * Of an epoch without end it fails by itself; of an endless loop, in which it can say nothing, its parent sees to it.
 *
 * Arguments: protocol, first seed, frames.
 */
import { inspect } from 'node:util';
import { Patience, pulse } from './patience.ts';
import type { Tally } from './target.ts';
import { TARGETS, type TargetName } from './targets.ts';

export type ChildMessage =
  | { readonly type: 'begin'; readonly seed: number }
  | { readonly type: 'beat' }
  | { readonly type: 'end'; readonly tally: Tally; readonly heapBytes: number; readonly rssBytes: number };

/** An epoch takes seconds. */
const EPOCH_MS = 180_000;

function tell(message: ChildMessage): void {
  process.send!(message);
}

function fail(thrown: unknown): never {
  process.stderr.write(`${inspect(thrown)}\n`);
  process.exit(1);
}

const [name, firstSeed, frames] = process.argv.slice(2) as [TargetName, string, string];
const target = await TARGETS[name]();
const stopBeats = pulse(() => tell({ type: 'beat' }));
const patience = new Patience(EPOCH_MS, () => fail(new Error(`no end of an epoch in ${EPOCH_MS / 1000} s of beats`)));
try {
  for (let seed = Number(firstSeed), left = Number(frames); left > 0; seed++) {
    tell({ type: 'begin', seed });
    patience.renew();
    const tally = await target(seed);
    left -= tally.frames;
    globalThis.gc!();
    const { heapUsed, rss } = process.memoryUsage();
    tell({ type: 'end', tally, heapBytes: heapUsed, rssBytes: rss });
  }
  stopBeats();
  patience.end();
  process.disconnect();
} catch (thrown) {
  fail(thrown);
}
