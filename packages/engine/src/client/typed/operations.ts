/**
 * Operations: what the arguments of each verb come to for the core. A call of Store, a step of a transaction and a write
 * inside of transact() say the same things, so they are said here once.
 *
 * Owns      the way from checked names to an Operation: ranges, contradictions, encoding.
 * Does not  check names of options (call-options.ts) or send anything.
 * Errors    INVALID_OPTION, INVALID_VERSION, INVALID_KEY, KEY_TOO_LARGE, INVALID_VALUE, VALUE_TOO_LARGE, thrown at once.
 */

import {
  type AppendOperation,
  type DeleteOperation,
  type ExpireOperation,
  type GetOperation,
  type IncrementFloatOperation,
  type IncrementOperation,
  NO_TTL,
  newGet,
  newPut,
  PLAIN_PUT,
  type PutOperation,
  type PutTerms,
  type StatOperation,
  ValueKind,
} from '../../core/data/operation.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { ExecutorLimits } from '../../executor/executor.ts';
import { encodeKey, nameOf } from '../codec/keys.ts';
import { encodeValue, kindOf } from '../codec/values.ts';
import {
  checkTtl,
  deadlineOf,
  incrementBy,
  invalidOption,
  putCondition,
  ttlOf,
  versionCondition,
  whenOf,
} from '../store/call-options.ts';
import type { ExpireOptions, Key, PutOptions, Value } from '../store/entries.ts';

export function getOperation(key: Key, { maxKeyBytes }: ExecutorLimits): GetOperation {
  return newGet(encodeKey(key, maxKeyBytes));
}

export function statOperation(key: Key, { maxKeyBytes }: ExecutorLimits): StatOperation {
  return { verb: 'stat', key: encodeKey(key, maxKeyBytes) };
}

/** What the options of a put come to, checked once however many puts there are. */
export function putTerms(options: PutOptions | undefined): PutTerms {
  if (options === undefined) return PLAIN_PUT;
  return {
    ifVersion: putCondition(options),
    ttl: ttlOf(options),
    deadline: deadlineOf(options.expiresAt),
    previous: options.returnPrevious ?? false,
  };
}

export function putOperation(
  key: Key,
  value: Value,
  terms: PutTerms,
  { maxKeyBytes, maxValueBytes }: ExecutorLimits,
): PutOperation {
  const kind = kindOf(value);
  return newPut(encodeKey(key, maxKeyBytes), encodeValue(value, kind, maxValueBytes), kind, terms);
}

export function deleteOperation(
  key: Key,
  ifVersion: number | undefined,
  previous: boolean,
  { maxKeyBytes }: ExecutorLimits,
): DeleteOperation {
  return { verb: 'delete', key: encodeKey(key, maxKeyBytes), ifVersion: versionCondition(ifVersion), previous };
}

/** By a number: the sum is to be one too. By a bigint: it may be anything of 64 bits. */
export function incrementOperation(key: Key, by: number | bigint, { maxKeyBytes }: ExecutorLimits): IncrementOperation {
  const encoded = encodeKey(key, maxKeyBytes);
  if (typeof by === 'bigint') return { verb: 'increment', key: encoded, by: incrementBy(by) };
  return { verb: 'increment', key: encoded, by: incrementBy(by), safe: true };
}

export function incrementFloatOperation(
  key: Key,
  by: number,
  { maxKeyBytes }: ExecutorLimits,
): IncrementFloatOperation {
  if (!Number.isFinite(by)) throw invalidOption('by', 'a finite number', by);
  return { verb: 'increment-float', key: encodeKey(key, maxKeyBytes), by };
}

export function appendOperation(key: Key, suffix: string | Uint8Array, limits: ExecutorLimits): AppendOperation {
  const kind = kindOf(suffix);
  if (kind !== ValueKind.text && kind !== ValueKind.bytes) {
    throw new KvError('INVALID_VALUE', `what is appended must be a string or a Uint8Array, got ${nameOf(suffix)}`);
  }
  const encoded = encodeKey(key, limits.maxKeyBytes);
  return { verb: 'append', key: encoded, value: encodeValue(suffix, kind, limits.maxValueBytes), kind };
}

/** `ttl`: milliseconds from now, or the deadline. */
export function expireOperation(
  key: Key,
  ttl: number | Date,
  options: Pick<ExpireOptions, 'when'> | undefined,
  { maxKeyBytes }: ExecutorLimits,
): ExpireOperation {
  const encoded = encodeKey(key, maxKeyBytes);
  const when = whenOf(options);
  if (ttl instanceof Date) return { verb: 'expire', key: encoded, ttl: NO_TTL, deadline: deadlineOf(ttl, 'ttl'), when };
  return { verb: 'expire', key: encoded, ttl: checkTtl(ttl), deadline: 0, when };
}

export function persistOperation(key: Key, { maxKeyBytes }: ExecutorLimits): ExpireOperation {
  return { verb: 'expire', key: encodeKey(key, maxKeyBytes), ttl: NO_TTL, deadline: 0, when: 'some' };
}
