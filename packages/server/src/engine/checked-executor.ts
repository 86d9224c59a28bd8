/**
 * CheckedExecutor: the cluster's Executor with the size limits in front. A Executor takes what it is given (its typed users have
 * checked already); what comes off a socket has been checked by nobody, and the store trusts lengths. A transaction has a
 * limit of its own: it is evaluated, locked and installed in one go, and all other clients wait meanwhile.
 */
import {
  type Executor,
  type ExecutorLimits,
  type KeyInPlace,
  type KeyReadOperation,
  type Operation,
  type PendingCall,
  type Result,
  rowOf,
  type ShardId,
  type Sink,
  type TransactionOperation,
  type ValueInPlace,
} from '@quintet/engine/internal';

/** A call that was refused here, of which nobody else knows. */
const REFUSED: PendingCall = {};

/** What one transaction may come to. */
export interface TransactionLimits {
  /** Steps and conditions. */
  readonly transactionSteps: number;
  /** Bytes of their keys and values. */
  readonly transactionBytes: number;
}

type SizeError = 'KEY_TOO_LARGE' | 'VALUE_TOO_LARGE' | 'TRANSACTION_TOO_LARGE';

export class CheckedExecutor implements Executor {
  readonly limits: ExecutorLimits;
  readonly shards: number;
  private readonly executor: Executor;
  private readonly transactionLimits: TransactionLimits;

  constructor(executor: Executor, transactionLimits: TransactionLimits) {
    this.executor = executor;
    this.transactionLimits = transactionLimits;
    this.limits = executor.limits;
    this.shards = executor.shards;
  }

  /** Whole milliseconds: what goes out to clients, and into deadlines, has no fraction. */
  now(): number {
    return Math.floor(this.executor.now());
  }

  shardOf(key: string): ShardId {
    return this.executor.shardOf(key);
  }

  /** What is too long has no entry. */
  entryAtOnce(operation: KeyReadOperation): Result | null {
    return this.executor.entryAtOnce?.(operation) ?? null;
  }

  showAtOnce(key: KeyInPlace, longest: number): ValueInPlace | null {
    return this.executor.showAtOnce?.(key, longest) ?? null;
  }

  /** Refuses (synchronously) a key or value that is too long, and a transaction of too many or too much of them. */
  submit(operation: Operation, sink: Sink): PendingCall {
    const refusal =
      operation.verb === 'transaction'
        ? transactionSizeError(operation, this.limits, this.transactionLimits)
        : sizeError(operation, this.limits);
    if (refusal === null) return this.executor.submit(operation, sink);
    sink.onError(refusal, '');
    return REFUSED;
  }

  submitToShard(shard: ShardId, operation: Operation, sink: Sink): PendingCall {
    return this.executor.submitToShard(shard, operation, sink);
  }

  giveUp(call: PendingCall, reason: 'aborted' | 'timeout'): void {
    if (call !== REFUSED) this.executor.giveUp(call, reason);
  }
}

/** What is too long about an operation on one key, or null. */
export function sizeError(operation: Operation, limits: ExecutorLimits): 'KEY_TOO_LARGE' | 'VALUE_TOO_LARGE' | null {
  if (operation.key.length > limits.maxKeyBytes) return 'KEY_TOO_LARGE';
  return rowOf(operation).carries(operation) > limits.maxValueBytes ? 'VALUE_TOO_LARGE' : null;
}

function transactionSizeError(
  operation: TransactionOperation,
  limits: ExecutorLimits,
  { transactionSteps, transactionBytes }: TransactionLimits,
): SizeError | null {
  const row = rowOf(operation);
  if (row.parts(operation) > transactionSteps) return 'TRANSACTION_TOO_LARGE';
  for (const { key } of operation.conditions) if (key.length > limits.maxKeyBytes) return 'KEY_TOO_LARGE';
  for (const steps of [operation.then, operation.otherwise]) {
    for (const step of steps) {
      const refusal = sizeError(step, limits);
      if (refusal !== null) return refusal;
    }
  }
  return row.bytes(operation) > transactionBytes ? 'TRANSACTION_TOO_LARGE' : null;
}
