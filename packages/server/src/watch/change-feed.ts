/**
 * ChangeFeed: what one watcher behind the network is still to be told, held until it asks.
 *
 * Owns      a watch of the engine with a bounded buffer; begins it anew, from where its reader is, when the buffer was too
 *           small or had to go. Only what the engine's history no longer has is lost, and then `failure` says so.
 * Does not  know protocols (session-watch.ts, http-watch.ts) or who else watches (change-feeds.ts).
 * Invariants
 *   CF1  what is taken is every change after the position it began from, once, in order for each key.
 *   CF2  it holds at most `watchBytes`, or one transaction, and may be told to hold nothing at any time (MemoryHolder).
 * Why the engine's buffer and no other: it counts, it keeps transactions whole, and knows the position after what was taken.
 */

import { formatPosition, KvError, WatchLagged } from '@quintet/engine';
import type { Change } from '@quintet/engine/internal';
import { type Executor, type RawWatch, watchRaw } from '@quintet/engine/internal';
import type { MemoryHolder } from '../listen/memory-holders.ts';
import type { WatchStart, WatchTarget } from './watch-request.ts';

/** Bytes bound what is held, and count something for each change. */
const CHANGES_MAX = Number.MAX_SAFE_INTEGER;

export class ChangeFeed implements MemoryHolder {
  readonly noEvict = false;
  readonly isStranger = false;
  private readonly executor: Executor;
  private readonly target: WatchTarget;
  private readonly bytesMax: number;
  private readonly onNews: () => void;
  private watch: RawWatch;

  /**
   * `onNews`: it has started or ended, or there is something to take; never called inside of this.
   * @throws {KvError} INVALID_OPTION, INVALID_VERSION, KEY_TOO_LARGE
   */
  constructor(executor: Executor, target: WatchTarget, start: WatchStart, bytesMax: number, onNews: () => void) {
    this.executor = executor;
    this.target = target;
    this.bytesMax = bytesMax;
    this.onNews = onNews;
    this.watch = this.begin(start);
  }

  private begin(start: WatchStart): RawWatch {
    let begun = false;
    const bounds = { bufferMax: CHANGES_MAX, bufferBytesMax: this.bytesMax };
    const watch = watchRaw(this.executor, { ...this.target, ...start, ...bounds }, () => {
      if (begun) this.onNews();
    });
    begun = true;
    return watch;
  }

  /** It is not known yet where it begins. */
  get starting(): boolean {
    return this.watch.starting;
  }

  get heldBytes(): number {
    return this.watch.heldBytes;
  }

  /** After everything taken, as text; undefined while it starts, and if it could not. */
  get position(): string | undefined {
    const { position } = this.watch;
    return position === undefined ? undefined : formatPosition(position);
  }

  /** Why no more will come, once all that was held is taken; undefined while more may. */
  get failure(): KvError | undefined {
    return this.watch.ended ? (this.watch.failure ?? new KvError('CLOSED')) : undefined;
  }

  /** Why it could not begin. What has begun and ended has still to be taken, and may go on then: see take(). */
  get startFailure(): KvError | undefined {
    return this.position === undefined ? this.failure : undefined;
  }

  /** The changes of the next transaction, or one change that is of none; undefined if there is none now. */
  take(): readonly Change[] | undefined {
    for (;;) {
      const batch = this.watch.takeBatch();
      if (batch !== undefined || !this.watch.ended) return batch;
      const { failure } = this.watch;
      if (!(failure instanceof WatchLagged) || failure.position === undefined) return undefined;
      this.watch = this.begin({ from: failure.position });
    }
  }

  /** Forgets what it holds; the next take() fetches it again. */
  cutOff(): void {
    const { position, heldBytes } = this.watch;
    // One that holds nothing has nothing to give, and somebody may wait for its next change. One that has ended (its buffer
    // was too small) still holds that buffer, until its reader comes.
    if (heldBytes === 0 || position === undefined) return;
    this.watch.stop(new WatchLagged('all clients together held too much', position));
  }

  /** Ends it: nothing more can be taken. Idempotent. */
  stop(): void {
    this.watch.stop();
  }
}
