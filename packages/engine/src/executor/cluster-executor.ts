/**
 * ClusterExecutor: the Executor of the thread the cluster was started in: straight into the master, which may know the answer to a
 * read at once.
 */
import { randomUUID } from 'node:crypto';
import type { GetRangeOperation, KeyReadOperation, Operation } from '../core/data/operation.ts';
import type { Result } from '../core/data/result.ts';
import { rangeOfResult } from '../core/data/string/verbs.ts';
import type { WatchFilter } from '../core/data/watch-filter.ts';
import type { ErrorCode } from '../core/protocol/errors.ts';
import type { ShardId } from '../core/protocol/ids.ts';
import type { KeyInPlace, MasterCall, ValueInPlace } from '../core/protocol/machines.ts';
import type { WatchSink } from '../core/protocol/outbox.ts';
import { hashSlotOf, shardOfSlot } from '../core/protocol/slot.ts';
import type { MasterInputs, Runtime } from '../runtime/runtime.ts';
import type { DecodedValues, ExecutorLimits, PendingCall, PendingWatch, Sink, StoreExecutor } from './executor.ts';

/** Of what is answered already: to give it up changes nothing. */
const ANSWERED: PendingCall = {};

/** A part of a value that is not longer is read as the whole, which the read cache keeps. */
const READ_WHOLE_BYTES = 64 * 1024;

/** Gets a value, and tells the part of it that was asked for. */
class RangeOf implements Sink {
  readonly #operation: GetRangeOperation;
  readonly #sink: Sink;

  constructor(operation: GetRangeOperation, sink: Sink) {
    this.#operation = operation;
    this.#sink = sink;
  }

  onResult(result: Result): void {
    this.#sink.onResult(rangeOfResult(this.#operation, result));
  }

  onError(code: ErrorCode, details: string): void {
    this.#sink.onError(code, details);
  }
}

export class ClusterExecutor implements StoreExecutor {
  readonly cluster = randomUUID();
  readonly limits: ExecutorLimits;
  readonly shards: number;
  readonly copies: DecodedValues;
  readonly #runtime: Runtime;
  readonly #inputs: MasterInputs;

  constructor(runtime: Runtime, shards: number, limits: ExecutorLimits) {
    this.#runtime = runtime;
    const { inputs } = runtime;
    this.#inputs = inputs;
    this.copies = {
      find: (name) => inputs.copyAtOnce(name),
      keep: (name, key, value) => inputs.keepCopy(name, key, value),
    };
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
    const { verb, key } = operation;
    if ((verb === 'get' || verb === 'stat') && this.#inputs.readAtOnce(operation, sink)) return ANSWERED;
    const shard = this.shardOf(key);
    if (verb === 'get-range' && this.#inputs.valueBound(shard, key) <= READ_WHOLE_BYTES) {
      return this.submit({ verb: 'get', key }, new RangeOf(operation, sink));
    }
    return this.#inputs.submit(shard, operation, sink);
  }

  submitToShard(shard: ShardId, operation: Operation, sink: Sink): PendingCall {
    return this.#inputs.submit(shard, operation, sink);
  }

  giveUp(call: PendingCall, reason: 'aborted' | 'timeout'): void {
    if (call !== ANSWERED) this.#inputs.giveUp(call as MasterCall, reason);
  }

  entryAtOnce(operation: KeyReadOperation): Result | null {
    return this.#inputs.entryAtOnce(operation);
  }

  showAtOnce(key: KeyInPlace, longest: number): ValueInPlace | null {
    return this.#inputs.showAtOnce(key, longest);
  }

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch {
    const watch = this.#inputs.watch(filter, from, sink);
    return { stop: () => this.#inputs.unwatch(watch) };
  }

  hold(): () => void {
    return this.#runtime.hold();
  }
}
