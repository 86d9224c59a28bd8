/**
 * StoreTransactions: what several keys' changes together look like to a program: transaction() with its conditions and steps
 * as plain objects, all in one round trip; transact() with a function that reads and writes as it likes.
 *
 * Guarantees (every implementation)
 *   - All or nothing, whatever dies meanwhile, over keys of any shards.
 *   - Strictly serializable: it is as if each took place at one moment between its call and its answer.
 *   - At most once.
 * Limits    1,024 keys, 16,384 conditions and steps, and 8 MiB of keys and values each: TRANSACTION_TOO_LARGE, before anything is sent.
 */

import type { CallOptions, Expiry, Key, PutOptions, PutResult, StoredEntry, Value } from './entries.ts';
import type { KeyCallStep, KeyCallStepResult, TransactionKeyCalls } from './key-calls.ts';

/** What must hold of a key. Of `exists`, `version` and `equals` at least one; all that are given must hold. */
export interface TransactionCondition {
  readonly key: Key;
  readonly exists?: boolean;
  /** The entry has this version; 0 = the key is absent. */
  readonly version?: number;
  /** The entry has this value, of the same kind: 5 is not '5'. Objects are compared as stored, order of properties included. */
  readonly equals?: Value;
}

/** As `put(key, value, options)`. */
export interface PutStep extends Omit<PutOptions, keyof CallOptions> {
  readonly put: Key;
  readonly value: Value;
}
/** As `delete(key, options)`: answers whether there was something to delete. */
export interface DeleteStep {
  readonly delete: Key;
  readonly ifVersion?: number;
}
/** As `get(key)`: answers the value, or undefined. */
export interface GetStep {
  readonly get: Key;
}
/** As `getEntry(key)`. */
export interface GetEntryStep {
  readonly getEntry: Key;
}
/** As `has(key)`. */
export interface HasStep {
  readonly has: Key;
}
/** One operation on one key, named as the method of Store that does the same, and answered as it. */
export type TransactionStep = PutStep | DeleteStep | GetStep | GetEntryStep | HasStep | KeyCallStep;

/** What `transaction` takes: conditions, and the steps of both branches. */
export interface TransactionSpec<
  T extends readonly TransactionStep[] = readonly TransactionStep[],
  E extends readonly TransactionStep[] = readonly TransactionStep[],
> {
  /** All must hold (none: they do). */
  readonly if?: readonly TransactionCondition[] | undefined;
  /** Done if they hold. A step sees what the steps before it wrote. */
  readonly then?: T;
  /** Done if they do not. */
  readonly else?: E;
}

/** A transaction without conditions: `then` is always done. */
export interface UnconditionalSpec<T extends readonly TransactionStep[] = readonly TransactionStep[]>
  extends Pick<TransactionSpec<T>, 'then' | 'else'> {
  readonly if?: undefined;
}

/** What a step answers. */
export type StepResult<S> = S extends PutStep
  ? PutResult
  : S extends GetEntryStep
    ? StoredEntry | undefined
    : S extends GetStep
      ? unknown
      : S extends DeleteStep | HasStep
        ? boolean
        : KeyCallStepResult<S>;

/** What the steps of a branch answer, in their order. */
export type StepResults<S extends readonly TransactionStep[]> = { -readonly [I in keyof S]: StepResult<S[I]> };

/** `succeeded`: the conditions held. `results`: what each step of the branch that was taken answered, in order. */
export type TransactionResult<
  T extends readonly TransactionStep[] = readonly TransactionStep[],
  E extends readonly TransactionStep[] = readonly TransactionStep[],
> = UnconditionalResult<T> | { succeeded: false; results: StepResults<E> };

/** Without conditions it succeeds, or rejects. */
export interface UnconditionalResult<T extends readonly TransactionStep[] = readonly TransactionStep[]> {
  succeeded: true;
  results: StepResults<T>;
}

/** Options of transact. `timeoutMs` is for all its runs together. */
export interface TransactOptions extends CallOptions {
  /** How often the function is run again after a conflict before CONFLICT (default 20, 0 to 1000). */
  retries?: number;
}

/** What the function given to update() returns to leave the entry as it is. */
export const KEEP: unique symbol = Symbol.for('quintet.keep');

/** Options of update. `timeoutMs` is for all its runs together. Without `ttl` or `expiresAt` the deadline stays. */
export interface UpdateOptions extends TransactOptions, Expiry {}

/** What update() runs: the value, undefined if there is none, to the new one; undefined deletes, KEEP changes nothing. */
export type UpdateFunction<V> = (value: V | undefined) => Updated<V> | PromiseLike<Updated<V>>;
type Updated<V> = V | undefined | typeof KEEP;

/**
 * What a function given to transact() works with, while it runs. Reads are remembered with their versions; writes are kept
 * until the function is done, seen by its own reads, and by nobody else before.
 */
export interface Transaction extends TransactionKeyCalls {
  get<V = unknown>(key: Key): Promise<V | undefined>;
  /** `version` is 0 for what this transaction has written itself. */
  getEntry<V = unknown>(key: Key): Promise<StoredEntry<V> | undefined>;
  getMany<V = unknown>(keys: Iterable<Key>): Promise<(V | undefined)[]>;
  has(key: Key): Promise<boolean>;
  /** Without reading the key: others' writes to it are no conflict unless it is read too. */
  put(key: Key, value: Value, options?: Expiry & Pick<PutOptions, 'keepTtl'>): void;
  /** As put. Whether there is something to delete, `has` tells. */
  delete(key: Key): void;
}

/** Options of getMany. */
export interface GetManyOptions extends CallOptions {
  /** All as of one moment, in one transaction (its limits hold). */
  snapshot?: boolean;
}

/** Options of putMany; the expiry is that of every entry. */
export interface PutManyOptions extends CallOptions, Expiry {
  /** All or none, in one transaction (its limits hold): one bad entry, and nothing is stored. */
  atomic?: boolean;
}

/** Options of deleteMany. */
export interface DeleteManyOptions extends CallOptions {
  /** All at once, in one transaction (its limits hold). */
  atomic?: boolean;
}

/** Options of rename. */
export interface RenameOptions extends CallOptions {
  /** Only if there is no entry under the new name; otherwise it is replaced. */
  ifAbsent?: boolean;
}

/** Options of copy. */
export interface CopyOptions extends CallOptions {
  /** Replace what is there; otherwise nothing is copied onto an entry. */
  replace?: boolean;
}
