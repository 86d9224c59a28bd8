/**
 * StoreTransaction: the `tx` a function given to transact() works with: an Attempt in the words of Store.
 *
 * Owns      the way from arguments to reads and writes of the attempt, and back to users' values.
 * Does not  remember anything (attempt.ts).
 * Errors    as in Store. put and delete throw theirs at once: they wait for nothing.
 */
import type { Entry } from '../../core/data/operation.ts';
import type { ExecutorLimits } from '../../executor/executor.ts';
import { encodeKey } from '../codec/keys.ts';
import { decodeValue } from '../codec/values.ts';
import { checkNames } from '../store/call-options.ts';
import type { ExpireOptions, Expiry, Key, PutOptions, StoredEntry, Value } from '../store/store.ts';
import type { Transaction } from '../store/store-transactions.ts';
import { readDone, readNumber, sumReader } from '../typed/answers.ts';
import {
  appendOperation,
  deleteOperation,
  expireOperation,
  incrementFloatOperation,
  incrementOperation,
  persistOperation,
  putOperation,
  putTerms,
} from '../typed/operations.ts';
import type { Attempt } from './attempt.ts';

const PUT_NAMES: ReadonlySet<string> = new Set(['ttl', 'expiresAt', 'keepTtl']);
const EXPIRE_NAMES: ReadonlySet<string> = new Set(['when']);

export class StoreTransaction implements Transaction {
  readonly #attempt: Attempt;
  readonly #limits: ExecutorLimits;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#limits = attempt.executor.limits;
  }

  async get<V = unknown>(key: Key): Promise<V | undefined> {
    return decoded(await this.#read(key)) as V | undefined;
  }

  async getEntry<V = unknown>(key: Key): Promise<StoredEntry<V> | undefined> {
    const entry = await this.#read(key);
    if (entry === undefined) return undefined;
    const expiresAt = entry.expiresAt === 0 ? undefined : Math.round(entry.expiresAt);
    return { value: decoded(entry) as V, version: entry.version, expiresAt };
  }

  getMany<V = unknown>(keys: Iterable<Key>): Promise<(V | undefined)[]> {
    return Promise.all(Array.from(keys, (key) => this.get<V>(key)));
  }

  async has(key: Key): Promise<boolean> {
    return (await this.#read(key)) !== undefined;
  }

  put(key: Key, value: Value, options?: Expiry & Pick<PutOptions, 'keepTtl'>): void {
    if (options !== undefined) checkNames(options, PUT_NAMES, 'option');
    this.#attempt.write(putOperation(key, value, putTerms(options), this.#limits));
  }

  delete(key: Key): void {
    this.#attempt.write(deleteOperation(key, undefined, false, this.#limits));
  }

  increment(key: Key, by?: number): Promise<number>;
  increment(key: Key, by: bigint): Promise<bigint>;
  increment(key: Key, by?: number | bigint): Promise<number | bigint>;
  async increment(key: Key, by: number | bigint = 1): Promise<never> {
    return sumReader(by)(await this.#attempt.apply(incrementOperation(key, by, this.#limits))) as never;
  }

  async incrementFloat(key: Key, by: number): Promise<number> {
    return readNumber(await this.#attempt.apply(incrementFloatOperation(key, by, this.#limits)));
  }

  async append(key: Key, suffix: string | Uint8Array): Promise<number> {
    return readNumber(await this.#attempt.apply(appendOperation(key, suffix, this.#limits)));
  }

  async expire(key: Key, ttl: number | Date, options?: Pick<ExpireOptions, 'when'>): Promise<boolean> {
    if (options !== undefined) checkNames(options, EXPIRE_NAMES, 'option');
    return readDone(await this.#attempt.apply(expireOperation(key, ttl, options, this.#limits)));
  }

  async persist(key: Key): Promise<boolean> {
    return readDone(await this.#attempt.apply(persistOperation(key, this.#limits)));
  }

  #read(key: Key): Promise<Entry | undefined> {
    return this.#attempt.read(encodeKey(key, this.#limits.maxKeyBytes));
  }
}

function decoded(entry: Entry | undefined): unknown {
  return entry === undefined ? undefined : decodeValue(entry.value, entry.kind);
}
