/**
 * TypedStore: the Store every user sees, over any Caller: the embedded cluster's own, or the port of a handle.
 *
 * Owns      the way from arguments to an Operation, verb by verb.
 * Does not  check options (call-options.ts), encode (keys.ts, values.ts), read answers (answers.ts) or wait (call.ts).
 * Errors    Whatever is wrong with the arguments comes as a rejection, never as a throw, iterators apart: entries() and
 *           keys() throw at once.
 * Hot path  get and put without options: one operation, one Call, one promise. Each method has its own try so that
 *           nothing is allocated to catch with.
 */
import { KvError } from '../core/errors.ts';
import {
  ANY_VERSION,
  type AppendOperation,
  type ExpireOperation,
  NO_TTL,
  type PutOperation,
  type Result,
  ValueKind,
} from '../core/operation.ts';
import {
  readDeadline,
  readDone,
  readEntry,
  readInteger,
  readNumber,
  readPut,
  readPutWithPrevious,
  readValue,
} from './answers.ts';
import { send } from './call.ts';
import {
  CALL_OPTIONS,
  checkCallOptions,
  checkTtl,
  DELETE_OPTIONS,
  deadlineOf,
  EXPIRE_OPTIONS,
  incrementBy,
  invalidOption,
  PUT_MANY_OPTIONS,
  PUT_OPTIONS,
  putCondition,
  ttlOf,
  versionCondition,
  whenOf,
} from './call-options.ts';
import type { Caller } from './caller.ts';
import { encodeKey, nameOf } from './keys.ts';
import { runMany } from './many.ts';
import { planScan, scanEntries, scanKeys } from './scan.ts';
import type {
  CallOptions,
  DeleteOptions,
  ExpireOptions,
  Expiry,
  Key,
  PutOptions,
  PutResult,
  ScanOptions,
  Store,
  StoredEntry,
  Value,
} from './store.ts';
import { encodeValue, kindOf } from './values.ts';

const NO_OPTIONS: CallOptions = {};

export class TypedStore implements Store {
  /** The operation level below. */
  readonly caller: Caller;
  readonly #maxKeyBytes: number;
  readonly #maxValueBytes: number;

  constructor(caller: Caller) {
    this.caller = caller;
    this.#maxKeyBytes = caller.limits.maxKeyBytes;
    this.#maxValueBytes = caller.limits.maxValueBytes;
  }

  get<V = unknown>(key: Key, options?: CallOptions): Promise<V | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const operation = { verb: 'get', key: encodeKey(key, this.#maxKeyBytes) } as const;
      return send(this.caller, operation, readValue, options) as Promise<V | undefined>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getEntry<V = unknown>(key: Key, options?: CallOptions): Promise<StoredEntry<V> | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const operation = { verb: 'get', key: encodeKey(key, this.#maxKeyBytes) } as const;
      return send(this.caller, operation, readEntry, options) as Promise<StoredEntry<V> | undefined>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  has(key: Key, options?: CallOptions): Promise<boolean> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const operation = { verb: 'stat', key: encodeKey(key, this.#maxKeyBytes) } as const;
      return send(this.caller, operation, readDone, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  put<V = unknown>(key: Key, value: Value, options?: PutOptions): Promise<PutResult<V>> {
    try {
      const operation = this.#putOperation(key, value, options);
      const read = operation.previous ? readPutWithPrevious : readPut;
      return send(this.caller, operation, read, options) as Promise<PutResult<V>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  delete(key: Key, options?: DeleteOptions): Promise<boolean> {
    try {
      if (options !== undefined) checkCallOptions(options, DELETE_OPTIONS);
      const ifVersion = versionCondition(options?.ifVersion);
      const operation = { verb: 'delete', key: encodeKey(key, this.#maxKeyBytes), ifVersion, previous: false } as const;
      return send(this.caller, operation, readDone, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getAndPut<V = unknown>(key: Key, value: Value, options?: PutOptions): Promise<V | undefined> {
    try {
      const operation = { ...this.#putOperation(key, value, options), previous: true };
      return send(this.caller, operation, readPutWithPrevious, options).then(previousOf) as Promise<V | undefined>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getAndDelete<V = unknown>(key: Key, options?: CallOptions): Promise<V | undefined> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const encoded = encodeKey(key, this.#maxKeyBytes);
      const operation = { verb: 'delete', key: encoded, ifVersion: ANY_VERSION, previous: true } as const;
      return send(this.caller, operation, readValue, options) as Promise<V | undefined>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async getMany<V = unknown>(keys: Iterable<Key>, options?: CallOptions): Promise<(V | undefined)[]> {
    if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
    const values: unknown[] = [];
    const operation = (key: Key) => {
      values.push(undefined);
      return { verb: 'get', key: encodeKey(key, this.#maxKeyBytes) } as const;
    };
    const answer = (result: Result, index: number) => {
      values[index] = readValue(result);
    };
    await runMany(this.caller, { items: checkIterable(keys, 'keys'), operation, answer }, options);
    return values as (V | undefined)[];
  }

  async putMany(entries: Iterable<readonly [Key, Value]>, options?: CallOptions & Expiry): Promise<void> {
    if (options !== undefined) checkCallOptions(options, PUT_MANY_OPTIONS);
    const ttl = options === undefined ? NO_TTL : ttlOf(options);
    const deadline = deadlineOf(options?.expiresAt);
    const operation = (entry: readonly [Key, Value]) => {
      if (!Array.isArray(entry)) throw new KvError('INVALID_KEY', `an entry is [key, value], got ${nameOf(entry)}`);
      return this.#newPut(entry[0], entry[1], ANY_VERSION, ttl, deadline, false);
    };
    await runMany(this.caller, { items: checkIterable(entries, 'entries'), operation, answer: readPut }, options);
  }

  async deleteMany(keys: Iterable<Key>, options?: CallOptions): Promise<number> {
    if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
    let deleted = 0;
    const operation = (key: Key) => {
      const encoded = encodeKey(key, this.#maxKeyBytes);
      return { verb: 'delete', key: encoded, ifVersion: ANY_VERSION, previous: false } as const;
    };
    const answer = (result: Result) => {
      if (readDone(result)) deleted++;
    };
    await runMany(this.caller, { items: checkIterable(keys, 'keys'), operation, answer }, options);
    return deleted;
  }

  increment(key: Key, by: number | bigint = 1, options?: CallOptions): Promise<number | bigint> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const encoded = encodeKey(key, this.#maxKeyBytes);
      const operation = { verb: 'increment', key: encoded, by: incrementBy(by) } as const;
      return send(this.caller, operation, readInteger, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  incrementFloat(key: Key, by: number, options?: CallOptions): Promise<number> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      if (!Number.isFinite(by)) throw invalidOption('by', 'a finite number', by);
      const operation = { verb: 'increment-float', key: encodeKey(key, this.#maxKeyBytes), by } as const;
      return send(this.caller, operation, readNumber, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  append(key: Key, suffix: string | Uint8Array, options?: CallOptions): Promise<number> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      return send(this.caller, this.#appendOperation(key, suffix), readNumber, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  expire(key: Key, ttl: number | Date, options?: ExpireOptions): Promise<boolean> {
    try {
      if (options !== undefined) checkCallOptions(options, EXPIRE_OPTIONS);
      const encoded = encodeKey(key, this.#maxKeyBytes);
      const when = whenOf(options);
      const operation: ExpireOperation =
        ttl instanceof Date
          ? { verb: 'expire', key: encoded, ttl: NO_TTL, deadline: deadlineOf(ttl, 'ttl'), when }
          : { verb: 'expire', key: encoded, ttl: checkTtl(ttl), deadline: 0, when };
      return send(this.caller, operation, readDone, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  persist(key: Key, options?: CallOptions): Promise<boolean> {
    try {
      if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
      const encoded = encodeKey(key, this.#maxKeyBytes);
      const operation = { verb: 'expire', key: encoded, ttl: NO_TTL, deadline: 0, when: 'some' } as const;
      return send(this.caller, operation, readDone, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async ttl(key: Key, options?: CallOptions): Promise<number | undefined> {
    if (options !== undefined) checkCallOptions(options, CALL_OPTIONS);
    const operation = { verb: 'stat', key: encodeKey(key, this.#maxKeyBytes) } as const;
    const deadline = await send(this.caller, operation, readDeadline, options);
    // Deadlines are whole milliseconds, rounded up; rounding down keeps what is left from being more than was given.
    return deadline === undefined ? undefined : Math.max(0, Math.floor(deadline - this.caller.now()));
  }

  entries<V = unknown>(options: ScanOptions & { keysAsBytes: true }): AsyncIterableIterator<[Uint8Array, V]>;
  entries<V = unknown>(options?: ScanOptions): AsyncIterableIterator<[string, V]>;
  entries(options: ScanOptions = {}): AsyncIterableIterator<never> {
    return scanEntries(this.caller, planScan(options, false)) as AsyncIterableIterator<never>;
  }

  keys(options: ScanOptions & { keysAsBytes: true }): AsyncIterableIterator<Uint8Array>;
  keys(options?: ScanOptions): AsyncIterableIterator<string>;
  keys(options: ScanOptions = {}): AsyncIterableIterator<never> {
    return scanKeys(this.caller, planScan(options, true)) as AsyncIterableIterator<never>;
  }

  async count(options: CallOptions = NO_OPTIONS): Promise<number> {
    let count = 0;
    await this.#onEveryShard({ verb: 'count', key: '' }, options, (result) => {
      count += readNumber(result);
    });
    return count;
  }

  async clear(options: CallOptions = NO_OPTIONS): Promise<void> {
    await this.#onEveryShard({ verb: 'clear', key: '' }, options, readDone);
  }

  #onEveryShard(
    operation: { verb: 'count' | 'clear'; key: '' },
    options: CallOptions,
    answer: (result: Result) => void,
  ): Promise<void> {
    checkCallOptions(options, CALL_OPTIONS);
    const shards = Array.from({ length: this.caller.shards }, (_, shard) => shard);
    const plan = { items: shards, operation: () => operation, shardOf: (shard: number) => shard, answer };
    return runMany(this.caller, plan, options);
  }

  #putOperation(key: Key, value: Value, options: PutOptions | undefined): PutOperation {
    if (options === undefined) return this.#newPut(key, value, ANY_VERSION, NO_TTL, 0, false);
    checkCallOptions(options, PUT_OPTIONS);
    const { expiresAt, returnPrevious = false } = options;
    return this.#newPut(key, value, putCondition(options), ttlOf(options), deadlineOf(expiresAt), returnPrevious);
  }

  #newPut(key: Key, value: Value, ifVersion: number, ttl: number, deadline: number, previous: boolean): PutOperation {
    const kind = kindOf(value);
    return {
      verb: 'put',
      key: encodeKey(key, this.#maxKeyBytes),
      value: encodeValue(value, kind, this.#maxValueBytes),
      kind,
      ifVersion,
      ttl,
      deadline,
      previous,
    };
  }

  #appendOperation(key: Key, suffix: string | Uint8Array): AppendOperation {
    const kind = kindOf(suffix);
    if (kind !== ValueKind.text && kind !== ValueKind.bytes) {
      throw new KvError('INVALID_VALUE', `what is appended must be a string or a Uint8Array, got ${nameOf(suffix)}`);
    }
    const encoded = encodeKey(key, this.#maxKeyBytes);
    return { verb: 'append', key: encoded, value: encodeValue(suffix, kind, this.#maxValueBytes), kind };
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
