/**
 * CheckedCaller: the cluster's Caller with the size limits in front. A Caller takes what it is given (its typed users have
 * checked already); what comes off a socket has been checked by nobody, and the store trusts lengths.
 */
import type { Caller, CallerLimits, CallSink, PendingCall } from '@quintet/engine';
import type { Operation, ShardId } from '@quintet/engine/core';

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
    const { maxKeyBytes, maxValueBytes } = this.limits;
    if (operation.key.length > maxKeyBytes) {
      sink.onError('KEY_TOO_LARGE', '');
      return NOTHING_PENDING;
    }
    if ((operation.verb === 'put' || operation.verb === 'append') && operation.value.length > maxValueBytes) {
      sink.onError('VALUE_TOO_LARGE', '');
      return NOTHING_PENDING;
    }
    return this.caller.submit(operation, sink);
  }

  submitToShard(shard: ShardId, operation: Operation, sink: CallSink): PendingCall {
    return this.caller.submitToShard(shard, operation, sink);
  }
}
