/**
 * PortWatchHost: the watches of one handle, on the cluster's side: what the master tells goes to the other thread.
 *
 * Owns      the watches, and how much they have posted that the other thread has not taken yet.
 * Does not  post (port-host.ts) or buffer for slow readers (watcher.ts does, over there).
 * Invariant PW4 (port-wire.ts)  at most WatchWindow changes and bytes are posted and not taken. What comes when the window is full
 *           ends its watch with WATCH_LAGGED: a thread that is busy makes nobody's memory grow, and hears what it missed.
 */
import type { Reader } from '../../core/codec/reader.ts';
import type { Writer } from '../../core/codec/writer.ts';
import { bytesOfChange, type Change } from '../../core/data/change.ts';
import type { WatchFilter } from '../../core/data/watch-filter.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { WatchSink } from '../../core/protocol/outbox.ts';
import type { PendingWatch, StoreExecutor } from '../executor.ts';
import type { PortBatch } from './port-batch.ts';
import { flatPlaces, placesFrom, writeChange } from './port-change.ts';
import { WATCH_CHANGES, WATCH_ENDED, WATCH_PROGRESS, WATCH_STARTED, writeFailure } from './port-wire.ts';

/** What the watches of one handle may have posted that its thread has not taken. */
export interface WatchWindow {
  readonly watchWindowChanges: number;
  readonly watchWindowBytes: number;
}

export class PortWatchHost {
  readonly #executor: StoreExecutor;
  readonly #window: WatchWindow;
  readonly #output: PortBatch;
  readonly #watches = new Map<number, HostedWatch>();
  #changesOut = 0;
  #bytesOut = 0;

  /** `output`: for the other thread. */
  constructor(executor: StoreExecutor, window: WatchWindow, output: PortBatch) {
    this.#executor = executor;
    this.#window = window;
    this.#output = output;
  }

  onWatch(id: number, from: Reader): void {
    const text = from.text();
    const shard = from.word();
    const filter: WatchFilter = { text, shard: shard < 0 ? null : shard, previous: from.word() === 1 };
    const places = from.word() === 1 ? placesFrom(from.numbers()) : null;
    const watch = new HostedWatch(this, id, filter.shard);
    this.#watches.set(id, watch);
    watch.begun(this.#executor.watch(filter, places, watch));
  }

  onUnwatch(id: number): void {
    this.#watches.get(id)?.stop();
    this.#watches.delete(id);
  }

  onTaken(changes: number, bytes: number): void {
    this.#changesOut -= changes;
    this.#bytesOut -= bytes;
  }

  onProgressTaken(id: number): void {
    this.#watches.get(id)?.onProgressTaken();
  }

  progress(id: number, places: ReadonlyMap<ShardId, number>): void {
    this.#begin(id, WATCH_PROGRESS).numbers(flatPlaces(places));
    this.#output.added(0);
  }

  started(id: number, places: ReadonlyMap<ShardId, number>): void {
    this.#begin(id, WATCH_STARTED).numbers(flatPlaces(places));
    this.#output.added(0);
  }

  /** False if there is no room for them. */
  tell(id: number, changes: readonly Change[]): boolean {
    const bytes = bytesOf(changes);
    const { watchWindowChanges, watchWindowBytes } = this.#window;
    const full = this.#changesOut + changes.length > watchWindowChanges || this.#bytesOut + bytes > watchWindowBytes;
    if (full && this.#changesOut > 0) return false;
    this.#changesOut += changes.length;
    this.#bytesOut += bytes;
    const out = this.#begin(id, WATCH_CHANGES);
    out.number(bytes);
    out.word(changes.length);
    for (const change of changes) writeChange(out, change);
    this.#output.added(bytes);
    return true;
  }

  ended(id: number, code: ErrorCode, details: string): void {
    this.#watches.delete(id);
    writeFailure(this.#begin(id, WATCH_ENDED), code, details);
    this.#output.added(0);
  }

  #begin(id: number, code: number): Writer {
    const { out } = this.#output;
    out.word(id);
    out.word(code);
    return out;
  }

  /** The other end is gone. */
  close(): void {
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }
}

class HostedWatch implements WatchSink {
  readonly #host: PortWatchHost;
  readonly #id: number;
  /** The shard of the key that is watched; null = keys of any. */
  readonly #shard: ShardId | null;
  #watch: PendingWatch | undefined;
  #ended = false;
  /** A progress is posted and not taken. */
  #progressOut = false;
  /** What came meanwhile. */
  readonly #places = new Map<ShardId, number>();

  constructor(host: PortWatchHost, id: number, shard: ShardId | null) {
    this.#host = host;
    this.#id = id;
    this.#shard = shard;
  }

  /** It may have ended inside of the call that began it. */
  begun(watch: PendingWatch): void {
    if (this.#ended) watch.stop();
    else this.#watch = watch;
  }

  stop(): void {
    this.#ended = true;
    this.#watch?.stop();
    this.#watch = undefined;
  }

  onStart(positions: ReadonlyMap<ShardId, number>): void {
    if (!this.#ended) this.#host.started(this.#id, positions);
  }

  onChanges(changes: readonly Change[]): void {
    if (this.#ended || this.#host.tell(this.#id, changes)) return;
    this.stop();
    this.#host.ended(this.#id, 'WATCH_LAGGED', 'its thread does not take changes as fast as they come');
  }

  onProgress(places: ReadonlyMap<ShardId, number>): void {
    for (const [shard, place] of places) {
      if (this.#shard === null || shard === this.#shard) this.#places.set(shard, place);
    }
    this.#postProgress();
  }

  onProgressTaken(): void {
    this.#progressOut = false;
    this.#postProgress();
  }

  #postProgress(): void {
    if (this.#ended || this.#progressOut || this.#places.size === 0) return;
    this.#progressOut = true;
    this.#host.progress(this.#id, this.#places);
    this.#places.clear();
  }

  onEnd(code: ErrorCode, details: string): void {
    if (this.#ended) return;
    this.stop();
    this.#host.ended(this.#id, code, details);
  }
}

function bytesOf(changes: readonly Change[]): number {
  return changes.reduce((bytes, change) => bytes + bytesOfChange(change), 0);
}
