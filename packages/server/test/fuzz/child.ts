/**
 * One protocol's process: epoch after epoch, each from a seed one higher, until enough frames were taken up. Its parent
 * (supervise.ts) hears of each, and so knows where a crash or a hang was. A failure is an exit code and its text on stderr.
 *
 * Arguments: protocol, first seed, frames.
 */
import { inspect } from 'node:util';
import { TARGETS, type Tally, type TargetName } from './target.ts';

export type ChildMessage =
  | { readonly type: 'begin'; readonly seed: number }
  | { readonly type: 'end'; readonly tally: Tally; readonly heapBytes: number; readonly rssBytes: number };

function tell(message: ChildMessage): void {
  process.send!(message);
}

const [name, firstSeed, frames] = process.argv.slice(2) as [TargetName, string, string];
const target = await TARGETS[name]();
try {
  for (let seed = Number(firstSeed), left = Number(frames); left > 0; seed++) {
    tell({ type: 'begin', seed });
    const tally = await target(seed);
    left -= tally.frames;
    globalThis.gc!();
    const { heapUsed, rss } = process.memoryUsage();
    tell({ type: 'end', tally, heapBytes: heapUsed, rssBytes: rss });
  }
  process.disconnect();
} catch (thrown) {
  process.stderr.write(`${inspect(thrown)}\n`);
  process.exit(1);
}
