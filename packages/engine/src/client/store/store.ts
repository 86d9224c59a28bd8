/**
 * Store: what a program can do with data, whoever keeps it. The embedded cluster implements it, so does a handle in
 * another worker thread, and so will a remote server or an external engine; one contract suite tests them all.
 *
 * Guarantees (every implementation)
 *   - A promise that resolves for a write: the write is on every in-sync copy.
 *   - Single-key operations are linearizable, and calls made without awaiting take effect in the order they were made.
 *   - A write takes effect at most once, whatever dies meanwhile.
 *   - Errors are KvError with a stable `code`; `outcome` tells whether a write may have been applied.
 *
 * Many-key calls (getMany, putMany, deleteMany, clear, count, entries) are not atomic unless they are asked to be: each key
 * is, by itself. What transactions and watches promise: store-transactions.ts, store-watch.ts.
 */

import type {
  CallOptions,
  DeleteOptions,
  Key,
  PutOptions,
  PutResult,
  ScanOptions,
  StoredEntry,
  Value,
} from './entries.ts';
import type { KeyCalls } from './key-calls.ts';
import type {
  CopyOptions,
  DeleteManyOptions,
  GetManyOptions,
  PutManyOptions,
  RenameOptions,
  Transaction,
  TransactionResult,
  TransactionSpec,
  TransactionStep,
  TransactOptions,
  UnconditionalResult,
  UnconditionalSpec,
  UpdateFunction,
  UpdateOptions,
} from './store-transactions.ts';
import type { Watcher, WatchOptions } from './store-watch.ts';

export type {
  CallOptions,
  DeleteOptions,
  ExpireOptions,
  Expiry,
  Key,
  PutOptions,
  PutResult,
  ScanOptions,
  StoredEntry,
  Value,
} from './entries.ts';

/** The data side of a cluster. `V` is the type of value a caller expects; the store does not check it. */
export interface Store extends KeyCalls {
  /** The value, or undefined if the key is absent. */
  get<V = unknown>(key: Key, options?: CallOptions): Promise<V | undefined>;
  /** The value with its version and deadline. */
  getEntry<V = unknown>(key: Key, options?: CallOptions): Promise<StoredEntry<V> | undefined>;
  has(key: Key, options?: CallOptions): Promise<boolean>;
  /** Errors: INVALID_*, KEY_TOO_LARGE, VALUE_TOO_LARGE, OUT_OF_MEMORY, BUSY, SHARD_LOST. A condition that fails is no error. */
  put<V = unknown>(key: Key, value: Value, options?: PutOptions): Promise<PutResult<V>>;
  /** True if there was something to delete (and `ifVersion` held). */
  delete(key: Key, options?: DeleteOptions): Promise<boolean>;
  /** The value before, or undefined; with a condition that does not hold, the value that stays. */
  getAndPut<V = unknown>(key: Key, value: Value, options?: PutOptions): Promise<V | undefined>;
  getAndDelete<V = unknown>(key: Key, options?: CallOptions): Promise<V | undefined>;

  /** In the order of `keys`; undefined where absent. */
  getMany<V = unknown>(keys: Iterable<Key>, options?: GetManyOptions): Promise<(V | undefined)[]>;
  /**
   * Resolves when all are stored. Entries that fail do not stop the others: it rejects when all have settled, with the
   * first error (or the first of outcome `unknown`, if there is one). With `atomic` all or none are stored.
   */
  putMany(entries: Iterable<readonly [Key, Value]>, options?: PutManyOptions): Promise<void>;
  /** How many there were to delete. */
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<number>;
  /**
   * Puts an entry under another key, with its deadline and a new version; the old key is no more. False if there is no
   * entry, or with `ifAbsent` one under the new key. CONFLICT if others keep writing to either key.
   */
  rename(from: Key, to: Key, options?: RenameOptions): Promise<boolean>;
  /** As rename, but the old key stays, and without `replace` nothing is copied onto an entry. */
  copy(from: Key, to: Key, options?: CopyOptions): Promise<boolean>;

  /** Milliseconds left; Infinity without a deadline; undefined if absent. */
  ttl(key: Key, options?: CallOptions): Promise<number | undefined>;

  /**
   * Every entry that is there from beginning to end is yielded exactly once, also across a failover; what comes or goes
   * meanwhile may or may not be. In no order a caller could use.
   */
  entries<V = unknown>(options: ScanOptions & { keysAsBytes: true }): AsyncIterableIterator<[Uint8Array, V]>;
  entries<V = unknown>(options?: ScanOptions): AsyncIterableIterator<[Key, V]>;
  keys(options: ScanOptions & { keysAsBytes: true }): AsyncIterableIterator<Uint8Array>;
  keys(options?: ScanOptions): AsyncIterableIterator<Key>;
  /** Entries held, those past their deadline but not yet removed included. */
  count(options?: CallOptions): Promise<number>;
  /** Removes everything, shard by shard. */
  clear(options?: CallOptions): Promise<void>;

  /**
   * If every condition holds, does the steps of `then`, else those of `else`: all or none of them, at one moment, in one
   * round trip, over keys of any shards.
   *
   *     await store.transaction({
   *       if: [{ key: 'seat:12', exists: false }],
   *       then: [{ put: 'seat:12', value: 'ada' }, { increment: 'seats:taken' }],
   *       else: [{ get: 'seat:12' }],
   *     });
   *
   * A step whose own condition does not hold (`ifAbsent`, nothing to delete) says so in its result and stops nothing; one that
   * cannot be done (NOT_A_NUMBER, OUT_OF_MEMORY …) fails all with its error. Errors: those, TRANSACTION_TOO_LARGE,
   * SHARD_LOST, BUSY. Without `if` the results are those of `then`.
   */
  transaction<const T extends readonly TransactionStep[] = readonly []>(
    spec: UnconditionalSpec<T>,
    options?: CallOptions,
  ): Promise<UnconditionalResult<T>>;
  transaction<
    const T extends readonly TransactionStep[] = readonly [],
    const E extends readonly TransactionStep[] = readonly [],
  >(spec: TransactionSpec<T, E>, options?: CallOptions): Promise<TransactionResult<T, E>>;
  /**
   * Runs a function whose reads and writes take effect at one moment, and returns its result:
   *
   *     await store.transact(async (tx) => {
   *       const [from, to] = await tx.getMany<number>(['account:a', 'account:b']);
   *       if (from < 10) throw new Error('not enough');
   *       tx.put('account:a', from - 10);
   *       tx.put('account:b', to + 10);
   *     });
   *
   * If somebody changed what it had read it runs again, after a short random wait: it should do nothing but read and write
   * through `tx`. What it throws ends it: nothing is written. CONFLICT after `retries` such changes.
   */
  transact<R>(body: (tx: Transaction) => R | PromiseLike<R>, options?: TransactOptions): Promise<R>;

  /**
   * Changes one entry by a function of its value, and returns the value it has then:
   *
   *     await store.update<Cart>('cart:1', (cart = EMPTY) => ({ ...cart, items: [...cart.items, item] }));
   *
   * `undefined` deletes, `KEEP` changes nothing. Its deadline stays unless `ttl` or `expiresAt` is given. If somebody wrote to
   * the key meanwhile the function runs again, as that of transact() does. Errors: those of get and put; CONFLICT.
   */
  update<V = unknown>(key: Key, fn: UpdateFunction<V>, options?: UpdateOptions): Promise<V | undefined>;

  /**
   * Every change of a key, or of all keys with a prefix, from now on or after a position:
   *
   *     for await (const { type, key, value } of store.watch({ prefix: 'user:' })) …
   *
   * Begins at once; to read and then hear of what comes after: watch, await its `ready`, read, iterate. Throws at once what is
   * wrong with its options. Ends with WATCH_LAGGED (a {@link WatchLagged}), CLOSED, ABORTED.
   */
  watch<V = unknown>(options: WatchOptions & { keysAsBytes: true }): Watcher<V, Uint8Array>;
  watch<V = unknown>(options: WatchOptions): Watcher<V>;
}
