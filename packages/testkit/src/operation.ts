/**
 * What a history is made of: operations on one key, their results, their outcomes.
 *
 * Owns      the shapes, and the validation of a record at the edge (assertRecord).
 * Does not  record (history.ts) or judge (models/register.ts).
 * Invariants of a valid record
 *   OPE1  positions are finite and invokedAt < returnedAt; an unknown outcome has returnedAt = Infinity
 *   OPE2  a result says at least what its operation must say (REQUIRED): a result that says nothing would be checked
 *       against nothing, and a checker fed with silence is always content
 */

/** When an entry may turn absent by itself: not before the one, surely by the other. Positions, see OperationRecord. */
export interface ExpiryWindow {
  readonly notBefore: number;
  /** Infinity if nothing is known, e.g. for a write of unknown outcome with a relative time to live. */
  readonly notAfter: number;
}

/** All conditions given must hold. `ifVersion` and `ifValue` need a present entry of exactly that version, or value. */
export interface Conditions {
  readonly ifAbsent?: boolean;
  readonly ifPresent?: boolean;
  readonly ifVersion?: number;
  readonly ifValue?: string;
}

/**
 * One operation on one key. `append` keeps the entry's expiry, the puts replace or clear it. `increment` keeps it unless it
 * brings one (`onlyIfNew`: for an entry that was absent). `getAndExpire` replaces it, or without one clears it.
 */
export type Operation =
  | { readonly kind: 'get' }
  | ({ readonly kind: 'put'; readonly value: string; readonly expiry?: ExpiryWindow } & Conditions)
  | { readonly kind: 'delete'; readonly ifVersion?: number; readonly ifValue?: string }
  | { readonly kind: 'increment'; readonly by: number; readonly expiry?: ExpiryWindow; readonly onlyIfNew?: boolean }
  | { readonly kind: 'append'; readonly suffix: string }
  | { readonly kind: 'getAndPut'; readonly value: string; readonly expiry?: ExpiryWindow }
  | { readonly kind: 'getAndDelete' }
  | { readonly kind: 'getAndExpire'; readonly expiry?: ExpiryWindow }
  | { readonly kind: 'expire'; readonly expiry: ExpiryWindow };

/** What came back. Every field present is checked, a field left out is not; which must be present depends on the kind. */
export interface Result {
  /** get, getAndExpire: the value seen. getAndPut, getAndDelete: the previous value. append: the resulting value. null: absent. */
  readonly value?: string | null;
  /** put, delete, expire: did it take effect? increment: false if the value is not a whole number. */
  readonly applied?: boolean;
  /** increment: the resulting number. */
  readonly number?: number;
  /** append: the resulting length in UTF-16 units (use ASCII if the store counts bytes). */
  readonly length?: number;
  /** A write: the version it was given. A get or a failed condition: the version of the entry it saw; null: absent. */
  readonly version?: number | null;
}

/** `not-applied`: surely without effect. `unknown`: may take effect at any time from its invocation on, or never. */
export type Outcome =
  | { readonly kind: 'ok'; readonly result: Result }
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'unknown' };

/**
 * One operation of a history. Positions come from one monotonic source for the whole history and are strictly ordered
 * (equal ones are read as concurrent); with expiry windows they must be proportional to the store's time.
 */
export interface OperationRecord {
  readonly client: number;
  readonly key: string;
  readonly operation: Operation;
  readonly invokedAt: number;
  /** Infinity if the outcome is unknown. */
  readonly returnedAt: number;
  readonly outcome: Outcome;
}

/** Per kind: the fields of which a result must have one. */
const REQUIRED: Record<Operation['kind'], readonly (keyof Result)[]> = {
  get: ['value'],
  put: ['applied'],
  delete: ['applied'],
  increment: ['number', 'applied'],
  append: ['length', 'value'],
  getAndPut: ['value'],
  getAndDelete: ['value'],
  getAndExpire: ['value'],
  expire: ['applied'],
};

/** Throws a TypeError unless the record keeps OPE1 and OPE2. */
export function assertRecord(record: OperationRecord): void {
  const { operation, invokedAt, returnedAt, outcome } = record;
  const required = REQUIRED[operation.kind];
  if (required === undefined) throw new TypeError(`no such operation: ${JSON.stringify(operation)}`);
  if (!Number.isFinite(invokedAt) || !(invokedAt < returnedAt)) {
    throw new TypeError(`invokedAt ${invokedAt} must be finite and before returnedAt ${returnedAt}`);
  }
  if ((outcome.kind === 'unknown') !== (returnedAt === Number.POSITIVE_INFINITY)) {
    throw new TypeError('returnedAt is Infinity exactly if the outcome is unknown');
  }
  if (outcome.kind === 'ok' && required.every((field) => outcome.result[field] === undefined)) {
    throw new TypeError(`the result of ${operation.kind} must say: ${required.join(' or ')}`);
  }
}
