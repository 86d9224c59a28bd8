/**
 * copyEntry: appends to the log what an entry is, with more room for its value or for a deadline.
 *
 * Does not  find entries, lead the index to the new place or give up the old one (slab-store.ts).
 */
import {
  deadlineAt,
  entrySize,
  keyBytesAt,
  keyWordAt,
  kindAt,
  markAt,
  valueBytesAt,
  versionAt,
  writeHeader,
} from './entry.ts';
import type { Log } from './log.ts';

export interface CopyTerms {
  /** How long the value is to be: its end is left to the caller to write. */
  readonly valueBytes: number;
  readonly withDeadlineSlot: boolean;
  /** For more of it later, if it gets a chunk of its own. */
  readonly room: number;
}

/** Where the copy lies. */
export function copyEntry(log: Log, location: number, { valueBytes, withDeadlineSlot, room }: CopyTerms): number {
  const from = log.chunkAt(location);
  const start = log.wordAt(location);
  const keyBytes = keyBytesAt(from.words, start);
  const [kind, version] = [kindAt(from.words, start), versionAt(from.words, start)];
  const [expiresAt, mark] = [deadlineAt(from.words, start), markAt(from.words, start)];
  const copy = log.append(entrySize(keyBytes, valueBytes, withDeadlineSlot), room);
  const { bytes, words } = log.chunkAt(copy);
  const at = log.wordAt(copy);
  writeHeader(words, at, keyBytes, valueBytes, kind, version, expiresAt, withDeadlineSlot, mark);
  const source = keyWordAt(from.words, start) * 4;
  const text = from.bytes.subarray(source, source + keyBytes + valueBytesAt(from.words, start));
  bytes.set(text, keyWordAt(words, at) * 4);
  return copy;
}
