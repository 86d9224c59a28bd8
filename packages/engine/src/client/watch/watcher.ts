/**
 * StoreWatcher: the Watcher of every Store: a buffered watch (watch-buffer.ts) as an async iterator.
 *
 * | state    | means                                              | a reader gets                              |
 * |----------|----------------------------------------------------|--------------------------------------------|
 * | open     | changes come, or the watch is starting             | what is held, then waits                   |
 * | ending   | no more will come: lagged, aborted, cluster closed | what is held, then the error, then done    |
 * | over     | close, return; or the error was handed out         | done                                       |
 *
 * Owns      those who wait, decoding for them, keeping the process alive for them, the signal.
 * Does not  hold changes (watch-buffer.ts) or check options (watch-plan.ts).
 * Invariants
 *   WT4  over, it holds nothing: no changes, no listener, no watch below.
 *   WT5  the process is kept alive exactly while the watch starts or somebody waits (unless told not to): like a call in flight.
 */
import type { Change as CoreChange } from '../../core/data/change.ts';
import { KvError } from '../../core/protocol/errors.ts';
import type { StoreExecutor } from '../../executor/executor.ts';
import { oneByteToBytes } from '../../runtime/memory/one-byte.ts';
import { decodeKey } from '../codec/keys.ts';
import { decodeValue } from '../codec/values.ts';
import type { Key } from '../store/store.ts';
import type { Change, Watcher, WatchPosition } from '../store/store-watch.ts';
import { abortGroupOf, type GivenUpByAbort } from '../typed/abort-group.ts';
import { rejecting } from '../typed/caller-stack.ts';
import { WatchBuffer } from './watch-buffer.ts';
import type { WatchPlan } from './watch-plan.ts';

type Taken<V, K extends Key> = Change<V, K> | Change<V, K>[];

/** Somebody who waits for the next change, or the next batch. */
interface Waiter {
  readonly wants: 'change' | 'batch';
  readonly resolve: (result: IteratorResult<never, undefined> | Promise<never>) => void;
}

export class StoreWatcher<V, K extends Key> implements Watcher<V, K>, GivenUpByAbort {
  readonly ready: Promise<void>;
  readonly #executor: StoreExecutor;
  readonly #plan: WatchPlan;
  readonly #buffer: WatchBuffer;
  readonly #waiters: Waiter[] = [];
  #over = false;
  #release: (() => void) | undefined;
  #settleReady: ((failed?: Promise<never>) => void) | undefined;

  constructor(executor: StoreExecutor, plan: WatchPlan) {
    this.#executor = executor;
    this.#plan = plan;
    this.#buffer = new WatchBuffer(executor, plan, () => this.#onNews());
    this.ready = new Promise((resolve) => {
      this.#settleReady = resolve;
    });
    // Whoever does not ask for `ready` hears of the end from next().
    this.ready.catch(() => undefined);
    this.#begin();
  }

  #begin(): void {
    const { signal } = this.#plan;
    if (signal?.aborted) return this.onAbort(signal.reason);
    if (signal !== undefined) abortGroupOf(signal).add(this);
    this.#buffer.begin();
    this.#serve();
  }

  // ---- what the buffer and the signal tell -----------------------------------------------------------------------

  #onNews(): void {
    if (this.#buffer.ended) this.#letGo();
    else {
      this.#settleReady?.();
      this.#settleReady = undefined;
    }
    this.#serve();
  }

  onAbort(reason: unknown): void {
    this.#buffer.stop(new KvError('ABORTED', '', { cause: reason }));
    this.#onNews();
  }

  #letGo(): void {
    const { signal } = this.#plan;
    if (signal !== undefined) abortGroupOf(signal).delete(this);
    this.#settleReady?.(rejecting(this.#buffer.failure ?? new KvError('ABORTED', 'the watch was closed')));
    this.#settleReady = undefined;
  }

  // ---- what readers take -----------------------------------------------------------------------------------------

  get position(): WatchPosition | undefined {
    return this.#buffer.position;
  }

  next(): Promise<IteratorResult<Change<V, K>, undefined>> {
    return this.#wait('change');
  }

  batches(): AsyncIterableIterator<Change<V, K>[], undefined> {
    const batches: AsyncIterableIterator<Change<V, K>[], undefined> = {
      next: () => this.#wait('batch'),
      return: () => this.return(),
      [Symbol.asyncIterator]: () => batches,
    };
    return batches;
  }

  [Symbol.asyncIterator](): Watcher<V, K> {
    return this;
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#buffer.stop();
    this.#letGo();
    this.#serve();
  }

  #wait(wants: Waiter['wants']): Promise<never> {
    return new Promise<never>((resolve) => {
      this.#waiters.push({ wants, resolve: resolve as unknown as Waiter['resolve'] });
      this.#serve();
    });
  }

  /** Gives those who wait what there is, in order. */
  #serve(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      const taken = waiter.wants === 'batch' ? this.#buffer.takeBatch() : this.#buffer.takeChange();
      if (taken === undefined && !this.#buffer.ended) break;
      this.#waiters.shift();
      if (taken === undefined) this.#tellEnd(waiter);
      else this.#handOut(waiter, taken);
    }
    const waiting = this.#waiters.length > 0 && this.#plan.persistent;
    if (waiting || this.#buffer.starting) this.#release ??= this.#executor.hold();
    else if (this.#release !== undefined) {
      this.#release();
      this.#release = undefined;
    }
  }

  /** Nothing is held, and nothing will come: the error once, then done. */
  #tellEnd(waiter: Waiter): void {
    const error = this.#over ? undefined : this.#buffer.failure;
    this.#over = true;
    if (error === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.resolve(rejecting(error));
  }

  #handOut(waiter: Waiter, taken: CoreChange | readonly CoreChange[]): void {
    try {
      const read = (change: CoreChange) => changeOf(change, this.#plan) as Change<V, K>;
      const value: Taken<V, K> = 'type' in taken ? read(taken) : taken.map(read);
      waiter.resolve({ done: false, value: value as never });
    } catch (error) {
      waiter.resolve(rejecting(error));
    }
  }
}

type Mutable<T> = { -readonly [P in keyof T]: T[P] };

/** A change as the core tells it to the one a watcher's user sees. */
function changeOf(change: CoreChange, plan: WatchPlan): Change<unknown, Key> {
  const { type, expiresAt, version, shard, transaction, previous } = change;
  const read = {
    type,
    key: keyOf(change, plan),
    value: type === 'put' ? decodeValue(change.value, change.kind) : undefined,
    version,
    shard,
    expiresAt: expiresAt === 0 ? undefined : Math.round(expiresAt),
    transaction: transaction === 0 ? undefined : transaction,
  } as Mutable<Change<unknown, Key>>; // a removal has no deadline either
  if (plan.previous) read.previous = previous === null ? undefined : decodeValue(previous.value, previous.kind);
  return read;
}

function keyOf({ type, key }: CoreChange, { filter, keysAsBytes }: WatchPlan): Key {
  const told = type === 'clear' && filter.shard !== null ? filter.text : key;
  return keysAsBytes ? oneByteToBytes(told) : decodeKey(told);
}
