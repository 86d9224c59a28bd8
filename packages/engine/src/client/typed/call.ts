/**
 * Call: one operation in flight as a promise, settled exactly once.
 *
 * Owns      the promise, the way from a Result to what the API returns, giving up by signal or timeout.
 * Does not  know verbs (answers.ts reads results) or many-key calls (batch-call.ts).
 * Hot path  A plain Call is one object and one promise: no closure (the executor is shared), no listener, no timer.
 *           Signals and timers live in LimitedCall, which only calls that ask for them pay for.
 */

import type { Operation } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import { isReadOnly } from '../../core/data/transaction.ts';
import { type ErrorCode, KvError, withoutEffect } from '../../core/protocol/errors.ts';
import type { Executor, PendingCall, Sink } from '../../executor/executor.ts';
import { showKey } from '../codec/keys.ts';
import type { CallOptions } from '../store/store.ts';
import { abortGroupOf, type GivenUpByAbort } from './abort-group.ts';
import { rejected, rejecting } from './caller-stack.ts';

/** What the API makes of a result. Throws KvError if the result is a refusal. */
export type ReadResult<T> = (result: Result) => T;

type Resolve = (value: unknown) => void;

// The executor of `new Promise` runs at once and synchronously, so one shared function can hand out what it was given.
let resolveOfNewPromise: Resolve;
function takeSettler(resolve: Resolve): void {
  resolveOfNewPromise = resolve;
}

/** To those below, a transaction that can only read is a write like any other. */
function onlyReads(operation: Operation): boolean {
  return operation.verb === 'transaction' && isReadOnly(operation);
}

/** A call without limits. */
export class Call<T> implements Sink {
  readonly promise: Promise<T>;
  readonly #resolve: Resolve;
  readonly #read: ReadResult<T>;
  readonly #operation: Operation;

  constructor(operation: Operation, read: ReadResult<T>) {
    this.promise = new Promise<unknown>(takeSettler) as Promise<T>;
    this.#resolve = resolveOfNewPromise;
    this.#read = read;
    this.#operation = operation;
  }

  onResult(result: Result): void {
    try {
      this.#resolve(this.#read(result));
    } catch (error) {
      this.#resolve(rejecting(withKey(error, this.#operation)));
    }
  }

  onError(code: ErrorCode, details: string): void {
    this.fail(code, details, undefined);
  }

  protected fail(code: ErrorCode, details: string, cause: unknown): void {
    const told = onlyReads(this.#operation) ? withoutEffect(code) : code;
    const error = new KvError(told, details, cause === undefined ? undefined : { cause });
    this.#resolve(rejecting(withKey(error, this.#operation)));
  }
}

/** A call that its caller may give up: by an AbortSignal, a timeout, or both. */
export class LimitedCall<T> extends Call<T> implements GivenUpByAbort {
  readonly #executor: Executor;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pending: PendingCall | undefined;
  #cause: unknown;
  #settled = false;

  constructor(executor: Executor, operation: Operation, read: ReadResult<T>, limits: CallOptions) {
    super(operation, read);
    this.#executor = executor;
    this.#signal = limits.signal;
    this.#signal && abortGroupOf(this.#signal).add(this);
    if (limits.timeoutMs !== undefined) this.#timer = setTimeout(onTimeout, limits.timeoutMs, this);
  }

  /** Tells what to give up, once it is submitted. */
  submitted(pending: PendingCall): void {
    if (!this.#settled) this.#pending = pending;
  }

  override onResult(result: Result): void {
    this.#settle();
    super.onResult(result);
  }

  override onError(code: ErrorCode, details: string): void {
    this.#settle();
    this.fail(code, details, this.#cause);
  }

  onAbort(reason: unknown): void {
    this.#cause = reason;
    this.#giveUp('aborted');
  }

  onTimeout(): void {
    this.#timer = undefined;
    this.#giveUp('timeout');
  }

  #giveUp(reason: 'aborted' | 'timeout'): void {
    if (this.#pending !== undefined) this.#executor.giveUp(this.#pending, reason);
  }

  #settle(): void {
    this.#settled = true;
    this.#pending = undefined;
    clearTimeout(this.#timer);
    this.#signal && abortGroupOf(this.#signal).delete(this);
  }
}

function onTimeout(call: LimitedCall<unknown>): void {
  call.onTimeout();
}

/** Sends an operation on one key and promises what `read` makes of the answer. `limits` were checked before. */
export function send<T>(
  executor: Executor,
  operation: Operation,
  read: ReadResult<T>,
  limits: CallOptions | undefined,
): Promise<T> {
  if (limits === undefined || !isLimited(limits)) {
    const call = new Call(operation, read);
    executor.submit(operation, call);
    return call.promise;
  }
  if (limits.signal?.aborted) return rejected(abortedBefore(limits.signal));
  const call = new LimitedCall(executor, operation, read, limits);
  call.submitted(executor.submit(operation, call));
  return call.promise;
}

/** As {@link send}, for operations on a whole shard. */
export function sendToShard<T>(
  executor: Executor,
  shard: number,
  operation: Operation,
  read: ReadResult<T>,
  limits: CallOptions,
): Promise<T> {
  if (limits.signal?.aborted) return rejected(abortedBefore(limits.signal));
  const call = isLimited(limits) ? new LimitedCall(executor, operation, read, limits) : new Call(operation, read);
  const pending = executor.submitToShard(shard, operation, call);
  if (call instanceof LimitedCall) call.submitted(pending);
  return call.promise;
}

/** The error of a call whose signal was aborted before anything was sent. */
export function abortedBefore(signal: AbortSignal): KvError {
  return new KvError('ABORTED', '', { cause: signal.reason });
}

function isLimited(limits: CallOptions): boolean {
  return limits.signal !== undefined || limits.timeoutMs !== undefined;
}

/** The same error with the key in its text: the stack of an error made when an answer arrives tells nobody which call it was. */
export function withKey(error: unknown, operation: Operation): unknown {
  if (!(error instanceof KvError) || operation.key === '') return error;
  const key = showKey(operation.key.slice(0, 64));
  const shown = JSON.stringify(operation.key.length > 64 ? `${key}…` : key);
  error.message += ` (${operation.verb} ${shown})`;
  return error;
}
