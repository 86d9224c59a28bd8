/**
 * Call: one operation in the master's hands, from arrival to answer.
 *
 * | stage    | where it is                              | given up: caller hears            | what remains              |
 * |----------|------------------------------------------|-----------------------------------|---------------------------|
 * | waiting  | in the shard's queue for credit          | not applied                       | nothing                   |
 * | held     | in `held`, for program order             | not applied                       | nothing                   |
 * | numbered | in `unanswered`                          | write: unknown; read: not applied | stays until answered (§4.5) |
 * | reading  | in `reads`                               | not applied                       | stays until answered      |
 * | done     | nowhere                                  | nothing                           | nothing                   |
 */
import type { MasterCall } from '../machines.ts';
import { isShardRead, isWrite, type Operation } from '../operation.ts';
import type { Sink } from '../outbox.ts';

export type CallStage = 'waiting' | 'held' | 'numbered' | 'reading' | 'done';

/** What an operation costs of a shard's credit besides its key and value. */
const CALL_BYTES = 64;

export class Call implements MasterCall {
  readonly shard: number;
  readonly operation: Operation;
  readonly sink: Sink;
  readonly isWrite: boolean;
  readonly isShardRead: boolean;
  /** Slot in the shard's order filter. */
  readonly slot: number;
  /** Order of arrival at the shard. */
  arrival = 0;
  stage: CallStage = 'waiting';
  /** The caller was answered (or has given up): a later answer is for the books only. */
  settled = false;
  /** Request number or read id, from the moment it is sent. */
  number = 0;
  /** Shard reads: the last request to wait for; -1 = not known yet. */
  barrier = -1;

  constructor(shard: number, operation: Operation, sink: Sink, slot: number) {
    this.shard = shard;
    this.operation = operation;
    this.sink = sink;
    this.slot = slot;
    this.isWrite = isWrite(operation);
    this.isShardRead = isShardRead(operation);
  }

  get bytes(): number {
    const { operation } = this;
    const value = operation.verb === 'put' || operation.verb === 'append' ? operation.value.length : 0;
    return CALL_BYTES + operation.key.length + value;
  }
}
