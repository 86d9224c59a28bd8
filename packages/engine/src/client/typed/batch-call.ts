/**
 * BatchCall: a call on many keys (or shards) as a bounded window of single operations, sent in the order of the items.
 *
 * Owns      the window, the first error, giving up all of it by one signal or timeout.
 * Does not  know verbs: a plan makes operations and takes answers.
 * Order     Operations are submitted in the order of the items, so the last of two puts of one key wins.
 * Failures  An item that fails (a bad key, a refusal) does not stop the others; the promise rejects when all have
 *           settled. What fails them all (abort, timeout, close, a throwing iterable) stops taking items.
 * Why a window: a million operations at once would end in BUSY, or hold a million results' worth of memory. Items are
 *           taken from the iterable only as there is room, so it may be longer than memory.
 */

import type { Operation } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import { rowOf } from '../../core/data/verbs.ts';
import { type ErrorCode, KvError } from '../../core/protocol/errors.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { Executor, PendingCall, Sink } from '../../executor/executor.ts';
import type { CallOptions } from '../store/store.ts';
import { abortGroupOf, type GivenUpByAbort } from './abort-group.ts';
import { withKey } from './call.ts';
import { rejecting } from './caller-stack.ts';

/** Operations and bytes of keys and values in flight at a time; always at least one operation. */
const WINDOW_OPERATIONS = 1024;
const WINDOW_BYTES = 4 * 1024 * 1024;

/** What a many-key call does. */
export interface ManyPlan<I> {
  readonly items: Iterable<I>;
  /** The operation for an item. Throws KvError if there is none: that item has failed. */
  operation(item: I): Operation;
  /** The shard an item's operation goes to; without it, that of its key. */
  readonly shardOf?: (item: I) => ShardId;
  /** Takes the answer to the `index`-th item. Throws KvError if it is a refusal. */
  answer(result: Result, index: number): void;
}

/** Runs a plan; resolves when every item is done. `limits` were checked before, and hold for the call as a whole. */
export function runMany<I>(executor: Executor, plan: ManyPlan<I>, limits: CallOptions | undefined): Promise<void> {
  return new Promise<void>((resolve) => {
    new BatchCall(executor, plan, limits, resolve).begin();
  });
}

class BatchCall<I> implements GivenUpByAbort {
  readonly executor: Executor;
  readonly plan: ManyPlan<I>;
  readonly #iterator: Iterator<I>;
  readonly #limits: CallOptions;
  readonly #resolve: (done?: Promise<never>) => void;
  readonly #underWay = new Set<ManyCall<I>>();
  #bytes = 0;
  #taken = 0;
  #exhausted = false;
  #pumping = false;
  #finished = false;
  #failures = 0;
  #error: unknown;
  #cause: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    executor: Executor,
    plan: ManyPlan<I>,
    limits: CallOptions | undefined,
    resolve: (done?: Promise<never>) => void,
  ) {
    this.executor = executor;
    this.plan = plan;
    this.#limits = limits ?? {};
    this.#resolve = resolve;
    this.#iterator = plan.items[Symbol.iterator]();
  }

  begin(): void {
    const { signal, timeoutMs } = this.#limits;
    if (signal?.aborted) {
      this.onAbort(signal.reason);
      return;
    }
    if (signal !== undefined) abortGroupOf(signal).add(this);
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#giveUp('timeout'), timeoutMs);
    this.#pump();
  }

  onAbort(reason: unknown): void {
    this.#cause = reason;
    this.#giveUp('aborted');
  }

  answered(call: ManyCall<I>, result: Result): void {
    try {
      this.plan.answer(result, call.index);
    } catch (error) {
      this.#noteFailure(withKey(error, call.operation));
    }
    this.#left(call);
  }

  failed(call: ManyCall<I>, code: ErrorCode, details: string): void {
    this.#noteFailure(withKey(this.#errorOf(code, details), call.operation));
    if (code === 'CLOSED' || code === 'CLOSED_IN_FLIGHT') this.#stopTaking();
    this.#left(call);
  }

  #left(call: ManyCall<I>): void {
    this.#underWay.delete(call);
    this.#bytes -= call.bytes;
    this.#pump();
  }

  /** Sends while there is room. Answers and refusals inside of submit() come back here: then the outer loop goes on. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#exhausted && this.#underWay.size < WINDOW_OPERATIONS && this.#bytes < WINDOW_BYTES) this.#sendNext();
    this.#pumping = false;
    if (this.#exhausted && this.#underWay.size === 0) this.#finish();
  }

  #sendNext(): void {
    let next: IteratorResult<I>;
    try {
      next = this.#iterator.next();
    } catch (error) {
      this.#exhausted = true;
      this.#noteFailure(error);
      return;
    }
    if (next.done) this.#exhausted = true;
    else this.#send(next.value, this.#taken++);
  }

  #send(item: I, index: number): void {
    let call: ManyCall<I>;
    try {
      call = new ManyCall(this, this.plan.operation(item), index);
    } catch (error) {
      this.#noteFailure(error);
      return;
    }
    this.#underWay.add(call);
    this.#bytes += call.bytes;
    call.submit(item);
  }

  #giveUp(reason: 'aborted' | 'timeout'): void {
    this.#noteFailure(this.#errorOf(reason === 'aborted' ? 'ABORTED' : 'TIMEOUT', ''));
    this.#stopTaking();
    for (const { pending } of this.#underWay) if (pending !== undefined) this.executor.giveUp(pending, reason);
    this.#pump();
  }

  #stopTaking(): void {
    if (this.#exhausted) return;
    this.#exhausted = true;
    this.#iterator.return?.();
  }

  /** Keeps the first error; one after which nobody knows what was applied is told before others. */
  #noteFailure(error: unknown): void {
    this.#failures++;
    const unknown = error instanceof KvError && error.outcome === 'unknown';
    const known = !(this.#error instanceof KvError && this.#error.outcome === 'unknown');
    if (this.#failures === 1 || (unknown && known)) this.#error = error;
  }

  #errorOf(code: ErrorCode, details: string): KvError {
    return new KvError(code, details, this.#cause === undefined ? undefined : { cause: this.#cause });
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    if (this.#limits.signal !== undefined) abortGroupOf(this.#limits.signal).delete(this);
    if (this.#failures === 0) this.#resolve();
    else this.#resolve(rejecting(this.#error));
  }
}

/** One operation of the window. */
class ManyCall<I> implements Sink {
  readonly operation: Operation;
  readonly index: number;
  readonly bytes: number;
  pending: PendingCall | undefined;
  readonly #many: BatchCall<I>;

  constructor(many: BatchCall<I>, operation: Operation, index: number) {
    this.#many = many;
    this.operation = operation;
    this.index = index;
    this.bytes = rowOf(operation).bytes(operation);
  }

  submit(item: I): void {
    const { executor, plan } = this.#many;
    this.pending =
      plan.shardOf === undefined
        ? executor.submit(this.operation, this)
        : executor.submitToShard(plan.shardOf(item), this.operation, this);
  }

  onResult(result: Result): void {
    this.#many.answered(this, result);
  }

  onError(code: ErrorCode, details: string): void {
    this.#many.failed(this, code, details);
  }
}
