/**
 * StoreWatcher: the Watcher of every Store: what the core tells at its pace, handed out at the reader's.
 *
 * | state    | means                                              | a reader gets                              |
 * |----------|----------------------------------------------------|--------------------------------------------|
 * | starting | the core has not said yet where the watch begins   | nothing, it waits                          |
 * | open     | changes come                                       | what is held, then waits                   |
 * | ending   | no more will come: lagged, or the cluster closed   | what is held, then the error, then done    |
 * | ended    | close, return, abort; or the error was handed out  | done (abort: the error first)              |
 *
 * Owns      the buffer and its bounds, those who wait, the position, keeping the process alive for those who wait.
 * Does not  put changes in order (change-order.ts), check options (watch-plan.ts) or know where changes come from.
 * Invariants
 *   R1  the position is after everything handed out and before everything else, at the last place where no transaction is in
 *       pieces: who resumes there misses nothing, and hears again at most what belongs to the transaction it was amid.
 *   R2  what is held is at most bufferMax changes and bufferBytesMax bytes, or one batch.
 *   R3  ended, it holds nothing: no changes, no listener, no watch below.
 */
import type { Change as CoreChange } from '../core/change.ts';
import { Deque } from '../core/deque.ts';
import { type ErrorCode, KvError } from '../core/errors.ts';
import type { ShardId } from '../core/ids.ts';
import type { WatchSink } from '../core/outbox.ts';
import { abortGroupOf, type GivenUpByAbort } from './abort-group.ts';
import type { PendingWatch, StoreCaller } from './caller.ts';
import { type ChangeBatch, inBatches } from './change-order.ts';
import { ChangeReader } from './change-reader.ts';
import { watchSince } from './key-since.ts';
import type { Key } from './store.ts';
import { type Change, type Watcher, WatchLagged, type WatchPosition } from './store-watch.ts';
import { placesOf, positionOf, type WatchPlan } from './watch-plan.ts';

/** What a change counts for besides its strings. */
const CHANGE_BYTES = 100;

type Taken<V, K extends Key> = Change<V, K> | Change<V, K>[];

/** Somebody who waits for the next change, or the next batch. */
interface Waiter {
  readonly wants: 'change' | 'batch';
  readonly resolve: (result: IteratorResult<never, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

export class StoreWatcher<V, K extends Key> implements Watcher<V, K>, WatchSink, GivenUpByAbort {
  readonly ready: Promise<void>;
  readonly #caller: StoreCaller;
  readonly #plan: WatchPlan;
  readonly #reader: ChangeReader;
  readonly #buffer = new Deque<ChangeBatch>();
  readonly #waiters: Waiter[] = [];
  /** How many changes of the first batch are handed out. */
  #taken = 0;
  #heldChanges = 0;
  #heldBytes = 0;
  #state: 'starting' | 'open' | 'ending' | 'ended' = 'starting';
  #error: (() => KvError) | undefined;
  #watch: PendingWatch | undefined;
  #release: (() => void) | undefined;
  /** Undefined until it is known. */
  #places: Map<ShardId, number> | undefined;
  /** Places reached by what was handed out, while a transaction is in pieces. */
  readonly #reached = new Map<ShardId, number>();
  #settleReady: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(caller: StoreCaller, plan: WatchPlan) {
    this.#caller = caller;
    this.#plan = plan;
    this.#reader = new ChangeReader(plan);
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever does not ask for `ready` hears of the end from next().
    this.ready.catch(() => undefined);
    if (plan.from !== undefined) this.#places = placesOf(plan.from);
    this.#begin();
  }

  #begin(): void {
    const { signal, from } = this.#plan;
    if (signal?.aborted) return this.onAbort(signal.reason);
    if (signal !== undefined) abortGroupOf(signal).add(this);
    if (from !== undefined && from.cluster !== this.#caller.cluster) {
      this.#places = undefined;
      return this.onEnd('WATCH_LAGGED', 'the position is of another cluster, or of its life before a restart');
    }
    const watch = this.#start();
    // Anything may have happened inside of that call.
    if (this.#state === 'starting' || this.#state === 'open') this.#watch = watch;
    else watch.stop();
    this.#serve();
  }

  #start(): PendingWatch {
    const { filter, from, known } = this.#plan;
    if (known !== undefined) return watchSince(this.#caller, filter, known, this);
    return this.#caller.watch(filter, from === undefined ? null : placesOf(from), this);
  }

  // ---- what the core tells ---------------------------------------------------------------------------------------

  onStart(positions: ReadonlyMap<ShardId, number>): void {
    if (this.#state !== 'starting') return;
    this.#state = 'open';
    this.#places = new Map(positions);
    this.#settleReady?.resolve();
    this.#serve();
  }

  onChanges(changes: readonly CoreChange[]): void {
    if (this.#state !== 'open') return;
    for (const batch of inBatches(changes)) {
      if (!this.#hold(batch)) {
        this.#end(
          'WATCH_LAGGED',
          `more than ${this.#plan.bufferMax} changes or ${this.#plan.bufferBytesMax} bytes wait`,
        );
        break;
      }
    }
    this.#serve();
  }

  onEnd(code: ErrorCode, details: string): void {
    if (this.#state === 'ending' || this.#state === 'ended') return;
    // Of a watch that never began there is no place to go on from.
    if (this.#state === 'starting' && code === 'WATCH_LAGGED') this.#places = undefined;
    this.#end(code, details);
    this.#serve();
  }

  onAbort(reason: unknown): void {
    const error = new KvError('ABORTED', '', { cause: reason });
    this.#drop();
    this.#state = 'ending';
    this.#error = () => error;
    this.#letGo();
    this.#serve();
  }

  /** False if there is no room. */
  #hold(batch: ChangeBatch): boolean {
    const bytes = bytesOf(batch);
    const { bufferMax, bufferBytesMax } = this.#plan;
    const changes = this.#heldChanges + batch.changes.length;
    const full = changes > bufferMax || this.#heldBytes + bytes > bufferBytesMax;
    if (full && this.#heldChanges > 0) return false;
    this.#heldChanges = changes;
    this.#heldBytes += bytes;
    this.#buffer.push(batch);
    return true;
  }

  /** No more will come. The error is made when it is handed out: its position is after all that was held. */
  #end(code: ErrorCode, details: string): void {
    this.#state = 'ending';
    this.#error = () =>
      code === 'WATCH_LAGGED' ? new WatchLagged(details, this.position) : new KvError(code, details);
    this.#letGo();
  }

  #letGo(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    const { signal } = this.#plan;
    if (signal !== undefined) abortGroupOf(signal).delete(this);
    if (this.#error !== undefined) this.#settleReady?.reject(this.#error());
    else this.#settleReady?.reject(new KvError('ABORTED', 'the watch was closed'));
    this.#settleReady = undefined;
  }

  #drop(): void {
    this.#buffer.clear();
    this.#taken = 0;
    this.#heldChanges = 0;
    this.#heldBytes = 0;
  }

  // ---- what readers take -----------------------------------------------------------------------------------------

  get position(): WatchPosition | undefined {
    return this.#places === undefined ? undefined : positionOf(this.#caller.cluster, this.#places);
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
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#error = undefined;
    this.#drop();
    this.#letGo();
    this.#serve();
  }

  #wait(wants: Waiter['wants']): Promise<never> {
    return new Promise<never>((resolve, reject) => {
      this.#waiters.push({ wants, resolve: resolve as unknown as Waiter['resolve'], reject });
      this.#serve();
    });
  }

  /**
   * Gives those who wait what there is, in order; keeps the process alive for those who go on waiting, and until it is known
   * where the watch begins: like a call under way.
   */
  #serve(): void {
    while (this.#waiters.length > 0) {
      const first = this.#buffer.first();
      if (first !== undefined) this.#handOut(this.#waiters.shift()!, first);
      else if (!this.#answerEnd()) break;
    }
    const waiting = this.#waiters.length > 0 && this.#plan.persistent;
    if (waiting || this.#state === 'starting') this.#release ??= this.#caller.hold();
    else if (this.#release !== undefined) {
      this.#release();
      this.#release = undefined;
    }
  }

  /** Nothing is held: the error once, then done. False if changes may still come. */
  #answerEnd(): boolean {
    if (this.#state === 'starting' || this.#state === 'open') return false;
    const waiter = this.#waiters.shift()!;
    const error = this.#error?.();
    this.#error = undefined;
    this.#state = 'ended';
    if (error === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(error);
    return true;
  }

  #handOut(waiter: Waiter, batch: ChangeBatch): void {
    const from = this.#taken;
    const until = waiter.wants === 'batch' ? batch.changes.length : from + 1;
    const taken = batch.changes.slice(from, until);
    this.#taken = until;
    if (until === batch.changes.length) this.#leave(batch);
    try {
      const changes = taken.map((change) => this.#reader.read(change)) as Change<V, K>[];
      const value: Taken<V, K> = waiter.wants === 'batch' ? changes : changes[0]!;
      waiter.resolve({ done: false, value: value as never });
    } catch (error) {
      waiter.reject(error);
    }
  }

  /** All of a batch is handed out. */
  #leave(batch: ChangeBatch): void {
    this.#buffer.shift();
    this.#taken = 0;
    this.#heldChanges -= batch.changes.length;
    this.#heldBytes -= bytesOf(batch);
    for (const { shard, version } of batch.changes) this.#reached.set(shard, version);
    if (!batch.whole) return;
    for (const [shard, version] of this.#reached) this.#places!.set(shard, version);
    this.#reached.clear();
  }
}

function bytesOf({ changes }: ChangeBatch): number {
  let bytes = 0;
  for (const { key, value, previous } of changes) {
    bytes += CHANGE_BYTES + key.length + value.length + (previous?.value.length ?? 0);
  }
  return bytes;
}
