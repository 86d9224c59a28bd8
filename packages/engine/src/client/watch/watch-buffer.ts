/**
 * WatchBuffer: a watch of the core with what it told and nobody has taken yet. What the core tells at its pace, to be taken
 * at the reader's. Store.watch is built on it (watcher.ts), and watchRaw gives it to those who have bytes in hand and no use
 * for promises, as the network fronts: changes as the core tells them (one-byte strings, kind of value).
 *
 * | state    | means                                              | to take                                    |
 * |----------|----------------------------------------------------|--------------------------------------------|
 * | starting | the core has not said yet where the watch begins   | nothing                                    |
 * | open     | changes come                                       | what is held                               |
 * | ended    | no more will come; `failure` says why              | what is held                               |
 *
 * Owns      the watch below, the buffer and its bounds, the position.
 * Does not  put changes in order (core/master/watch/watch-lines.ts), check options (watch-plan.ts), decode values or keep anybody
 *           waiting (watcher.ts).
 * Invariants
 *   WB1  the position is after everything taken and before everything else, at the last place where no transaction is in
 *       pieces: who resumes there misses nothing, and hears again at most what belongs to the transaction it was amid. It goes
 *       on without changes too, as the core tells how far it is; never past what is held.
 *   WB2  what is held is at most bufferMax changes and bufferBytesMax bytes, or one batch.
 *   WB3  stopped, it holds nothing: no changes, no watch below.
 */
import { bytesOfChange, type Change } from '../../core/data/change.ts';
import { Deque } from '../../core/deque.ts';
import { type ErrorCode, KvError } from '../../core/protocol/errors.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { WatchSink } from '../../core/protocol/outbox.ts';
import type { Executor, PendingWatch, StoreExecutor } from '../../executor/executor.ts';
import { WatchLagged, type WatchOptions, type WatchPosition } from '../store/store-watch.ts';
import { watchSince } from './key-since.ts';
import { planWatch, type WatchPlan } from './watch-plan.ts';
import { placesOf, positionOf } from './watch-position.ts';

/** What is handed out at a time: one transaction's changes, or one change that is of none. */
interface ChangeBatch {
  readonly changes: readonly Change[];
  /** No transaction is in pieces after it: a watch may go on from here. */
  readonly whole: boolean;
}

/** What was told at one time: it bears all changes of its transactions. */
export function inBatches(told: readonly Change[]): ChangeBatch[] {
  if (told.length === 1) return [{ changes: told, whole: true }];
  const lastOf = new Map(told.map(({ transaction }, at) => [transaction, at]));
  const batches: ChangeBatch[] = [];
  let inPiecesUntil = -1;
  for (let at = 0, end = 0; at < told.length; at = end) {
    const { transaction } = told[at]!;
    end = at + 1;
    if (transaction !== 0) {
      while (told[end]?.transaction === transaction) end += 1;
      inPiecesUntil = Math.max(inPiecesUntil, lastOf.get(transaction)!);
    }
    batches.push({ changes: told.slice(at, end), whole: inPiecesUntil < end });
  }
  return batches;
}

/** What a buffer needs to know of a watch. */
export type BufferPlan = Pick<WatchPlan, 'filter' | 'from' | 'known' | 'bufferMax' | 'bufferBytesMax'>;

export class WatchBuffer implements WatchSink {
  readonly #executor: StoreExecutor;
  readonly #plan: BufferPlan;
  readonly #onNews: () => void;
  readonly #buffer = new Deque<ChangeBatch>();
  /** How many changes of the first batch are taken. */
  #taken = 0;
  #heldChanges = 0;
  #heldBytes = 0;
  #state: 'starting' | 'open' | 'ended' = 'starting';
  #failure: (() => KvError) | undefined;
  #watch: PendingWatch | undefined;
  /** Undefined until it is known. */
  #places: Map<ShardId, number> | undefined;
  /** Places reached by what was taken, while a transaction is in pieces. */
  readonly #reached = new Map<ShardId, number>();
  /** Places that count when a batch is taken: told while it was the last one held. */
  readonly #placesAfter = new Map<ChangeBatch, Map<ShardId, number>>();

  /** `onNews`: the watch has started or ended, its position went on, there are changes to take; also inside of begin(). */
  constructor(executor: StoreExecutor, plan: BufferPlan, onNews: () => void) {
    this.#executor = executor;
    this.#plan = plan;
    this.#onNews = onNews;
    if (plan.from !== undefined) this.#places = placesOf(plan.from);
  }

  /** Starts the watch. To be called once. */
  begin(): void {
    const { from } = this.#plan;
    if (from !== undefined && from.cluster !== this.#executor.cluster) {
      return this.onEnd('WATCH_LAGGED', 'the position is of another cluster, or of its life before a restart');
    }
    const watch = this.#start();
    // Anything may have happened inside of that call.
    if (this.#state === 'ended') watch.stop();
    else this.#watch = watch;
  }

  #start(): PendingWatch {
    const { filter, from, known } = this.#plan;
    if (known !== undefined) return watchSince(this.#executor, filter, known, this);
    return this.#executor.watch(filter, from === undefined ? null : placesOf(from), this);
  }

  // ---- what the core tells ---------------------------------------------------------------------------------------

  onStart(positions: ReadonlyMap<ShardId, number>): void {
    if (this.#state !== 'starting') return;
    this.#state = 'open';
    this.#places = new Map(positions);
    this.#onNews();
  }

  onChanges(changes: readonly Change[]): void {
    if (this.#state !== 'open') return;
    for (const batch of inBatches(changes)) {
      if (this.#hold(batch)) continue;
      const { bufferMax, bufferBytesMax } = this.#plan;
      this.#end('WATCH_LAGGED', `more than ${bufferMax} changes or ${bufferBytesMax} bytes wait`);
      break;
    }
    this.#onNews();
  }

  onProgress(places: ReadonlyMap<ShardId, number>): void {
    if (this.#state !== 'open') return;
    const last = this.#buffer.at(this.#buffer.length - 1);
    if (last === undefined) {
      this.#goOn(places);
      this.#onNews();
      return;
    }
    const after = this.#placesAfter.get(last) ?? new Map<ShardId, number>();
    for (const [shard, place] of places) after.set(shard, place);
    this.#placesAfter.set(last, after);
  }

  onEnd(code: ErrorCode, details: string): void {
    if (this.#state === 'ended') return;
    // Of a watch that never began there is no place to go on from.
    if (this.#state === 'starting' && code === 'WATCH_LAGGED') this.#places = undefined;
    this.#end(code, details);
    this.#onNews();
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

  #end(code: ErrorCode, details: string): void {
    this.#state = 'ended';
    this.#failure = () =>
      code === 'WATCH_LAGGED' ? new WatchLagged(details, this.position) : new KvError(code, details);
    this.#letGo();
  }

  #letGo(): void {
    this.#watch?.stop();
    this.#watch = undefined;
  }

  // ---- what readers take -----------------------------------------------------------------------------------------

  get starting(): boolean {
    return this.#state === 'starting';
  }

  /** No more will come; what is held can still be taken. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Bytes of what is held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** After everything taken so far; undefined until the watch has started, and if it could not. */
  get position(): WatchPosition | undefined {
    return this.#places === undefined ? undefined : positionOf(this.#executor.cluster, this.#places);
  }

  /** What ended the watch, undefined if nothing or stop() did. WATCH_LAGGED goes on from the position of this moment. */
  get failure(): KvError | undefined {
    return this.#failure?.();
  }

  /** The next change held. */
  takeChange(): Change | undefined {
    return this.#take(1)?.[0];
  }

  /** The changes of the next transaction, or one change that is of none; what is left of them if some are taken. */
  takeBatch(): readonly Change[] | undefined {
    return this.#take(Number.POSITIVE_INFINITY);
  }

  #take(count: number): readonly Change[] | undefined {
    const first = this.#buffer.first();
    if (first === undefined) return undefined;
    const taken = first.changes.slice(this.#taken, this.#taken + count);
    this.#taken += taken.length;
    if (this.#taken === first.changes.length) this.#leave(first);
    return taken;
  }

  /** All of a batch is taken. */
  #leave(batch: ChangeBatch): void {
    this.#buffer.shift();
    this.#taken = 0;
    this.#heldChanges -= batch.changes.length;
    this.#heldBytes -= bytesOf(batch);
    for (const { shard, version } of batch.changes) this.#reached.set(shard, version);
    if (!batch.whole) return;
    for (const [shard, version] of this.#reached) this.#places!.set(shard, version);
    this.#reached.clear();
    const after = this.#placesAfter.get(batch);
    if (after === undefined) return;
    this.#placesAfter.delete(batch);
    this.#goOn(after);
  }

  /** Nothing is held of what came before these places. */
  #goOn(places: ReadonlyMap<ShardId, number>): void {
    for (const [shard, place] of places) {
      const present = this.#places!.get(shard);
      if (present !== undefined && place > present) this.#places!.set(shard, place);
    }
  }

  /** Ends the watch, tells nobody, and forgets what is held; `failure` is what it ended with. Idempotent. */
  stop(failure?: KvError): void {
    this.#state = 'ended';
    this.#failure = failure === undefined ? undefined : () => failure;
    this.#buffer.clear();
    this.#placesAfter.clear();
    this.#taken = 0;
    this.#heldChanges = 0;
    this.#heldBytes = 0;
    this.#letGo();
  }
}

function bytesOf({ changes }: ChangeBatch): number {
  return changes.reduce((bytes, change) => bytes + bytesOfChange(change), 0);
}

/** What a raw watch can be asked for; units and defaults as in WatchOptions. */
export type RawWatchOptions = Omit<WatchOptions, 'persistent' | 'keysAsBytes' | 'signal'>;

/**
 * Changes held until they are taken. `takeBatch()` gives the next transaction, or one change that is of none; `position` is
 * after everything taken; `ended` and `failure` say that no more will come, and why (WatchLagged with the position to go on
 * from). Ends with stop(). Keeps no process alive.
 */
export type RawWatch = Pick<
  WatchBuffer,
  'starting' | 'ended' | 'failure' | 'position' | 'heldBytes' | 'takeChange' | 'takeBatch' | 'stop'
>;

/**
 * Watches. `onNews` is called whenever the watch has started or ended, or there is something to take, perhaps before this
 * function returns.
 * @throws {KvError} INVALID_OPTION, INVALID_KEY, INVALID_VERSION, KEY_TOO_LARGE; CLOSED for a caller that knows no watches
 */
export function watchRaw(executor: Executor, options: RawWatchOptions, onNews: () => void): RawWatch {
  if (!isStoreExecutor(executor)) throw new KvError('CLOSED', 'nothing can be watched here');
  const buffer = new WatchBuffer(executor, planWatch(options, executor), onNews);
  buffer.begin();
  return buffer;
}

function isStoreExecutor(executor: Executor): executor is StoreExecutor {
  return 'watch' in executor && 'cluster' in executor;
}
