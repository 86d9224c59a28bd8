/**
 * Verbs on a whole shard: to page through it, to count it, to empty it.
 *
 * Owns      for each its row and its evaluation.
 */

import type { Store, WalkedEntry } from '../../store/store.ts';
import { BOOLEAN, NUMBER, TEXT } from '../fields.ts';
import { type ClearOperation, type CountOperation, type ScanOperation, ValueKind } from '../operation.ts';
import { isPast } from '../reader.ts';
import { pageResult, plainResult, type Result, Status, valueResult } from '../result.ts';
import { groupVerb } from '../row.ts';

/** One page carries at most about so many bytes of keys and values, and looks at so many entries to find them. */
const PAGE_BYTES = 256 * 1024;
const PAGE_EXAMINED = 4096;

const scan = groupVerb<ScanOperation>({
  verb: 'scan',
  code: 9,
  fields: { cursor: NUMBER, prefix: TEXT, limit: NUMBER, keysOnly: BOOLEAN },
  scope: 'shard',
  bears: ({ keysOnly }, present) => (keysOnly ? 0 : present.longest),
  read: readScan,
});

function readScan(operation: ScanOperation, store: Store, time: number): Result {
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

const count = groupVerb<CountOperation>({
  verb: 'count',
  code: 10,
  fields: {},
  scope: 'shard',
  read: (_, store) => valueResult(Status.ok, 0, String(store.size), ValueKind.text, 0),
});

const clear = groupVerb<ClearOperation>({
  verb: 'clear',
  code: 6,
  fields: {},
  scope: 'everything',
  writes: true,
  changes: () => 1,
  evaluate: () => ({ effect: { type: 'clear' }, result: plainResult(Status.ok, 0) }),
});

/** The rows, by verb. */
export const SHARD_VERBS = {
  scan,
  count,
  clear,
};
