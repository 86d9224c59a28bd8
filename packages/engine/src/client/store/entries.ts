/**
 * Keys, values and entries as every call takes and gives them, and the options that calls share.
 */

/** Strings are UTF-8 encoded; a string and its UTF-8 bytes are the same key. */
export type Key = string | Uint8Array;

/**
 * What comes back is what went in: a string as a string, bytes as a Uint8Array (a Buffer too), a number as a number,
 * anything else through msgpack (objects, arrays, booleans, null, bigint, Date, Map, Set, RegExp, typed arrays, nested as
 * you like). What could not come back is refused with INVALID_VALUE: undefined, functions, symbols, cycles, instances of
 * classes (a forgotten `await` among them), strings with lone surrogates.
 */
export type Value = unknown;

/** Options every call takes. */
export interface CallOptions {
  /** Gives the call up: ABORTED (not sent yet) or ABORTED_IN_FLIGHT (a write that may still be applied). */
  signal?: AbortSignal;
  /**
   * Milliseconds until TIMEOUT or TIMEOUT_IN_FLIGHT. Without it a call waits as long as recovery takes. For a call on
   * many keys it is for the call as a whole, for an iterator for each page it fetches.
   */
  timeoutMs?: number;
}

/** When an entry expires: at most one of the two. Past its deadline it is as if it were absent. */
export interface Expiry {
  /** Milliseconds to live from now. */
  ttl?: number;
  /** Deadline in ms since the epoch, or a Date. */
  expiresAt?: number | Date;
}

/** Options of put and getAndPut. Of the conditions at most one; `keepTtl` excludes `ttl` and `expiresAt`. */
export interface PutOptions extends CallOptions, Expiry {
  /** Only if the key is absent. */
  ifAbsent?: boolean;
  /** Only if the key exists. */
  ifPresent?: boolean;
  /** Only if the entry has this version (0 = absent). */
  ifVersion?: number;
  /** Keep the deadline that is there; otherwise a put without `ttl` clears it. */
  keepTtl?: boolean;
  /** Return the entry that was there before. */
  returnPrevious?: boolean;
}

/** What a put did. */
export interface PutResult<V = unknown> {
  /** False if a condition did not hold. */
  applied: boolean;
  /** The entry's version now: the new one if applied, else that of what is there (0 = absent). */
  version: number;
  /** With `returnPrevious`: the value before (what is there, if not applied), or undefined if there was none. */
  previous?: V | undefined;
}

/** Options of delete. */
export interface DeleteOptions extends CallOptions {
  /** Only if the entry has this version. */
  ifVersion?: number;
}

/** An entry as getEntry tells it. */
export interface StoredEntry<V = unknown> {
  value: V;
  /** Grows with every write to the key's shard; what `ifVersion` compares. */
  version: number;
  /** ms since the epoch, or undefined if it never expires. */
  expiresAt: number | undefined;
}

/** Options of expire. */
export interface ExpireOptions extends CallOptions {
  /** Only if the key has no deadline / has one / would expire later / would expire sooner. */
  when?: 'always' | 'none' | 'some' | 'later' | 'sooner';
}

/** Options of entries and keys: which, and how they are fetched. `timeoutMs` is for each page. */
export interface ScanOptions extends CallOptions {
  /** Only keys that begin with this. */
  prefix?: Key;
  /** Only keys that match this Redis-style glob (`*`, `?`, `[a-z]`, `\` escapes), byte by byte: `?` is one byte of UTF-8. */
  match?: string;
  /** Stop after this many. */
  limit?: number;
  /** Entries fetched per round trip and shard (default 256). */
  pageSize?: number;
  /** Yield all keys as Uint8Array; otherwise those that are UTF-8 come as strings. */
  keysAsBytes?: boolean;
}
