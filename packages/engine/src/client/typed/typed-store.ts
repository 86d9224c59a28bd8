/**
 * TypedStore: the Store every user sees, over any Executor: the embedded cluster's own, or the port of a handle.
 *
 * Owns      the way from arguments to an Operation, call by call; of calls that are rows of a table: key-calls.ts.
 * Does not  check options (call-options.ts), encode (keys.ts, values.ts), read answers (answers.ts) or wait (call.ts).
 * Errors    Whatever is wrong with the arguments comes as a rejection, never as a throw, iterators apart: entries() and
 *           keys() throw at once.
 * Hot path  get and put without options: one operation, one Call, one promise. Each method has its own try so that
 *           nothing is allocated to catch with.
 */

import { newGet, type Step } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { DecodedValues, ExecutorLimits, StoreExecutor } from '../../executor/executor.ts';
import { encodeKey, nameOf } from '../codec/keys.ts';
import {
  CALL_OPTIONS,
  COPY_OPTIONS,
  checkCallOptions,
  checkFlag,
  DELETE_MANY_OPTIONS,
  DELETE_OPTIONS,
  GET_MANY_OPTIONS,
  PUT_MANY_OPTIONS,
  PUT_OPTIONS,
  RENAME_OPTIONS,
} from '../store/call-options.ts';
import type { KeyCalls } from '../store/key-calls.ts';
import type {
  CallOptions,
  DeleteOptions,
  Key,
  PutOptions,
  PutResult,
  ScanOptions,
  Store,
  StoredEntry,
  Value,
} from '../store/store.ts';
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
} from '../store/store-transactions.ts';
import type { Watcher, WatchOptions } from '../store/store-watch.ts';
import { doTogether, move } from '../transaction/together.ts';
import { transact } from '../transaction/transact.ts';
import { isEmpty, planTransaction, readTransaction } from '../transaction/transaction-plan.ts';
import { update } from '../transaction/update.ts';
import { planWatch } from '../watch/watch-plan.ts';
import { StoreWatcher } from '../watch/watcher.ts';
import { readDeadline, readDone, readEntry, readNumber, readPut, readPutWithPrevious, readValue } from './answers.ts';
import { runMany } from './batch-call.ts';
import { send } from './call.ts';
import { atCaller, rejected } from './caller-stack.ts';
import { withKeyCalls } from './key-call.ts';
import KEY_CALLS from './key-calls.ts';
import { deleteOperation, getOperation, putOperation, putTerms, statOperation } from './operations.ts';
import { planScan, scanEntries, scanKeys } from './scan.ts';

const NO_OPTIONS: CallOptions = {};

const StoreCalls = withKeyCalls<KeyCalls>(KEY_CALLS);

export class TypedStore extends StoreCalls implements Store {
  /** The operation level below. */
  readonly executor: StoreExecutor;
  readonly #limits: ExecutorLimits;
  /** Where values may be known at once. */
  readonly #copies: DecodedValues | undefined;

  constructor(executor: StoreExecutor) {
    super((call, step, options) => {
      try {
        if (options !== undefined) checkCallOptions(options, call.optionNames);
        return send(executor, call.operation(step, executor.limits), call.reader(step), options);
      } catch (error) {
        return rejected(error);
      }
    });
    this.executor = executor;
    this.#copies = executor.copies;
    this.#limits = executor.limits;
  }

  get<V = unknown>(key: Key, options?: CallOptions): Promise<V | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      else if (this.#copies !== undefined && typeof key === 'string') {
        const copy = this.#copies.find(key);
        const known = copy === undefined ? this.#decoded(key, this.#copies) : copy;
        if (known !== undefined && copy !== null) return Promise.resolve(known as V);
      }
      return send(this.executor, getOperation(key, this.#limits), readValue, options) as Promise<V | undefined>;
    } catch (error) {
      return rejected(error);
    }
  }

  /** The value of an entry of the read cache; undefined = it is not known, or not now. */
  #decoded(key: string, copies: DecodedValues): unknown {
    const encoded = encodeKey(key, this.#limits.maxKeyBytes);
    const result = this.executor.entryAtOnce?.(newGet(encoded)) ?? null;
    if (result === null) return undefined;
    const value = readValue(result);
    // Objects are shared by nobody: whoever changes his would change everybody's.
    if (typeof value !== 'object') copies.keep(key, encoded, value);
    return value;
  }

  getEntry<V = unknown>(key: Key, options?: CallOptions): Promise<StoredEntry<V> | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      return send(this.executor, getOperation(key, this.#limits), readEntry, options) as Promise<
        StoredEntry<V> | undefined
      >;
    } catch (error) {
      return rejected(error);
    }
  }

  has(key: Key, options?: CallOptions): Promise<boolean> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const operation = statOperation(key, this.#limits);
      const known = options === undefined ? (this.executor.entryAtOnce?.(operation) ?? null) : null;
      if (known !== null) return Promise.resolve(readDone(known));
      return send(this.executor, operation, readDone, options);
    } catch (error) {
      return rejected(error);
    }
  }

  put<V = unknown>(key: Key, value: Value, options?: PutOptions): Promise<PutResult<V>> {
    try {
      if (options !== undefined) checkCallOptions(options, PUT_OPTIONS);
      const operation = putOperation(key, value, putTerms(options), this.#limits);
      const read = operation.previous ? readPutWithPrevious : readPut;
      return send(this.executor, operation, read, options) as Promise<PutResult<V>>;
    } catch (error) {
      return rejected(error);
    }
  }

  delete(key: Key, options?: DeleteOptions): Promise<boolean> {
    try {
      if (options !== undefined) checkCallOptions(options, DELETE_OPTIONS);
      const operation = deleteOperation(key, options?.ifVersion, false, this.#limits);
      return send(this.executor, operation, readDone, options);
    } catch (error) {
      return rejected(error);
    }
  }

  getAndPut<V = unknown>(key: Key, value: Value, options?: PutOptions): Promise<V | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, PUT_OPTIONS);
      const operation = { ...putOperation(key, value, putTerms(options), this.#limits), previous: true };
      return send(this.executor, operation, readPutWithPrevious, options).then(previousOf) as Promise<V | undefined>;
    } catch (error) {
      return rejected(error);
    }
  }

  getAndDelete<V = unknown>(key: Key, options?: CallOptions): Promise<V | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const operation = deleteOperation(key, undefined, true, this.#limits);
      return send(this.executor, operation, readValue, options) as Promise<V | undefined>;
    } catch (error) {
      return rejected(error);
    }
  }

  async getMany<V = unknown>(keys: Iterable<Key>, options?: GetManyOptions): Promise<(V | undefined)[]> {
    try {
      if (options !== undefined) checkCallOptions(options, GET_MANY_OPTIONS);
      checkFlag('snapshot', options?.snapshot);
      const values: unknown[] = [];
      const operation = (key: Key) => {
        values.push(undefined);
        return getOperation(key, this.#limits);
      };
      const answer = (result: Result, index: number) => {
        values[index] = readValue(result);
      };
      const items = checkIterable(keys, 'keys');
      if (options?.snapshot) (await this.#together(items, operation, options)).forEach(answer);
      else await runMany(this.executor, { items, operation, answer }, options);
      return values as (V | undefined)[];
    } catch (error) {
      throw atCaller(error);
    }
  }

  async putMany(entries: Iterable<readonly [Key, Value]>, options?: PutManyOptions): Promise<void> {
    try {
      if (options !== undefined) checkCallOptions(options, PUT_MANY_OPTIONS);
      checkFlag('atomic', options?.atomic);
      const terms = putTerms(options);
      const operation = (entry: readonly [Key, Value]) => {
        if (!Array.isArray(entry)) throw new KvError('INVALID_KEY', `an entry is [key, value], got ${nameOf(entry)}`);
        return putOperation(entry[0], entry[1], terms, this.#limits);
      };
      const items = checkIterable(entries, 'entries');
      if (options?.atomic) await this.#together(items, operation, options);
      else await runMany(this.executor, { items, operation, answer: readPut }, options);
    } catch (error) {
      throw atCaller(error);
    }
  }

  async deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<number> {
    try {
      if (options !== undefined) checkCallOptions(options, DELETE_MANY_OPTIONS);
      checkFlag('atomic', options?.atomic);
      let deleted = 0;
      const operation = (key: Key) => deleteOperation(key, undefined, false, this.#limits);
      const answer = (result: Result) => {
        if (readDone(result)) deleted++;
      };
      const items = checkIterable(keys, 'keys');
      if (options?.atomic) (await this.#together(items, operation, options)).forEach(answer);
      else await runMany(this.executor, { items, operation, answer }, options);
      return deleted;
    } catch (error) {
      throw atCaller(error);
    }
  }

  async rename(from: Key, to: Key, options: RenameOptions = NO_OPTIONS): Promise<boolean> {
    try {
      checkCallOptions(options, RENAME_OPTIONS);
      const { ifAbsent, ...limits } = options;
      checkFlag('ifAbsent', ifAbsent);
      return await move(this.executor, { ...this.#fromTo(from, to), removing: true, replacing: !ifAbsent }, limits);
    } catch (error) {
      throw atCaller(error);
    }
  }

  async copy(from: Key, to: Key, options: CopyOptions = NO_OPTIONS): Promise<boolean> {
    try {
      checkCallOptions(options, COPY_OPTIONS);
      const { replace, ...limits } = options;
      checkFlag('replace', replace);
      return await move(
        this.executor,
        { ...this.#fromTo(from, to), removing: false, replacing: replace === true },
        limits,
      );
    } catch (error) {
      throw atCaller(error);
    }
  }

  transaction<const T extends readonly TransactionStep[] = readonly []>(
    spec: UnconditionalSpec<T>,
    options?: CallOptions,
  ): Promise<UnconditionalResult<T>>;
  transaction<
    const T extends readonly TransactionStep[] = readonly [],
    const E extends readonly TransactionStep[] = readonly [],
  >(spec: TransactionSpec<T, E>, options?: CallOptions): Promise<TransactionResult<T, E>>;
  transaction(spec: TransactionSpec, options?: CallOptions): Promise<never> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const plan = planTransaction(spec, this.#limits);
      if (isEmpty(plan.operation)) return Promise.resolve({ succeeded: true, results: [] } as never);
      const read = (result: Result) => readTransaction(plan, result) as never;
      return send(this.executor, plan.operation, read, options);
    } catch (error) {
      return rejected(error);
    }
  }

  async transact<R>(body: (tx: Transaction) => R | PromiseLike<R>, options?: TransactOptions): Promise<R> {
    try {
      return await transact(this.executor, body, options);
    } catch (error) {
      throw atCaller(error);
    }
  }

  async update<V = unknown>(key: Key, fn: UpdateFunction<V>, options?: UpdateOptions): Promise<V | undefined> {
    try {
      return await update(this.executor, key, fn, options);
    } catch (error) {
      throw atCaller(error);
    }
  }

  watch<V = unknown>(options: WatchOptions & { keysAsBytes: true }): Watcher<V, Uint8Array>;
  watch<V = unknown>(options: WatchOptions): Watcher<V>;
  watch(options: WatchOptions): Watcher<never, never> {
    return new StoreWatcher<never, never>(this.executor, planWatch(options, this.executor));
  }

  async ttl(key: Key, options?: CallOptions): Promise<number | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const deadline = await send(this.executor, statOperation(key, this.#limits), readDeadline, options);
      // Deadlines are whole milliseconds, rounded up; rounding down keeps what is left from being more than was given.
      return deadline === undefined ? undefined : Math.max(0, Math.floor(deadline - this.executor.now()));
    } catch (error) {
      throw atCaller(error);
    }
  }

  entries<V = unknown>(options: ScanOptions & { keysAsBytes: true }): AsyncIterableIterator<[Uint8Array, V]>;
  entries<V = unknown>(options?: ScanOptions): AsyncIterableIterator<[Key, V]>;
  entries(options: ScanOptions = {}): AsyncIterableIterator<never> {
    return scanEntries(this.executor, planScan(options, false)) as AsyncIterableIterator<never>;
  }

  keys(options: ScanOptions & { keysAsBytes: true }): AsyncIterableIterator<Uint8Array>;
  keys(options?: ScanOptions): AsyncIterableIterator<Key>;
  keys(options: ScanOptions = {}): AsyncIterableIterator<never> {
    return scanKeys(this.executor, planScan(options, true)) as AsyncIterableIterator<never>;
  }

  async count(options: CallOptions = NO_OPTIONS): Promise<number> {
    try {
      let count = 0;
      await this.#onEveryShard({ verb: 'count', key: '' }, options, (result) => {
        count += readNumber(result);
      });
      return count;
    } catch (error) {
      throw atCaller(error);
    }
  }

  async clear(options: CallOptions = NO_OPTIONS): Promise<void> {
    try {
      await this.#onEveryShard({ verb: 'clear', key: '' }, options, readDone);
    } catch (error) {
      throw atCaller(error);
    }
  }

  #onEveryShard(
    operation: { verb: 'count' | 'clear'; key: '' },
    options: CallOptions,
    answer: (result: Result) => void,
  ): Promise<void> {
    checkCallOptions(options, CALL_OPTIONS);
    const shards = Array.from({ length: this.executor.shards }, (_, shard) => shard);
    const plan = { items: shards, operation: () => operation, shardOf: (shard: number) => shard, answer };
    return runMany(this.executor, plan, options);
  }

  async #together<I>(
    items: Iterable<I>,
    operation: (item: I) => Step,
    options: CallOptions,
  ): Promise<readonly Result[]> {
    return doTogether(this.executor, Array.from(items, operation), options);
  }

  #fromTo(from: Key, to: Key): { from: string; to: string } {
    const { maxKeyBytes } = this.#limits;
    return { from: encodeKey(from, maxKeyBytes), to: encodeKey(to, maxKeyBytes) };
  }
}

function previousOf(result: PutResult): unknown {
  return result.previous;
}

/** One string is an iterable of its letters: surely not what was meant. */
function checkIterable<T>(items: Iterable<T>, name: string): Iterable<T> {
  const iterable = typeof items === 'object' && items !== null && Symbol.iterator in items;
  if (iterable && !ArrayBuffer.isView(items)) return items;
  throw new KvError('INVALID_KEY', `${name} must be an iterable such as an array, got ${nameOf(items)}`);
}
