/**
 * The walk: one page of a store in hash order.
 *
 * Does not  keep anything between pages: a cursor is the hash to go on from, and means the same on every copy.
 * Invariants
 *   SW1  Entries of equal hash are shown on one page, so what lives throughout a walk is shown exactly once, whatever
 *       splits, merges and moves happen between pages.
 */
import type { Directory } from './directory.ts';
import { deadlineAt, keyBytesAt, keyWordAt, kindAt, markAt, valueBytesAt, versionAt } from './entry.ts';
import { HASH_BITS } from './hash.ts';
import type { Log } from './log.ts';
import type { Memory, WalkedEntry } from './store.ts';

export interface WalkParts {
  readonly directory: Directory;
  readonly log: Log;
  readonly memory: Memory;
}

export interface PageLimits {
  readonly entries: number;
  readonly bytes: number;
  readonly keysOnly: boolean;
}

/** See Store.walk. */
export function walkPage(
  parts: WalkParts,
  cursor: number,
  limits: PageLimits,
  visit: (entry: WalkedEntry) => void,
): number {
  const { directory } = parts;
  const entry: WalkedEntry = { key: '', value: '', kind: 0, version: 0, expiresAt: 0, mark: 0 };
  let shown = 0;
  let bytes = 0;
  let lastHash = -1;
  let index = cursor >>> (HASH_BITS - directory.depth);
  for (let from = cursor; index < directory.length; index = directory.next(index), from = 0) {
    const segment = directory.segmentAt(index);
    const { slots } = segment;
    for (let at = from === 0 ? 0 : segment.seek(from); at < slots.length; at += 2) {
      const location = slots[at + 1]!;
      if (location === 0) continue;
      const hash = slots[at]!;
      const full = shown >= limits.entries || bytes >= limits.bytes;
      if (full && hash !== lastHash && lastHash >= 0) return hash;
      readEntry(parts, location, limits.keysOnly, entry);
      shown++;
      bytes += entry.key.length + entry.value.length;
      lastHash = hash;
      visit(entry);
    }
  }
  return -1;
}

function readEntry(parts: WalkParts, location: number, keysOnly: boolean, entry: WalkedEntry): void {
  const { bytes, words } = parts.log.chunkAt(location);
  const at = parts.log.wordAt(location);
  const keyStart = keyWordAt(words, at) * 4;
  const keyBytes = keyBytesAt(words, at);
  entry.key = parts.memory.read(bytes, keyStart, keyBytes);
  entry.value = keysOnly ? '' : parts.memory.read(bytes, keyStart + keyBytes, valueBytesAt(words, at));
  entry.kind = kindAt(words, at);
  entry.version = versionAt(words, at);
  entry.expiresAt = deadlineAt(words, at);
  entry.mark = markAt(words, at);
}
