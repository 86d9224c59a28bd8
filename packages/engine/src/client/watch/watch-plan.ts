/**
 * WatchPlan: the options of a watch, checked, as the core and the watcher take them.
 *
 * Owns      names, ranges, contradictions. Positions: watch-position.ts.
 */

import type { WatchFilter } from '../../core/data/watch-filter.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { StoreExecutor } from '../../executor/executor.ts';
import { encodeKey } from '../codec/keys.ts';
import { checkCount, checkFlag, checkNames, checkSignal, versionCondition } from '../store/call-options.ts';
import type { WatchOptions, WatchPosition } from '../store/store-watch.ts';
import type { Known } from './key-since.ts';
import { checkPosition } from './watch-position.ts';

const NAMES: ReadonlySet<string> = new Set<keyof WatchOptions>([
  'key',
  'prefix',
  'from',
  'fromVersion',
  'previous',
  'bufferMax',
  'bufferBytesMax',
  'persistent',
  'keysAsBytes',
  'signal',
]);

const BUFFER_MAX = 10_000;
const BUFFER_BYTES_MAX = 16 * 1024 * 1024;

/** A checked watch. */
export interface WatchPlan {
  readonly filter: WatchFilter;
  readonly from: WatchPosition | undefined;
  /** Of a key: where to go on. */
  readonly known: Known | undefined;
  readonly previous: boolean;
  readonly bufferMax: number;
  readonly bufferBytesMax: number;
  readonly persistent: boolean;
  readonly keysAsBytes: boolean;
  readonly signal: AbortSignal | undefined;
}

/** @throws {KvError} INVALID_OPTION, INVALID_KEY, INVALID_VERSION, KEY_TOO_LARGE */
export function planWatch(options: WatchOptions, executor: StoreExecutor): WatchPlan {
  checkNames(options, NAMES, 'option');
  const { from, fromVersion, previous, bufferMax, bufferBytesMax, persistent, keysAsBytes, signal } = options;
  for (const [name, flag] of Object.entries({ previous, persistent, keysAsBytes })) checkFlag(name, flag);
  checkCount('bufferMax', bufferMax, 1, Number.MAX_SAFE_INTEGER);
  checkCount('bufferBytesMax', bufferBytesMax, 1, Number.MAX_SAFE_INTEGER);
  checkSignal(signal);
  versionCondition(fromVersion, 'fromVersion');
  if (from !== undefined) checkPosition(from);
  checkStart(options);
  const filter = filterOf(options, executor);
  return {
    filter,
    from,
    known: knownOf(options, filter, executor),
    previous: previous ?? false,
    bufferMax: bufferMax ?? BUFFER_MAX,
    bufferBytesMax: bufferBytesMax ?? BUFFER_BYTES_MAX,
    persistent: persistent ?? true,
    keysAsBytes: keysAsBytes ?? false,
    signal,
  };
}

function checkStart({ key, from, fromVersion }: WatchOptions): void {
  if (from !== undefined && fromVersion !== undefined) {
    throw new KvError('INVALID_OPTION', 'from and fromVersion exclude each other; give one of them');
  }
  if (fromVersion !== undefined && key === undefined) {
    throw new KvError(
      'INVALID_OPTION',
      'fromVersion is of one key; with a prefix give from, the position of a watcher',
    );
  }
}

function filterOf({ key, prefix, previous = false }: WatchOptions, executor: StoreExecutor): WatchFilter {
  if ((key === undefined) === (prefix === undefined)) {
    throw new KvError('INVALID_OPTION', "a watch needs key or prefix, one of them; prefix '' means all keys");
  }
  const { maxKeyBytes } = executor.limits;
  if (key === undefined) return { text: encodeKey(prefix!, maxKeyBytes), shard: null, previous };
  const text = encodeKey(key, maxKeyBytes);
  return { text, shard: executor.shardOf(text), previous };
}

function knownOf(
  { from, fromVersion }: WatchOptions,
  { shard }: WatchFilter,
  executor: StoreExecutor,
): Known | undefined {
  if (shard === null || (from ?? fromVersion) === undefined) return undefined;
  if (from === undefined) return { kind: 'version', seq: fromVersion! };
  const place = from.versions[shard];
  // Of another cluster's position nothing is asked but that it is told to be one.
  if (place === undefined && from.cluster === executor.cluster) {
    throw new KvError('INVALID_OPTION', 'from is the position of a watch of another key');
  }
  return { kind: 'place', seq: place ?? 0 };
}
