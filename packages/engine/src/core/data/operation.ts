/**
 * Operations: the requests a shard accepts.
 *
 * Owns      the shapes of operations, and of keys, values and conditions in them.
 * Does not  define their results (result.ts) or records (record.ts), evaluate them (the rows of verbs.ts, transaction.ts) or
 *           move them (core/codec).
 * Bytes     Keys and values are one-byte strings: char code = byte. They are binary-safe, cheap to clone between
 *           threads and never drag a pooled Buffer along. Encoding to and from UTF-8 happens once, at the edge. A large
 *           value that is put may be a block instead (block.ts).
 * Classes   What every put and get makes, and is kept until it is answered, comes from a constructor (newPut,
 *           newPutEffect, newRecord, plainResult …) and not from an object literal. V8 watches how long what a literal makes
 *           survives, and after a burst that was long in flight it makes all that follows in the old generation,
 *           permanently: after 100,000 puts at once, 1,000 callers put 250 k/s for ever after; with constructors 315 k/s, in the
 *           same run.
 */
import type { Block, Bytes } from './block.ts';
import type { PutEffect, RemoveEffect } from './record.ts';
import type { ValueKind } from './value-kind.ts';

export { ValueKind } from './value-kind.ts';

/** A stored entry. `version` is the seq that wrote it; `expiresAt` is in master time (ms since the epoch), 0 = never. */
export interface Entry {
  value: string;
  kind: ValueKind;
  version: number;
  expiresAt: number;
  /** Instead of `value` (then ''), if blocks were requested. */
  block?: Block;
}

/** Values of `ifVersion` besides a real version. An absent key has version 0, as in etcd. */
export const ANY_VERSION = -1;
export const MUST_BE_ABSENT = 0;
export const MUST_EXIST = -2;

/** Values of `ttl` besides a number of milliseconds. */
export const NO_TTL = 0;
export const KEEP_TTL = -1;

/** On what terms a put is made. */
export interface PutTerms {
  /** ANY_VERSION, MUST_BE_ABSENT, MUST_EXIST, or the version the entry must have. */
  readonly ifVersion: number;
  /** Milliseconds from the primary's time, NO_TTL or KEEP_TTL. */
  readonly ttl: number;
  /** An absolute deadline in master time instead of `ttl`; 0 = none. */
  readonly deadline: number;
  /** Answer with the entry that was there before. */
  readonly previous: boolean;
}

/** The conditions and options of a plain put. */
export const PLAIN_PUT: PutTerms = { ifVersion: ANY_VERSION, ttl: NO_TTL, deadline: 0, previous: false };

export interface PutOperation extends PutTerms {
  readonly verb: 'put';
  readonly key: string;
  readonly value: Bytes;
  readonly kind: ValueKind;
}

export interface DeleteOperation {
  readonly verb: 'delete';
  readonly key: string;
  readonly ifVersion: number;
  readonly previous: boolean;
}

/** Removes an entry that has this value, of this kind. */
export interface DeleteIfValueOperation {
  readonly verb: 'delete-if-value';
  readonly key: string;
  readonly value: string;
  readonly kind: ValueKind;
}

export interface IncrementOperation {
  readonly verb: 'increment';
  readonly key: string;
  /** A signed 64-bit integer in decimal. */
  readonly by: string;
  /** The sum must be a safe integer, one that a double tells from its neighbours; otherwise it may be any of 64 bits. */
  readonly safe?: true;
  /** The deadline the entry gets, as of a put; without either it keeps the one it has. */
  readonly ttl?: number;
  readonly deadline?: number;
  /** Only an entry that was absent gets it. */
  readonly ttlOnlyIfNew?: true;
}

export interface IncrementFloatOperation {
  readonly verb: 'increment-float';
  readonly key: string;
  readonly by: number;
}

export interface AppendOperation {
  readonly verb: 'append';
  readonly key: string;
  readonly value: string;
  /** Of the new entry if there is none yet; otherwise the present kind stays. */
  readonly kind: ValueKind;
}

/** Which present deadline a new one may replace; a key without one counts as never expiring (Redis NX XX GT LT). */
export type ExpireWhen = 'always' | 'none' | 'some' | 'later' | 'sooner' | 'some-later' | 'some-sooner';

export interface ExpireOperation {
  readonly verb: 'expire';
  readonly key: string;
  /** Milliseconds from the primary's time, or NO_TTL with `deadline` 0 to make the entry persistent. */
  readonly ttl: number;
  readonly deadline: number;
  readonly when: ExpireWhen;
}

/** Reads an entry and sets its deadline, or with neither `ttl` nor `deadline` removes it (Redis GETEX). */
export interface GetAndExpireOperation {
  readonly verb: 'get-and-expire';
  readonly key: string;
  readonly ttl: number;
  readonly deadline: number;
}

/** Overwrites bytes of a value from `offset` on, padding with zero bytes; an empty `value` changes nothing. */
export interface SetRangeOperation {
  readonly verb: 'set-range';
  readonly key: string;
  readonly offset: number;
  readonly value: string;
}

/** Sets one bit (most significant bit of byte 0 first), padding with zero bytes; answers the bit before as '0' or '1'. */
export interface SetBitOperation {
  readonly verb: 'set-bit';
  readonly key: string;
  readonly offset: number;
  readonly bit: 0 | 1;
}

/** Removes every entry of the shard. */
export interface ClearOperation {
  readonly verb: 'clear';
  readonly key: '';
}

/** Reads an entry, which counts as a use of it. */
export interface GetOperation {
  readonly verb: 'get';
  readonly key: string;
  /** A large value may be answered as a block. */
  readonly blocks?: true;
}

/**
 * Reads bytes of a value, which counts as a use of the entry: from `start` to `end`, both included, negative ones counted from
 * the end (Redis GETRANGE).
 */
export interface GetRangeOperation {
  readonly verb: 'get-range';
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Looks at an entry without using it: version, deadline, and the value's length in bytes as decimal text. */
export interface StatOperation {
  readonly verb: 'stat';
  readonly key: string;
  /** Instead of the length: milliseconds since the entry was last used, likewise as text; or the value itself. */
  readonly tells?: 'idle' | 'value';
  /** Counts as a use all the same. */
  readonly uses?: true;
}

/** One page of the shard in hash order, beginning at `cursor` (0 first). */
export interface ScanOperation {
  readonly verb: 'scan';
  readonly key: '';
  readonly cursor: number;
  readonly prefix: string;
  /** Stop after about this many entries; entries of one hash are never parted. */
  readonly limit: number;
  readonly keysOnly: boolean;
}

/** How many entries the shard holds, entries past their deadline but not yet removed included. */
export interface CountOperation {
  readonly verb: 'count';
  readonly key: '';
}

/** An operation on one key, as a step of a transaction. */
export type Step = KeyWriteOperation | KeyReadOperation;

/** What must hold of a key for a transaction to take its `then`. Both parts must. */
export interface Condition {
  readonly key: string;
  /** ANY_VERSION, MUST_BE_ABSENT, MUST_EXIST, or the version the entry must have. */
  readonly ifVersion: number;
  /** The value and kind the entry must have; null = any. */
  readonly equals: { readonly value: string; readonly kind: ValueKind } | null;
}

/**
 * Steps taken together or not at all: `then` if every condition holds, else `otherwise`. Steps see what earlier steps
 * wrote. With `lenient` a step that fails (not a number, too large …) leaves the others standing, as Redis's EXEC does;
 * otherwise it undoes them all and its status becomes the transaction's. Keys of one shard: the primary evaluates it in
 * one request; of several: transactions.ts coordinates.
 */
export interface TransactionOperation {
  readonly verb: 'transaction';
  readonly key: '';
  readonly conditions: readonly Condition[];
  readonly then: readonly Step[];
  readonly otherwise: readonly Step[];
  readonly lenient: boolean;
}

/** Reads entries for a transaction over several shards; its keys are locked. */
export interface GatherOperation {
  readonly verb: 'gather';
  readonly key: '';
  readonly keys: readonly string[];
  /** So many of them, the last ones, are answered as `stat` does: nobody needs their values. */
  readonly heads: number;
}

/** Writes what a transaction over several shards came to; its keys are locked, so nothing is left to judge. */
export interface InstallOperation {
  readonly verb: 'install';
  readonly key: '';
  readonly effects: readonly (PutEffect | RemoveEffect)[];
}

/** Writes of one key. */
export type KeyWriteOperation =
  | PutOperation
  | DeleteOperation
  | DeleteIfValueOperation
  | IncrementOperation
  | IncrementFloatOperation
  | AppendOperation
  | SetRangeOperation
  | SetBitOperation
  | ExpireOperation
  | GetAndExpireOperation;

export type WriteOperation = KeyWriteOperation | ClearOperation | TransactionOperation | InstallOperation;

/** Reads of one key: ordered behind writes of that key (protocol §5). */
export type KeyReadOperation = GetOperation | GetRangeOperation | StatOperation;

/** Reads of a whole shard: sent to the tail once every earlier write of the shard is answered. */
export type ShardReadOperation = ScanOperation | CountOperation;

export type ReadOperation = KeyReadOperation | ShardReadOperation | GatherOperation;

export type Operation = WriteOperation | ReadOperation;

class PutRequest implements PutOperation {
  readonly verb = 'put';
  readonly key: string;
  readonly value: Bytes;
  readonly kind: ValueKind;
  readonly ifVersion: number;
  readonly ttl: number;
  readonly deadline: number;
  readonly previous: boolean;

  constructor(key: string, value: Bytes, kind: ValueKind, terms: PutTerms) {
    this.key = key;
    this.value = value;
    this.kind = kind;
    this.ifVersion = terms.ifVersion;
    this.ttl = terms.ttl;
    this.deadline = terms.deadline;
    this.previous = terms.previous;
  }
}

/** A put. */
export function newPut(key: string, value: Bytes, kind: ValueKind, terms: PutTerms): PutOperation {
  return new PutRequest(key, value, kind, terms);
}

class GetRequest implements GetOperation {
  readonly verb = 'get';
  readonly key: string;

  constructor(key: string) {
    this.key = key;
  }
}

class BlockRequest extends GetRequest {
  readonly blocks = true;
}

/** A read of one entry; with `blocks` a large value may be answered as a block. */
export function newGet(key: string, blocks = false): GetOperation {
  return blocks ? new BlockRequest(key) : new GetRequest(key);
}
