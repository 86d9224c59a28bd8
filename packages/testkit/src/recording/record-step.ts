/**
 * What each operation of a Store is to the checker: the operation of its model, and what an answer says.
 *
 * Owns      that translation, for calls and for steps of transactions alike.
 * Does not  send anything.
 * Refused   What the checker's model (models/register.ts) has no idea of throws NotRecordable: a write it does not hear of would
 *           make it find fault with an honest store. Reads it cannot use are just not recorded: that is null.
 */
import type { IncrementStep, Key, PutOptions, PutResult, StoredEntry, TransactionStep } from '@quintet/engine';
import { NotRecordable } from '../errors.ts';
import type { Operation, Result } from '../operation.ts';
import type { RecordedOperation } from './record-call.ts';
import { textOf } from './value-text.ts';

/** An operation, and how its answer is read. */
export interface DescribedStep extends RecordedOperation {
  readonly result: (answer: unknown) => Result;
}

/** Whatever the window says, History makes it from the time to live. */
const MADE_BY_HISTORY = { notBefore: 0, notAfter: 0 };

/** @throws {NotRecordable} */
export function describeStep(step: TransactionStep): DescribedStep | null {
  if ('put' in step) return describePut(step.put, step.value, step);
  if ('delete' in step) return describe(step.delete, { kind: 'delete', ...versionOf(step) }, appliedResult);
  if ('get' in step) return describe(step.get, { kind: 'get' }, valueResult);
  if ('getEntry' in step) return describe(step.getEntry, { kind: 'get' }, entryResult);
  if ('has' in step) return null;
  if ('increment' in step) return describeIncrement(step);
  if ('append' in step) {
    const suffix = textOf(step.suffix);
    return describe(step.append, { kind: 'append', suffix }, (length) => ({ length: length as number }));
  }
  if ('expire' in step) {
    if (step.when !== undefined && step.when !== 'always') throw new NotRecordable(`expire with when: '${step.when}'`);
    const ttlMs = ttlOf(step.ttl instanceof Date ? { expiresAt: step.ttl } : { ttl: step.ttl });
    return { ...describe(step.expire, { kind: 'expire', expiry: MADE_BY_HISTORY }, appliedResult), ttlMs };
  }
  if ('deleteIfValue' in step) {
    return describe(step.deleteIfValue, { kind: 'delete', ifValue: textOf(step.value) }, appliedResult);
  }
  if ('getAndExpire' in step) {
    const operation: Operation = step.persist
      ? { kind: 'getAndExpire' }
      : { kind: 'getAndExpire', expiry: MADE_BY_HISTORY };
    return { ...describe(step.getAndExpire, operation, valueResult), ttlMs: ttlOf(step) };
  }
  throw new NotRecordable('incrementFloat' in step ? 'incrementFloat' : 'persist');
}

function describePut(key: Key, value: unknown, options: PutOptions): DescribedStep {
  const { ifAbsent, ifPresent, ifVersion, keepTtl, returnPrevious } = options;
  if (keepTtl === true) throw new NotRecordable('keepTtl');
  const isPlain = ifAbsent !== true && ifPresent !== true && ifVersion === undefined;
  if (returnPrevious === true && isPlain) return describeGetAndPut(key, value, options);
  const conditions = {
    // Version 0 is the version of what is absent.
    ...(ifAbsent === true || ifVersion === 0 ? { ifAbsent: true } : {}),
    ...(ifPresent === true ? { ifPresent } : {}),
    ...(ifVersion !== undefined && ifVersion !== 0 ? { ifVersion } : {}),
  };
  const operation: Operation = { kind: 'put', value: textOf(value), ...conditions };
  return { ...describe(key, operation, putResult), ttlMs: ttlOf(options) };
}

/** Of getAndPut, and of a put that returns what was before. @throws {NotRecordable} with a condition: the answer does not say whether it held */
export function describeGetAndPut(key: Key, value: unknown, options: PutOptions): DescribedStep {
  const { ifAbsent, ifPresent, ifVersion, keepTtl } = options;
  if (ifAbsent || ifPresent || keepTtl || ifVersion !== undefined)
    throw new NotRecordable('getAndPut with a condition');
  const result = (answer: unknown): Result => {
    if (options.returnPrevious !== true) return valueResult(answer);
    const { previous, version } = answer as PutResult;
    return { ...valueResult(previous), version };
  };
  return { ...describe(key, { kind: 'getAndPut', value: textOf(value) }, result), ttlMs: ttlOf(options) };
}

/** Of getAndDelete. */
export function describeGetAndDelete(key: Key): DescribedStep {
  return describe(key, { kind: 'getAndDelete' }, valueResult);
}

function describeIncrement({ increment, by = 1, ttl, ttlOnlyIfNew }: IncrementStep): DescribedStep {
  if (!Number.isSafeInteger(Number(by))) throw new NotRecordable(`increment by ${by}`);
  const expiry = ttl === undefined ? {} : { expiry: MADE_BY_HISTORY, onlyIfNew: ttlOnlyIfNew === true };
  const described = describe(increment, { kind: 'increment', by: Number(by), ...expiry }, (answer) => {
    const sum = Number(answer);
    return Number.isSafeInteger(sum) ? { number: sum } : { applied: true };
  });
  return { ...described, ttlMs: ttl };
}

function describe(key: Key, operation: Operation, result: (answer: unknown) => Result): DescribedStep {
  return { key: textOf(key), operation, result };
}

function versionOf({ ifVersion }: { readonly ifVersion?: number }): { readonly ifVersion?: number } {
  return ifVersion === undefined ? {} : { ifVersion };
}

/** Milliseconds to live, undefined = for ever. @throws {NotRecordable} if they are over already */
function ttlOf({ ttl, expiresAt }: PutOptions): number | undefined {
  const ttlMs = expiresAt === undefined ? ttl : Number(expiresAt) - Date.now();
  if (ttlMs !== undefined && !(ttlMs > 0)) throw new NotRecordable('a deadline that has passed');
  return ttlMs;
}

function valueResult(value: unknown): Result {
  return { value: value === undefined ? null : textOf(value) };
}

function entryResult(answer: unknown): Result {
  const entry = answer as StoredEntry | undefined;
  return { ...valueResult(entry?.value), version: entry?.version ?? null };
}

function appliedResult(answer: unknown): Result {
  return { applied: answer as boolean };
}

function putResult(answer: unknown): Result {
  const { applied, version } = answer as PutResult;
  return { applied, version: version === 0 ? null : version };
}
