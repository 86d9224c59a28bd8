/**
 * StoreWatch: how changes look to a program that watches them.
 *
 * Guarantees (every implementation)
 *   - Every change after the beginning, once, in order for each key; only what is committed; across failures too.
 *   - The changes of one transaction come one after the other and bear the same mark.
 *   - A watcher too slow for its buffer hears everything that still fitted, then WATCH_LAGGED with the position to go on from.
 *     Never silence.
 *   - A lost shard ends every watch that may be of its keys with SHARD_LOST, and a position from before the loss is answered with
 *     WATCH_LAGGED: what the shard held is gone, and no change tells of it. Read the present state and watch anew; a watch may
 *     begin before `resetShard`, and hears what the shard begins with.
 * Keep-alive Whoever waits for the next change keeps the process alive, as with fs.promises.watch; `persistent: false` does not,
 *           and nor does a watcher nobody waits on.
 */
import { KvError } from '../../core/protocol/errors.ts';
import type { Key } from './entries.ts';

/** Where a watch is. A plain object that survives JSON; what is in it may change with any release. */
export interface WatchPosition {
  /** The cluster's life: a position means nothing to another, or after a restart. */
  readonly cluster: string;
  /** By shard, the version up to which everything was heard. */
  readonly versions: { readonly [shard: string]: number };
}

/**
 * Options of watch: one of `key` and `prefix`, and at most one of `from` and `fromVersion`. What is wrong with them is thrown
 * at once (INVALID_OPTION, INVALID_KEY, KEY_TOO_LARGE).
 */
export interface WatchOptions {
  /** The one key to watch, or … */
  key?: Key;
  /** … what the keys to watch begin with; '' = all keys. */
  prefix?: Key;
  /** Goes on after this position (of a watcher with the same key or prefix, or of more keys) instead of now. */
  from?: WatchPosition;
  /**
   * With `key`: goes on after this version of the key, as `put` or `getEntry` told it (0 = it was absent), instead of now.
   * WATCH_LAGGED if the key has another version by now and it is no longer known how it came to it.
   */
  fromVersion?: number;
  /** Tell with each change the value before it (default false). */
  previous?: boolean;
  /** Changes held for a watcher that is busy (default 10,000), and bytes of their keys and values (default 16 MiB). */
  bufferMax?: number;
  bufferBytesMax?: number;
  /** Whether waiting for a change keeps the process alive (default true). */
  persistent?: boolean;
  /** Tell all keys as Uint8Array; otherwise those that are UTF-8 come as strings. */
  keysAsBytes?: boolean;
  /** Ends the watch: waiting for the next change rejects with ABORTED. */
  signal?: AbortSignal;
}

/**
 * `clear`: everything in `shard` was removed at once (`key` is that of the watch, or '' if it watches a prefix). A new
 * deadline (expire, persist) is told as a put of the value that stays.
 */
export type ChangeType = 'put' | 'delete' | 'expire' | 'evict' | 'clear';

/** What every change tells. */
interface ChangeOfKey<V, K extends Key> {
  readonly key: K;
  /** With the option `previous`: the value before, undefined if there was none. */
  readonly previous?: V | undefined;
  /** Of the entry; of a removal, its place in the shard's order. Grows with every change of a shard. */
  readonly version: number;
  /** The shard of the key, from 0. */
  readonly shard: number;
  /** The same for all changes of one transaction and for no others; undefined for changes of none. */
  readonly transaction: number | undefined;
}

/** An entry that was put, or has another deadline. */
export interface PutChange<V = unknown, K extends Key = Key> extends ChangeOfKey<V, K> {
  readonly type: 'put';
  /** As it was put. */
  readonly value: V;
  /** ms since the epoch; undefined if it never expires. */
  readonly expiresAt: number | undefined;
}

/** An entry, or with `clear` all of a shard, that is no more. */
export interface RemovalChange<V = unknown, K extends Key = Key> extends ChangeOfKey<V, K> {
  readonly type: Exclude<ChangeType, 'put'>;
  readonly value: undefined;
  readonly expiresAt: undefined;
}

/** A change that was committed. Its `type` tells whether there is a value: after `change.type === 'put'` it is a `V`. */
export type Change<V = unknown, K extends Key = Key> = PutChange<V, K> | RemovalChange<V, K>;

/**
 * The watch itself: begins when it is made, ends with close(), return(), its signal, its cluster or an error. Whoever drops one
 * without ending it lets it fill its buffer.
 */
export interface Watcher<V = unknown, K extends Key = Key>
  extends AsyncIterableIterator<Change<V, K>, undefined>,
    AsyncDisposable {
  /** Resolves when every later change will be heard; rejects with what ended the watch before. */
  readonly ready: Promise<void>;
  /**
   * After everything handed out so far, for `from`; undefined until ready. Amid the changes of a transaction it is still before
   * the first of them. Goes on without changes too, within a second or so: a quiet watch beside busy ones keeps up.
   */
  readonly position: WatchPosition | undefined;
  next(): Promise<IteratorResult<Change<V, K>, undefined>>;
  /** The same changes, an array at a time: the changes of one transaction, or one change that is of none. */
  batches(): AsyncIterableIterator<Change<V, K>[], undefined>;
  return(): Promise<IteratorReturnResult<undefined>>;
  [Symbol.asyncIterator](): Watcher<V, K>;
  /** Ends the watch and lets go of what it held. Idempotent. */
  close(): void;
}

/** WATCH_LAGGED with where to go on from. Match on `code`, then look at `position`. */
export class WatchLagged extends KvError {
  /** Where to go on from; undefined if that is no longer possible: read the present state and watch from now. */
  readonly position: WatchPosition | undefined;

  constructor(details: string, position: WatchPosition | undefined) {
    super('WATCH_LAGGED', details);
    this.position = position;
  }
}
