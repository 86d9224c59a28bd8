/**
 * Watch and Filter: one watcher, and the filter that all watchers of the same keys share.
 */
import type { WatchFilter } from '../../data/watch-filter.ts';
import type { ShardId } from '../../protocol/ids.ts';
import type { WatchSink } from '../../protocol/outbox.ts';

export class Filter implements WatchFilter {
  readonly text: string;
  readonly shard: ShardId | null;
  readonly previous: boolean;
  readonly watches = new Set<Watch>();
  /** By shard: changes after this seq have been marked without interruption. */
  readonly markedSince = new Map<ShardId, number>();
  /** When a filter without watches is forgotten. */
  lingersUntil = 0;

  constructor({ text, shard, previous }: WatchFilter) {
    this.text = text;
    this.shard = shard;
    this.previous = previous;
  }

  matches(key: string): boolean {
    return this.shard === null ? key.startsWith(this.text) : key === this.text;
  }
}

/** One watcher. Given back to end it. */
export class Watch {
  readonly sink: WatchSink;
  readonly filter: Filter;
  /** Shards whose earlier requests are still unanswered, with the last of them. */
  readonly waitsFor = new Map<ShardId, number>();
  readonly positions = new Map<ShardId, number>();
  started = false;

  constructor(filter: Filter, sink: WatchSink) {
    this.filter = filter;
    this.sink = sink;
  }
}
