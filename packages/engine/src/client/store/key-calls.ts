/**
 * Signatures, options and steps of the calls that read and change one entry in one step (what they do: typed/key-calls.ts).
 */
import type { CallOptions, ExpireOptions, Expiry, Key, Value } from './entries.ts';

/** What an increment does to the deadline; without options the one that is there stays. */
export interface IncrementTerms {
  /** Milliseconds to live from now. */
  ttl?: number;
  /**
   * With `ttl`: only if the key is absent, so that the time begins with the first increment and ends what it counts:
   * `increment('hits:ada', 1, { ttl: 60_000, ttlOnlyIfNew: true }) <= 100` is a limit of 100 a minute.
   */
  ttlOnlyIfNew?: boolean;
}

/** Options of increment. */
export interface IncrementOptions extends CallOptions, IncrementTerms {}

/** What getAndExpire does to the deadline: exactly one of these. */
export interface GetAndExpireTerms extends Expiry {
  /** Removes the deadline. */
  persist?: boolean;
}

/** Options of getAndExpire. */
export interface GetAndExpireOptions extends CallOptions, GetAndExpireTerms {}

/** Calls on one key. */
export interface KeyCalls {
  /**
   * Adds to an integer: a number that was put, or decimal text (then it stays text). An absent key counts as 0 and becomes a
   * number. The sum is told as what was added: by a number (1 if not given) it must be a safe integer, from -(2^53 - 1) to
   * 2^53 - 1; by a bigint it may be any of 64 bits. Beyond that nothing is added: OVERFLOW. NOT_A_NUMBER.
   */
  increment(key: Key, by?: number, options?: IncrementOptions): Promise<number>;
  increment(key: Key, by: bigint, options?: IncrementOptions): Promise<bigint>;
  increment(key: Key, by?: number | bigint, options?: IncrementOptions): Promise<number | bigint>;
  /** As increment, for floating-point numbers. */
  incrementFloat(key: Key, by: number, options?: CallOptions): Promise<number>;
  /** Appends to a string (or bytes, or nothing); returns the new length in bytes. WRONG_KIND on structured values. */
  append(key: Key, suffix: string | Uint8Array, options?: CallOptions): Promise<number>;

  /** Sets a deadline: ms from now, or a Date. False if the key is absent or `when` did not hold. */
  expire(key: Key, ttl: number | Date, options?: ExpireOptions): Promise<boolean>;
  /** Removes the deadline. False if the key is absent or has none. */
  persist(key: Key, options?: CallOptions): Promise<boolean>;
  /**
   * The value, or undefined if the key is absent; in the same step it gets a deadline (`ttl`: ms from now, or `expiresAt`; one
   * that has passed removes it), or with `persist` loses the one it has. Watchers hear of a put.
   */
  getAndExpire<V = unknown>(key: Key, options: GetAndExpireOptions): Promise<V | undefined>;

  /**
   * Deletes the key if it has this value, of the same kind: 5 is not '5', objects are compared as stored, order of properties
   * included. True if it did: so a lock is released by its holder alone, though it may have expired and be another's now.
   */
  deleteIfValue(key: Key, value: Value, options?: CallOptions): Promise<boolean>;
}

/** The same inside of transact(): each reads the key. */
export interface TransactionKeyCalls {
  /** Reads the key. As Store's. */
  increment(key: Key, by?: number, options?: IncrementTerms): Promise<number>;
  increment(key: Key, by: bigint, options?: IncrementTerms): Promise<bigint>;
  increment(key: Key, by?: number | bigint, options?: IncrementTerms): Promise<number | bigint>;
  /** Reads the key. As Store's. */
  incrementFloat(key: Key, by: number): Promise<number>;
  /** Reads the key. As Store's. */
  append(key: Key, suffix: string | Uint8Array): Promise<number>;
  /** Reads the key. As Store's. */
  expire(key: Key, ttl: number | Date, options?: Pick<ExpireOptions, 'when'>): Promise<boolean>;
  /** Reads the key. As Store's. */
  persist(key: Key): Promise<boolean>;
  /** Reads the key. As Store's. */
  getAndExpire<V = unknown>(key: Key, options: GetAndExpireTerms): Promise<V | undefined>;
  /** Reads the key. As Store's. */
  deleteIfValue(key: Key, value: Value): Promise<boolean>;
}

/** As `increment(key, by, options)`: answers the sum, a bigint if `by` is one. NOT_A_NUMBER and OVERFLOW fail the transaction. */
export interface IncrementStep extends Readonly<IncrementTerms> {
  readonly increment: Key;
  /** 1 if not given. */
  readonly by?: number | bigint;
}
/** As `incrementFloat(key, by)`: answers the sum. NOT_A_NUMBER and OVERFLOW fail the transaction. */
export interface IncrementFloatStep {
  readonly incrementFloat: Key;
  readonly by: number;
}
/** As `append(key, suffix)`: answers the new length in bytes. WRONG_KIND fails the transaction. */
export interface AppendStep {
  readonly append: Key;
  readonly suffix: string | Uint8Array;
}
/** As `expire(key, ttl, { when })`: answers whether the deadline was set. */
export interface ExpireStep extends Pick<ExpireOptions, 'when'> {
  readonly expire: Key;
  /** Milliseconds from now, or the deadline. */
  readonly ttl: number | Date;
}
/** As `persist(key)`: answers whether there was a deadline to remove. */
export interface PersistStep {
  readonly persist: Key;
}
/** As `getAndExpire(key, options)`: answers the value, or undefined. */
export interface GetAndExpireStep extends Readonly<GetAndExpireTerms> {
  readonly getAndExpire: Key;
}
/** As `deleteIfValue(key, value)`: answers whether it was deleted. */
export interface DeleteIfValueStep {
  readonly deleteIfValue: Key;
  readonly value: Value;
}

/** Steps that are such calls. */
export type KeyCallStep =
  | IncrementStep
  | IncrementFloatStep
  | AppendStep
  | ExpireStep
  | PersistStep
  | GetAndExpireStep
  | DeleteIfValueStep;

/** What such a step answers. */
export type KeyCallStepResult<S> = S extends IncrementStep
  ? SumOf<S>
  : S extends IncrementFloatStep | AppendStep
    ? number
    : S extends GetAndExpireStep
      ? unknown
      : boolean;

/** Of an increment: as `by`, which is a number if not given. */
type SumOf<S extends IncrementStep> = S extends { readonly increment: Key; readonly by: bigint }
  ? bigint
  : S extends { readonly increment: Key; readonly by?: number }
    ? number
    : number | bigint;

// ---- the table --------------------------------------------------------------------------------------------------
