import type { Operation } from '../../data/operation.ts';
import type { Watched } from '../../data/record.ts';
import { costOf, type VerbRow } from '../../data/row.ts';
import { rowOf } from '../../data/verbs.ts';
import type { MasterCall } from '../../protocol/machines.ts';
import type { Sink } from '../../protocol/outbox.ts';

export type CallStage = 'waiting' | 'held' | 'numbered' | 'reading' | 'locked' | 'done';

/** What an operation costs of a shard's credit besides its key and value. */
const CALL_BYTES = 64;

export class Call implements MasterCall {
  readonly shard: number;
  readonly operation: Operation;
  /** All that is known of its verb. */
  readonly row: VerbRow;
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
  /** What it costs of a shard's credit. */
  readonly bytes: number;
  /** Bytes of the shard's credit it holds. */
  credit = 0;
  /** Bytes it holds of what all shards have for large values (large-writes.ts). */
  large = 0;
  /** Order of arrival at the shard. */
  arrival = 0;
  stage: CallStage = 'waiting';
  /** The caller was answered (or has cancelled): a later answer counts only for the protocol. */
  settled = false;
  /** A direct read that something its key may be of has overtaken: what it brings is no news (read-cache.ts, RC3). */
  overtaken = false;
  /** Request number or read id, from the moment it is sent. */
  number = 0;
  /** Who hears of it, from the moment it is sent: it stays so if it is sent again, as it was counted for that. */
  watched: Watched | null = null;
  /** Shard reads: the last request to wait for; -1 = not known yet. */
  barrier = -1;

  constructor(shard: number, operation: Operation, sink: Sink, slots: number | readonly number[]) {
    this.shard = shard;
    const row = rowOf(operation);
    this.operation = operation;
    this.row = row;
    this.sink = sink;
    this.slot = typeof slots === 'number' ? slots : slots[0]!;
    this.slots = typeof slots === 'number' ? null : slots;
    this.bytes = CALL_BYTES + costOf(row, operation);
    this.isWrite = row.writes;
    this.isShardRead = row.scope === 'shard';
  }

  /** It may be applied though nobody answered it. */
  get inFlight(): boolean {
    return this.isWrite && this.stage === 'numbered';
  }

  get bearsBlock(): boolean {
    return this.operation.verb === 'put' && typeof this.operation.value !== 'string';
  }

  /** A large value is answered as a block, unless the read has to be in the log. */
  get asksBlock(): boolean {
    return this.operation.verb === 'get' && this.operation.blocks === true;
  }
}
