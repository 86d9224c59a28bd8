/**
 * The audit: recomputes everything a store claims from its bytes and slots, and throws where the two differ.
 *
 * Does not  run in production: it is O(n). Tests call it every few steps.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Ledger } from './budget.ts';
import type { LogChunk } from './chunk.ts';
import type { Compactor } from './compactor.ts';
import type { Sweeper } from './deadlines.ts';
import type { Directory } from './directory.ts';
import { deadlineAt, isDead, keyBytesAt, keyWordAt, sizeAt } from './entry.ts';
import { HASH_MAX, hashWords } from './hash.ts';
import type { Log } from './log.ts';

export interface AuditedParts {
  readonly directory: Directory;
  readonly log: Log;
  readonly sweeper: Sweeper;
  readonly compactor: Compactor;
  readonly ledger: Ledger;
  readonly key0: number;
  readonly key1: number;
  readonly size: number;
  readonly expiring: number;
}

interface Found {
  entries: number;
  expiring: number;
  live: number;
  dead: number;
  reserved: number;
}

export function auditStore(parts: AuditedParts): void {
  const found: Found = { entries: 0, expiring: 0, live: 0, dead: 0, reserved: 0 };
  for (const chunk of [...parts.log.sharedChunks, ...parts.log.singleChunks]) {
    if (chunk !== undefined) auditChunk(parts, chunk, found);
  }
  const slots = auditSlots(parts);
  invariant(found.entries === parts.size, 'size is wrong');
  invariant(slots === parts.size, 'the index has another number of slots than there are entries');
  invariant(found.expiring === parts.expiring, 'expiring is wrong');
  invariant(found.live === parts.log.liveBytes, 'liveBytes is wrong');
  invariant(found.dead === parts.log.deadBytes, 'deadBytes is wrong');
  invariant(found.reserved + parts.directory.countBytes() === parts.ledger.reserved, 'reservedBytes is wrong');
}

/** CH1, CH2, LO1, VI2, and for every live entry: the index leads to it (SL1). */
function auditChunk(parts: AuditedParts, chunk: LogChunk, found: Found): void {
  const { log, directory } = parts;
  const { words } = chunk;
  let live = 0;
  let earliest = Number.POSITIVE_INFINITY;
  let word = 0;
  for (; word < chunk.used >>> 2; word += sizeAt(words, word) >>> 2) {
    if (isDead(words, word)) continue;
    live += sizeAt(words, word);
    found.entries++;
    const deadline = deadlineAt(words, word);
    if (deadline !== 0) {
      found.expiring++;
      earliest = Math.min(earliest, deadline);
    }
    const hash = hashWords(words, keyWordAt(words, word), keyBytesAt(words, word), parts.key0, parts.key1);
    const location = log.locationOf(chunk, word);
    invariant(location !== 0 && log.chunkAt(location) === chunk && log.wordAt(location) === word, 'a location lies');
    invariant(directory.holds(hash, location), 'a live entry is not in the index');
  }
  invariant(word === chunk.used >>> 2 && chunk.used <= chunk.size, 'entries do not fill their chunk');
  invariant(live === chunk.live, 'a chunk has miscounted its live bytes');
  invariant(live > 0 || chunk === log.head, 'an empty chunk was kept');
  invariant(!chunk.gone, 'a freed chunk is still listed');
  const swept = chunk === parts.sweeper.inside;
  invariant(swept || chunk.sweepAt <= Math.max(earliest, chunk.pausedUntil), 'a sweep would come too late');
  invariant(swept || parts.sweeper.nextSweep <= chunk.sweepAt, 'the next round would come too late');
  const filed = !chunk.single && chunk !== log.head && !parts.compactor.isVictim(chunk);
  invariant(filed === log.victims.holds(chunk), 'a chunk is filed wrongly among the victims');
  found.live += live;
  if (!chunk.single) found.dead += chunk.dead;
  found.reserved += chunk.reserved;
}

/** SG1 to SG3 for every segment, and that each entry is in the segment its hash leads to. Answers the slots in use. */
function auditSlots(parts: AuditedParts): number {
  const { directory } = parts;
  let used = 0;
  for (let index = 0; index < directory.length; index = directory.next(index)) {
    const segment = directory.segmentAt(index);
    const { slots } = segment;
    let previous = -1;
    let gap = -1;
    let count = 0;
    for (let at = 0; at < slots.length; at += 2) {
      const hash = slots[at]!;
      if (slots[at + 1] === 0) {
        invariant(hash === HASH_MAX, 'a free slot is not marked free');
        gap = at;
        continue;
      }
      count++;
      invariant(hash >= previous, 'slots are out of order');
      invariant(segment.homeOf(hash) << 1 > gap, 'a gap parts an entry from its home');
      invariant(segment.homeOf(hash) << 1 <= at, 'an entry sits before its home');
      invariant(directory.segmentFor(hash) === segment, 'an entry is in the wrong segment');
      previous = hash;
    }
    invariant(slots[slots.length - 1] === 0, 'the last slot is taken');
    invariant(count === segment.count && count <= segment.room, 'a segment has miscounted its entries');
    used += count;
  }
  return used;
}
