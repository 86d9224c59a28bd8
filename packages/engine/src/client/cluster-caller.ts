/**
 * ClusterCaller: the Caller of the thread the cluster was started in: straight into the master.
 */
import { randomUUID } from 'node:crypto';
import type { ShardId } from '../core/ids.ts';
import type { MasterCall } from '../core/machines.ts';
import type { WatchFilter } from '../core/master/watch-filters.ts';
import type { Operation } from '../core/operation.ts';
import type { WatchSink } from '../core/outbox.ts';
import { hashSlotOf, shardOfSlot } from '../core/slot.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { CallerLimits, CallSink, PendingCall, PendingWatch, StoreCaller } from './caller.ts';

export class ClusterCaller implements StoreCaller {
  readonly cluster = randomUUID();
  readonly limits: CallerLimits;
  readonly shards: number;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, shards: number, limits: CallerLimits) {
    this.#runtime = runtime;
    this.shards = shards;
    this.limits = limits;
  }

  now(): number {
    return this.#runtime.now();
  }

  shardOf(key: string): ShardId {
    return shardOfSlot(hashSlotOf(key), this.shards);
  }

  submit(operation: Operation, sink: CallSink): PendingCall {
    return this.submitToShard(shardOfSlot(hashSlotOf(operation.key), this.shards), operation, sink);
  }

  submitToShard(shard: ShardId, operation: Operation, sink: CallSink): PendingCall {
    return new ClusterCall(this.#runtime, this.#runtime.submit(shard, operation, sink));
  }

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch {
    const watch = this.#runtime.watch(filter, from, sink);
    return { stop: () => this.#runtime.unwatch(watch) };
  }

  hold(): () => void {
    return this.#runtime.hold();
  }
}

class ClusterCall implements PendingCall {
  readonly #runtime: Runtime;
  readonly #call: MasterCall;

  constructor(runtime: Runtime, call: MasterCall) {
    this.#runtime = runtime;
    this.#call = call;
  }

  giveUp(reason: 'aborted' | 'timeout'): void {
    this.#runtime.giveUp(this.#call, reason);
  }
}
