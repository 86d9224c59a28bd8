/**
 * Every error a caller can receive, in one table. `code` is stable API, texts are not. docs/errors.md lists the same rows
 * and a test compares the two.
 *
 * `retryable`  the same call may succeed later, unchanged.
 * `outcome`    `not-applied`: nothing was changed. `unknown`: the write may have been applied (or may yet be); only these
 *              need care before a retry.
 *
 * Errors do not survive postMessage as what they are, so ports carry `{ code, details }` and the edge makes the KvError.
 */

/** What became of a write that failed: nothing was changed, or it may have been applied or may yet be. */
export type Outcome = 'not-applied' | 'unknown';

/** What an error of one code means. */
export interface ErrorRow {
  /** The beginning of the error's message. May change with any release. */
  readonly text: string;
  /** The same call may succeed later as it is. */
  readonly retryable: boolean;
  /** Whether a write may have been applied. */
  readonly outcome: Outcome;
}

/** Every error by its code. When each happens and what to do about it: docs/errors.md. */
export const ERRORS = {
  INVALID_OPTION: { text: 'an option is unknown or out of its range', retryable: false, outcome: 'not-applied' },
  INVALID_KEY: { text: 'a key must be a string or a Uint8Array', retryable: false, outcome: 'not-applied' },
  INVALID_VALUE: { text: 'the value cannot be stored', retryable: false, outcome: 'not-applied' },
  INVALID_VERSION: { text: 'a version must be a non-negative safe integer', retryable: false, outcome: 'not-applied' },
  KEY_TOO_LARGE: { text: 'the key is longer than maxKeyBytes', retryable: false, outcome: 'not-applied' },
  VALUE_TOO_LARGE: { text: 'the value is longer than maxValueBytes', retryable: false, outcome: 'not-applied' },
  NOT_A_NUMBER: { text: 'the stored value is not a number of that kind', retryable: false, outcome: 'not-applied' },
  WRONG_KIND: { text: 'the stored value is neither text nor bytes', retryable: false, outcome: 'not-applied' },
  OVERFLOW: { text: 'the number would leave its range', retryable: false, outcome: 'not-applied' },
  OUT_OF_MEMORY: { text: 'a node of the shard is at maxMemory', retryable: true, outcome: 'not-applied' },
  BUSY: { text: 'too many operations are waiting', retryable: true, outcome: 'not-applied' },
  SHARD_LOST: { text: 'every copy of the shard is gone', retryable: false, outcome: 'not-applied' },
  SHARD_LOST_IN_FLIGHT: {
    text: 'every copy of the shard died while the write was in flight',
    retryable: false,
    outcome: 'unknown',
  },
  TIMEOUT: { text: 'no answer in time; the operation had not been sent', retryable: true, outcome: 'not-applied' },
  TIMEOUT_IN_FLIGHT: {
    text: 'no answer in time; the write may still be applied',
    retryable: false,
    outcome: 'unknown',
  },
  ABORTED: { text: 'the caller aborted; the operation had not been sent', retryable: false, outcome: 'not-applied' },
  ABORTED_IN_FLIGHT: {
    text: 'the caller aborted; the write may still be applied',
    retryable: false,
    outcome: 'unknown',
  },
  CONFLICT: {
    text: 'other writers kept changing what the transaction had read',
    retryable: true,
    outcome: 'not-applied',
  },
  TRANSACTION_TOO_LARGE: {
    text: 'the transaction has more keys, steps or bytes than a transaction may',
    retryable: false,
    outcome: 'not-applied',
  },
  WATCH_LAGGED: {
    text: 'the watch fell behind; resume from the position in the error, if there is one',
    retryable: true,
    outcome: 'not-applied',
  },
  CLOSED: { text: 'the cluster is closed', retryable: false, outcome: 'not-applied' },
  CLOSED_IN_FLIGHT: { text: 'the cluster closed while the write was in flight', retryable: false, outcome: 'unknown' },
  UNKNOWN_NODE: { text: 'there is no such node', retryable: false, outcome: 'not-applied' },
  UNKNOWN_SHARD: { text: 'there is no such shard', retryable: false, outcome: 'not-applied' },
  NOT_LOST: { text: 'only a lost shard can be reset', retryable: false, outcome: 'not-applied' },
  CHAOS_DISABLED: { text: 'chaos needs the option chaos: true', retryable: false, outcome: 'not-applied' },
  START_FAILED: { text: 'the nodes could not be started', retryable: true, outcome: 'not-applied' },
} as const satisfies { readonly [code: string]: ErrorRow };

/** What `KvError.code` may be. Codes never change their meaning. */
export type ErrorCode = keyof typeof ERRORS;

/** What ends a call that was not answered, and its code before and after a write could have been applied. */
const UNANSWERED = {
  aborted: ['ABORTED', 'ABORTED_IN_FLIGHT'],
  timeout: ['TIMEOUT', 'TIMEOUT_IN_FLIGHT'],
  closed: ['CLOSED', 'CLOSED_IN_FLIGHT'],
  lost: ['SHARD_LOST', 'SHARD_LOST_IN_FLIGHT'],
} as const satisfies { readonly [reason: string]: readonly [ErrorCode, ErrorCode] };

/** The code of a call that ends unanswered; `inFlight`: it is a write that may still be applied. */
export function failureOf(reason: keyof typeof UNANSWERED, inFlight: boolean): ErrorCode {
  return UNANSWERED[reason][inFlight ? 1 : 0];
}

/** The same failure of a call that cannot have changed anything. */
export function withoutEffect(code: ErrorCode): ErrorCode {
  return Object.values(UNANSWERED).find(([, inFlight]) => inFlight === code)?.[0] ?? code;
}

/** An error of the world (bad input, limits, lost data), as opposed to a bug. Match on `code`, not on the class. */
export class KvError extends Error {
  override readonly name = 'KvError';
  readonly code: ErrorCode;
  /** The same call may succeed later as it is. */
  readonly retryable: boolean;
  /** Whether a write may have been applied. */
  readonly outcome: Outcome;

  /** `details` is appended to the table's text. `retryable: false`: what the table says of the code is not so this time. */
  constructor(code: ErrorCode, details = '', options?: { cause?: unknown; retryable?: false }) {
    super(details === '' ? ERRORS[code].text : `${ERRORS[code].text}: ${details}`, options);
    this.code = code;
    this.retryable = options?.retryable ?? ERRORS[code].retryable;
    this.outcome = ERRORS[code].outcome;
  }
}
