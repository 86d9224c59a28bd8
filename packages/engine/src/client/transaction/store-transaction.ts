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
import type { TransactionKeyCalls } from '../store/key-calls.ts';
import type { Expiry, Key, PutOptions, StoredEntry, Value } from '../store/store.ts';
import type { Transaction } from '../store/store-transactions.ts';
import { withKeyCalls } from '../typed/key-call.ts';
import KEY_CALLS from '../typed/key-calls.ts';
import { deleteOperation, putOperation, putTerms } from '../typed/operations.ts';
import type { OptimisticAttempt } from './attempt.ts';

const PUT_NAMES: ReadonlySet<string> = new Set(['ttl', 'expiresAt', 'keepTtl']);

const TransactionCalls = withKeyCalls<TransactionKeyCalls>(KEY_CALLS);

export class StoreTransaction extends TransactionCalls implements Transaction {
  readonly #attempt: OptimisticAttempt;
  readonly #limits: ExecutorLimits;

  constructor(attempt: OptimisticAttempt) {
    super(async (call, step, options) => {
      if (options !== undefined) checkNames(options, call.ownOptionNames, 'option');
      return call.reader(step)(await attempt.apply(call.operation(step, attempt.executor.limits)));
    });
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

  #read(key: Key): Promise<Entry | undefined> {
    return this.#attempt.read(encodeKey(key, this.#limits.maxKeyBytes));
  }
}

function decoded(entry: Entry | undefined): unknown {
  return entry === undefined ? undefined : decodeValue(entry.value, entry.kind);
}
