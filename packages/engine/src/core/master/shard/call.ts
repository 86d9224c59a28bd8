/**
 * Call: one operation in the master's hands, from arrival to answer.
 *
 * | stage    | where it is                              | given up: caller hears            | what remains              |
 * |----------|------------------------------------------|-----------------------------------|---------------------------|
 * | waiting  | in the shard's queue for credit          | not applied                       | nothing                   |
 * | held     | in `held`, for program order             | not applied                       | nothing                   |
 * | numbered | in `unanswered`                          | write: unknown; read: not applied | stays until answered (§4.5) |
 * | reading  | in `reads`                               | not applied                       | stays until answered      |
 * | locked   | (locks only) its keys are a transaction's | see transactions.ts               | until the transaction ends |
 * | done     | nowhere                                  | nothing                           | nothing                   |
 */
import type { Bytes } from '../../data/block.ts';
import { isShardRead, isWrite, type Operation } from '../../data/operation.ts';
import type { MasterCall } from '../../protocol/machines.ts';
import type { Sink } from '../../protocol/outbox.ts';

export type CallStage = 'waiting' | 'held' | 'numbered' | 'reading' | 'locked' | 'done';

/** What an operation costs of a shard's credit besides its key and value. */
const CALL_BYTES = 64;
/**
 * What each step, condition, effect or key of a transaction costs besides its bytes: the objects it becomes on every node
 * that holds it. Transactions of thousands of tiny steps took nodes out of memory while they counted as next to nothing.
 */
const PART_BYTES = 256;

export class Call implements MasterCall {
  readonly shard: number;
  readonly operation: Operation;
  readonly sink: Sink;
  readonly isWrite: boolean;
  readonly isShardRead: boolean;
  /** Slot in the shard's order filter; ALL_SLOTS for clear, NO_SLOT for what a lock already covers. */
  readonly slot: number;
  /** A transaction's slots, each once; `slot` is the first of them. */
  readonly slots: readonly number[] | null;
  /** A transaction's claim on its keys in this shard, not an operation to send. */
  isLock = false;
  /** The sink is the master's own (transactions.ts): it is called within the step, not handed out. */
  direct = false;
  /** The transaction over several shards this is a part of. */
  group: object | null = null;
  /** Bytes of the shard's credit it holds. */
  credit = 0;
  /** Bytes it holds of what all shards have for large values (large-writes.ts). */
  large = 0;
  /** Order of arrival at the shard. */
  arrival = 0;
  stage: CallStage = 'waiting';
  /** The caller was answered (or has given up): a later answer is for the books only. */
  settled = false;
  /** A direct read that something its key may be of has overtaken: what it brings is no news (read-cache.ts, Z3). */
  overtaken = false;
  /** Request number or read id, from the moment it is sent. */
  number = 0;
  /** Shard reads: the last request to wait for; -1 = not known yet. */
  barrier = -1;

  constructor(shard: number, operation: Operation, sink: Sink, slots: number | readonly number[]) {
    this.shard = shard;
    this.operation = operation;
    this.sink = sink;
    this.slot = typeof slots === 'number' ? slots : slots[0]!;
    this.slots = typeof slots === 'number' ? null : slots;
    this.isWrite = isWrite(operation);
    this.isShardRead = isShardRead(operation);
  }

  get bearsBlock(): boolean {
    return this.operation.verb === 'put' && typeof this.operation.value !== 'string';
  }

  /** A large value is answered as a block, unless the read has to be in the log. */
  get asksBlock(): boolean {
    return this.operation.verb === 'get' && this.operation.blocks === true;
  }

  get bytes(): number {
    return CALL_BYTES + bytesOf(this.operation);
  }
}

/** Bytes of keys and values an operation carries. */
function bytesOf(operation: Operation): number {
  switch (operation.verb) {
    case 'put':
    case 'append':
    case 'set-range':
      return operation.key.length + operation.value.length;
    case 'transaction':
      return sum(operation.conditions) + sum(operation.then) + sum(operation.otherwise);
    case 'install':
      return sum(operation.effects);
    case 'gather':
      return operation.keys.reduce((bytes, key) => bytes + PART_BYTES + key.length, 0);
    default:
      return operation.key.length;
  }
}

interface Part {
  readonly key: string;
  readonly value?: Bytes;
  readonly equals?: { readonly value: string } | null;
}

function sum(parts: readonly Part[]): number {
  let bytes = 0;
  for (const { key, value, equals } of parts) {
    bytes += PART_BYTES + key.length + (value?.length ?? 0) + (equals?.value.length ?? 0);
  }
  return bytes;
}
