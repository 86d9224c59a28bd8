/**
 * Notes: what the master reports about itself. The client turns them into events, the simulator into a trace.
 */
import type { NodeId, Seat, ShardId } from './ids.ts';

export type DeathReason = 'killed' | 'crashed' | 'exited' | 'out-of-memory' | 'hung' | 'failed-to-start';

export type Note =
  /** Every seat is filled for the first time and the shards exist. */
  | { readonly type: 'cluster-ready' }
  | { readonly type: 'node-up'; readonly node: NodeId }
  | { readonly type: 'node-down'; readonly node: NodeId; readonly reason: DeathReason; readonly detail: string }
  | { readonly type: 'promoted'; readonly shard: ShardId; readonly node: NodeId; readonly epoch: number }
  | { readonly type: 'learner-started'; readonly shard: ShardId; readonly node: NodeId; readonly source: NodeId }
  | { readonly type: 'learner-joined'; readonly shard: ShardId; readonly node: NodeId; readonly tookMs: number }
  | { readonly type: 'shard-restored'; readonly shard: ShardId; readonly tookMs: number }
  | { readonly type: 'redundancy-restored'; readonly tookMs: number }
  | { readonly type: 'shard-lost'; readonly shard: ShardId }
  | { readonly type: 'shard-reset'; readonly shard: ShardId }
  | { readonly type: 'node-backing-off'; readonly seat: Seat; readonly delayMs: number }
  | { readonly type: 'node-stopped'; readonly seat: Seat }
  /** A node has no room for more, and nothing may be evicted: writes that need room are refused. Reported once, until it is over. */
  | {
      readonly type: 'memory-full';
      readonly node: NodeId;
      readonly reservedBytes: number;
      readonly maxMemoryBytes: number;
    }
  /** That is over: it has given memory back, has another limit, or is dead. */
  | {
      readonly type: 'memory-freed';
      readonly node: NodeId;
      readonly reservedBytes: number;
      readonly maxMemoryBytes: number;
    };
