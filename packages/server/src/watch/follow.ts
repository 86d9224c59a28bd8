/**
 * Follow: a feed as an async iterator, for watchers that write no faster than their client reads: what it does not read stays in
 * the feed, which is bounded (change-feed.ts).
 *
 * Owns      one feed, from its start to its end; waiting for news.
 * Does not  write (http-watch.ts, grpc/watch.ts).
 */
import { KvError } from '@quintet/engine';
import type { Change } from '@quintet/engine/internal';
import type { ChangeFeeds } from './change-feeds.ts';
import type { WatchStart, WatchTarget } from './watch-request.ts';

/** What is told at a time: the changes of a transaction, one change that is of none, or none: everything up to `position`. */
export interface News {
  readonly changes: readonly Change[];
  readonly position: string;
}

/**
 * First where the watch begins, then what comes; the feed is dropped when nobody iterates any more, or `signal` is aborted.
 * @throws {KvError} INVALID_OPTION, INVALID_VERSION, KEY_TOO_LARGE; WATCH_LAGGED or SHARD_LOST that ended it; CLOSED with the server
 */
export async function* follow(
  feeds: ChangeFeeds,
  target: WatchTarget,
  start: WatchStart,
  signal: AbortSignal,
): AsyncGenerator<News, undefined> {
  let closing = false;
  let wake = (): void => {};
  const isOver = (): boolean => closing || signal.aborted;
  const news = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (isOver()) resolve();
    });
  const onAbort = (): void => wake();
  const onClosing = (): void => {
    closing = true;
    wake();
  };
  const feed = feeds.open(target, start, () => wake(), onClosing);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (feed.starting && !isOver()) await news();
    if (feed.startFailure !== undefined) throw feed.startFailure;
    let told = feed.position;
    if (told !== undefined) yield { changes: [], position: told };
    while (!isOver()) {
      const changes = feed.take();
      const position = feed.position!;
      if (changes !== undefined) yield { changes, position };
      else if (feed.failure !== undefined) throw feed.failure;
      else if (position !== told) yield { changes: [], position };
      else await news();
      told = position;
    }
    if (closing) throw new KvError('CLOSED');
  } finally {
    signal.removeEventListener('abort', onAbort);
    feeds.drop(feed);
  }
}
