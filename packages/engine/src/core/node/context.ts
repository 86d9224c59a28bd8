/**
 * NodeContext: the shared state of a node's copies. One object per node; copies read `time` and emit through `outbox`.
 */
import type { NodeId } from '../protocol/ids.ts';
import type { NodeOutbox } from '../protocol/outbox.ts';
import type { NodeSettings } from '../protocol/settings.ts';
import type { MemoryBudget, Store, UseClock } from '../store/store.ts';

export interface NodeContext {
  readonly id: NodeId;
  /** Another object with every new memory limit: not to be kept. */
  settings: NodeSettings;
  readonly outbox: NodeOutbox;
  readonly budget: MemoryBudget;
  /** More is held than the limit allows, and what is too much is being evicted. */
  shrinking: boolean;
  /** Highest master time received (protocol §6). */
  time: number;
  /** Follows `time`. */
  readonly uses: UseClock;
  newStore(): Store;
  /** 0 <= r < 1, from the node's own seeded generator: only eviction's samples use it. */
  random(): number;
}
