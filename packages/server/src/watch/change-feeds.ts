/**
 * ChangeFeeds: the watchers behind one server, RESP and HTTP alike.
 *
 * Owns      the feeds that are open, which connection's watch is whose, and the end of all of them when the server closes.
 * Bounded   A feed holds at most `watchBytes`; all of them together are among those who share `clientsBytes`, and give way when
 *           it is too little (memory-holders.ts): a connection costs a watch, and no more.
 */

import { KvError } from '@quintet/engine';
import type { Executor } from '@quintet/engine/internal';
import type { ServerLimits } from '../listen/limits.ts';
import type { MemoryHolders } from '../listen/memory-holders.ts';
import { ChangeFeed } from './change-feed.ts';
import type { WatchStart, WatchTarget } from './watch-request.ts';

/** Whose feeds they are. */
interface FeedsOwner {
  readonly closing: boolean;
  readonly limits: Pick<ServerLimits, 'watchBytes'>;
  readonly memoryHolders: MemoryHolders;
}

export class ChangeFeeds {
  private readonly context: FeedsOwner;
  private readonly executor: Executor;
  /** With what to call when the server closes. */
  private readonly feeds = new Map<ChangeFeed, () => void>();

  constructor(context: FeedsOwner, executor: Executor) {
    this.context = context;
    this.executor = executor;
  }

  /** Open feeds. */
  get size(): number {
    return this.feeds.size;
  }

  /**
   * A feed; `onNews`: it has started or ended, or there is something to take; `onClosing`: the server closes.
   * @throws {KvError} INVALID_OPTION, INVALID_VERSION, KEY_TOO_LARGE, CLOSED
   */
  open(target: WatchTarget, start: WatchStart, onNews: () => void, onClosing: () => void): ChangeFeed {
    if (this.context.closing) throw new KvError('CLOSED');
    const feed = new ChangeFeed(this.executor, target, start, this.context.limits.watchBytes, onNews);
    this.feeds.set(feed, onClosing);
    this.context.memoryHolders.add(feed);
    return feed;
  }

  /** Ends a feed. Idempotent. */
  drop(feed: ChangeFeed): void {
    feed.stop();
    this.feeds.delete(feed);
    this.context.memoryHolders.remove(feed);
  }

  /** The server closes: nobody is kept waiting. */
  close(): void {
    for (const onClosing of [...this.feeds.values()]) onClosing();
  }
}
