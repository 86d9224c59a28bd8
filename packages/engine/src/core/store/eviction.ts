/**
 * Which entry to evict: the least recently used of a few picked at random, as Redis's allkeys-lru does. A true order
 * of use would cost every read a write to shared lists; with 5 samples the victim is almost always among the older half.
 *
 * Does not  evict: the primary makes it a record.
 */
import type { Directory } from './directory.ts';
import { MARK_MASK, markAt } from './entry.ts';
import { HASH_MAX } from './hash.ts';
import type { Log } from './log.ts';

/** The location of the oldest of `samples` entries at `tick`; REQUIRES a store that is not empty. */
export function oldestOf(directory: Directory, log: Log, samples: number, tick: number, random: () => number): number {
  let oldest = 0;
  let oldestAge = -1;
  for (let i = 0; i < samples || oldest === 0; i++) {
    const location = sample(directory, random);
    const age = (tick - markAt(log.chunkAt(location).words, log.wordAt(location))) & MARK_MASK;
    if (age <= oldestAge) continue;
    oldestAge = age;
    oldest = location;
  }
  return oldest;
}

/** An entry picked by a random hash, so segments by the hashes they serve, then by a random slot there. */
function sample(directory: Directory, random: () => number): number {
  const hash = Math.floor(random() * (HASH_MAX + 1));
  let segment = directory.segmentFor(hash);
  let index = Math.floor(random() * directory.length);
  while (segment.count === 0) {
    index = directory.next(index) % directory.length;
    segment = directory.segmentAt(index);
  }
  const { slots } = segment;
  let at = Math.floor(random() * (slots.length / 2)) * 2;
  while (slots[at + 1] === 0) at = (at + 2) % slots.length;
  return slots[at + 1]!;
}
