/**
 * ClusterExecutor: the Executor of the thread the cluster was started in: straight into the master.
 */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../core/data/operation.ts';
import type { WatchFilter } from '../core/master/watch/watch-filters.ts';
import type { ShardId } from '../core/protocol/ids.ts';
import type { MasterCall } from '../core/protocol/machines.ts';
import type { WatchSink } from '../core/protocol/outbox.ts';
import { hashSlotOf, shardOfSlot } from '../core/protocol/slot.ts';
import type { MasterInputs, Runtime } from '../runtime/runtime.ts';
import type { ExecutorLimits, PendingCall, PendingWatch, Sink, StoreExecutor } from './executor.ts';

export class ClusterExecutor implements StoreExecutor {
  readonly cluster = randomUUID();
  readonly limits: ExecutorLimits;
  readonly shards: number;
  readonly #runtime: Runtime;
  readonly #inputs: MasterInputs;

  constructor(runtime: Runtime, shards: number, limits: ExecutorLimits) {
    this.#runtime = runtime;
    this.#inputs = runtime.inputs;
    this.shards = shards;
    this.limits = limits;
  }

  now(): number {
    return this.#runtime.now();
  }

  shardOf(key: string): ShardId {
    return shardOfSlot(hashSlotOf(key), this.shards);
  }

  submit(operation: Operation, sink: Sink): PendingCall {
    return this.#inputs.submit(shardOfSlot(hashSlotOf(operation.key), this.shards), operation, sink);
  }

  submitToShard(shard: ShardId, operation: Operation, sink: Sink): PendingCall {
    return this.#inputs.submit(shard, operation, sink);
  }

  giveUp(call: PendingCall, reason: 'aborted' | 'timeout'): void {
    this.#inputs.giveUp(call as MasterCall, reason);
  }

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch {
    const watch = this.#inputs.watch(filter, from, sink);
    return { stop: () => this.#inputs.unwatch(watch) };
  }

  hold(): () => void {
    return this.#runtime.hold();
  }
}
