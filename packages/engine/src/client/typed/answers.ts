/**
 * Answers: what the API returns for each verb, read from the core's Result. Every function throws the KvError of a
 * status that is a refusal.
 */

import { type Result, refusalOf, Status } from '../../core/data/result.ts';
import { KvError } from '../../core/protocol/errors.ts';
import { decodeValue } from '../codec/values.ts';
import type { PutResult, StoredEntry } from '../store/entries.ts';

/** Throws the error of a refusal; `ok`, `absent` and `conditionFailed` are answers. */
function checkRefusal(status: Status): void {
  const code = refusalOf(status);
  if (code !== undefined) throw new KvError(code);
}

function readStored(result: Result): unknown {
  return result.value === null ? undefined : decodeValue(result.value, result.kind);
}

/** get, getAndPut, getAndDelete: the value read, or the one before. */
export function readValue(result: Result): unknown {
  if (result.status !== Status.ok) checkRefusal(result.status);
  return readStored(result);
}

export function readEntry(result: Result): StoredEntry | undefined {
  if (result.status !== Status.ok) return undefined;
  return { value: readStored(result), version: result.version, expiresAt: expiryOf(result) };
}

export function readPut(result: Result): PutResult {
  if (result.status !== Status.ok) checkRefusal(result.status);
  return { applied: result.status === Status.ok, version: result.version };
}

export function readPutWithPrevious(result: Result): PutResult {
  const answer = readPut(result);
  answer.previous = readStored(result);
  return answer;
}

/** has, delete, expire, persist: whether it was there, or was done. */
export function readDone(result: Result): boolean {
  if (result.status !== Status.ok) checkRefusal(result.status);
  return result.status === Status.ok;
}

/** How the sum is told: as what was added. */
export function sumReader(by: number | bigint | undefined): (result: Result) => number | bigint {
  return typeof by === 'bigint' ? readBigInt : readNumber;
}

function readBigInt(result: Result): bigint {
  checkRefusal(result.status);
  return BigInt(result.value!);
}

/** increment by a number, incrementFloat, append, count. */
export function readNumber(result: Result): number {
  checkRefusal(result.status);
  return Number(result.value);
}

/** ms since the epoch, Infinity for an entry that never expires, undefined for none. */
export function readDeadline(result: Result): number | undefined {
  if (result.status !== Status.ok) return undefined;
  return result.expiresAt === 0 ? Number.POSITIVE_INFINITY : result.expiresAt;
}

/** The whole result, for answers that are taken apart elsewhere. */
export function readResult(result: Result): Result {
  checkRefusal(result.status);
  return result;
}

function expiryOf(result: Result): number | undefined {
  return result.expiresAt === 0 ? undefined : Math.round(result.expiresAt);
}
