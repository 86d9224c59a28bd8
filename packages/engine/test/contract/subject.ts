/**
 * What the contract is run against, and the few words its tests are written in.
 */
import assert from 'node:assert/strict';
import type { Store } from '../../src/client/store/store.ts';
import { ERRORS, type ErrorCode, KvError } from '../../src/core/protocol/errors.ts';

/** An implementation of Store under test. */
export interface Subject {
  readonly name: string;
  /** Called once before the tests. Every test begins with `clear()`. */
  open(): Promise<OpenSubject>;
}

export interface OpenSubject {
  readonly store: Store;
  /** Makes every call wait for at least about `ms` milliseconds from now. */
  stall(ms: number): void;
  /** Makes the past unknown to watchers. */
  forgetChanges(): Promise<void>;
  close(): Promise<void>;
}

/** Registers one test; `store` is empty when it begins. */
export type Test = (name: string, body: (store: Store, subject: OpenSubject) => Promise<void>) => void;

/** Asserts that a promise rejects with a KvError of one of these codes, told as the table tells it. */
export async function rejects(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<KvError> {
  let error: unknown;
  try {
    const value = await promise;
    assert.fail(`resolved with ${String(value)} instead of ${codes.join(' or ')}`);
  } catch (caught) {
    error = caught;
  }
  return isKvError(error, codes);
}

/** As {@link rejects}, for what throws at once. */
export function throws(action: () => unknown, ...codes: ErrorCode[]): KvError {
  try {
    action();
  } catch (error) {
    return isKvError(error, codes);
  }
  assert.fail(`did not throw ${codes.join(' or ')}`);
}

function isKvError(error: unknown, codes: readonly ErrorCode[]): KvError {
  if (!(error instanceof KvError)) throw error;
  assert.ok(codes.includes(error.code), `${error.code} (${error.message}) instead of ${codes.join(' or ')}`);
  assert.equal(error.retryable, ERRORS[error.code].retryable);
  assert.equal(error.outcome, ERRORS[error.code].outcome);
  return error;
}

/** All of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Resolves once a key's deadline has passed: nothing tells of the moment from which reads miss it. */
export async function expired(store: Store, key: string): Promise<void> {
  while (await store.has(key)) await new Promise((resolve) => setTimeout(resolve, 5));
}
