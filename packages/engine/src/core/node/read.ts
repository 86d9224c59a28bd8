/**
 * read: answers to reads, from one copy's store at one moment. Used by the tail for direct reads and by the primary for
 * logged ones.
 */
import { readKey } from '../data/evaluate.ts';
import {
  type GatherOperation,
  type ReadOperation,
  type ScanOperation,
  type StatOperation,
  ValueKind,
} from '../data/operation.ts';
import { itemsResult, pageResult, plainResult, type Result, Status, valueResult } from '../data/result.ts';
import { TRANSACTION_OUTCOME_BYTES_MAX } from '../data/transaction.ts';
import type { Store, WalkedEntry } from '../store/store.ts';

/** One page carries at most about so many bytes of keys and values, and looks at so many entries to find them. */
const PAGE_BYTES = 256 * 1024;
const PAGE_EXAMINED = 4096;

export function read(operation: ReadOperation, store: Store, time: number): Result {
  switch (operation.verb) {
    case 'get':
      return readKey(operation, store, time);
    case 'stat':
      return stat(operation, store, time);
    case 'scan':
      return scan(operation, store, time);
    case 'gather':
      return gather(operation, store, time);
    case 'count':
      return valueResult(Status.ok, 0, String(store.size), ValueKind.text, 0);
  }
}

/** What a transaction over several shards would have to hold: refused as soon as it is too much, before it is on this heap. */
function gather({ keys, heads }: GatherOperation, store: Store, time: number): Result {
  const items: Result[] = [];
  const valued = keys.length - heads;
  let bytes = 0;
  for (const key of keys) {
    if (items.length >= valued) {
      items.push(stat({ verb: 'stat', key }, store, time));
      continue;
    }
    const item = readKey({ verb: 'get', key }, store, time);
    bytes += item.value?.length ?? 0;
    if (bytes > TRANSACTION_OUTCOME_BYTES_MAX && items.length > 0) return itemsResult(Status.valueTooLarge, 0, []);
    items.push(item);
  }
  return itemsResult(Status.ok, 0, items);
}

function stat(operation: StatOperation, store: Store, time: number): Result {
  const { key, tells, uses } = operation;
  if (tells !== undefined) return readKey(operation, store, time);
  const head = store.head(key);
  if (head === undefined || isPast(head.expiresAt, time)) return plainResult(Status.absent, 0);
  const { version, kind, expiresAt, valueBytes } = head;
  if (uses === true) store.touch(key);
  return valueResult(Status.ok, version, String(valueBytes), kind, expiresAt);
}

function isPast(expiresAt: number, time: number): boolean {
  return expiresAt !== 0 && expiresAt <= time;
}

function scan(operation: ScanOperation, store: Store, time: number): Result {
  const { prefix, limit, keysOnly } = operation;
  const entries: (string | number)[] = [];
  let found = 0;
  let bytes = 0;
  let examined = 0;
  const take = (entry: WalkedEntry): void => {
    examined += 1;
    if (isPast(entry.expiresAt, time) || !entry.key.startsWith(prefix)) return;
    entries.push(entry.key, entry.value, entry.kind, entry.version, entry.expiresAt);
    found += 1;
    bytes += entry.key.length + entry.value.length;
  };
  let cursor = operation.cursor;
  do {
    cursor = store.walk(cursor, Math.max(1, limit - found), PAGE_BYTES - bytes, keysOnly, take);
  } while (cursor !== -1 && found < limit && bytes < PAGE_BYTES && examined < PAGE_EXAMINED);
  return pageResult({ cursor, entries });
}
