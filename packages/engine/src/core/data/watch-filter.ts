/** What can be watched. */
import type { ShardId } from '../protocol/ids.ts';

/** What a watcher requests: one key (with its shard), or every key that begins with a prefix. */
export interface WatchFilter {
  readonly text: string;
  /** The shard of an exact key; null = `text` is a prefix, of keys in any shard. */
  readonly shard: ShardId | null;
  /** Changes bring along what was there before. */
  readonly previous: boolean;
}
