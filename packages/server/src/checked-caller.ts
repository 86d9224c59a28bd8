/**
 * CheckedCaller: the cluster's Caller with the size limits in front. A Caller takes what it is given (its typed users have
 * checked already); what comes off a socket has been checked by nobody, and the store trusts lengths.
 */
import type { Caller, CallerLimits, CallSink, PendingCall } from '@quintet/engine';
import type { Operation, ShardId, TransactionOperation } from '@quintet/engine/core';

const NOTHING_PENDING: PendingCall = { giveUp: () => {} };

export class CheckedCaller implements Caller {
  readonly limits: CallerLimits;
  readonly shards: number;
  private readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
    this.limits = caller.limits;
    this.shards = caller.shards;
  }

  /** Whole milliseconds: what goes out to clients, and into deadlines, has no fraction. */
  now(): number {
    return Math.floor(this.caller.now());
  }

  shardOf(key: string): ShardId {
    return this.caller.shardOf(key);
  }

  /** Refuses (synchronously) a key or value that is too long. */
  submit(operation: Operation, sink: CallSink): PendingCall {
    const refusal = sizeError(operation, this.limits);
    if (refusal === null) return this.caller.submit(operation, sink);
    sink.onError(refusal, '');
    return NOTHING_PENDING;
  }

  submitToShard(shard: ShardId, operation: Operation, sink: CallSink): PendingCall {
    return this.caller.submitToShard(shard, operation, sink);
  }
}

/** What is too long about an operation, or null. */
export function sizeError(operation: Operation, limits: CallerLimits): 'KEY_TOO_LARGE' | 'VALUE_TOO_LARGE' | null {
  if (operation.key.length > limits.maxKeyBytes) return 'KEY_TOO_LARGE';
  if (operation.verb === 'put' || operation.verb === 'append') {
    return operation.value.length > limits.maxValueBytes ? 'VALUE_TOO_LARGE' : null;
  }
  return operation.verb === 'transaction' ? stepsSizeError(operation, limits) : null;
}

function stepsSizeError(operation: TransactionOperation, limits: CallerLimits): ReturnType<typeof sizeError> {
  for (const step of operation.then) {
    const refusal = sizeError(step, limits);
    if (refusal !== null) return refusal;
  }
  return operation.conditions.some(({ key }) => key.length > limits.maxKeyBytes) ? 'KEY_TOO_LARGE' : null;
}
