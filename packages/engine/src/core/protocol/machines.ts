/**
 * What a driver sees of the two machines. The driver (runtime/ on threads, the simulator in virtual time) feeds inputs,
 * drains the outbox in order, and never calls a machine while another call into it runs.
 */

import type { KeyReadOperation, Operation } from '../data/operation.ts';
import type { Result } from '../data/result.ts';
import type { WatchFilter } from '../master/watch/watch-filters.ts';
import type { NodeId, Seat, ShardId } from './ids.ts';
import type { Message } from './messages.ts';
import type { DeathReason } from './notes.ts';
import type { Sink, WatchSink } from './outbox.ts';
import type { Credit, MemoryLimit } from './settings.ts';

export interface NodeMachine {
  readonly id: NodeId;
  /** The master's time, heard with a batch; called before the batch's messages. */
  onTime(time: number): void;
  receive(from: NodeId, message: Message): void;
  /**
   * One bounded slice (about 1 ms) of background work: streams to learners, expiry, reclaiming memory. True if more
   * is waiting: then the driver calls again after it has taken in what arrived meanwhile.
   */
  work(): boolean;
  /** After all messages of a turn: what is worth saying once a batch (progress, touched, usage). */
  endTurn(): void;
}

/** A call the master has taken on. Given back to the machine to give it up. */
export interface MasterCall {
  readonly sink: Sink;
}

/** A watch the master has taken on. Given back to end it. */
export interface MasterWatch {
  readonly sink: WatchSink;
}

/** A memory limit for all nodes, and what a shard may have under way beside it. */
export interface MemoryLimitChange extends MemoryLimit, Credit {}

export interface MasterMachine {
  /** Starts every seat: spawn outputs follow. */
  start(now: number): void;
  /** `shard` is that of the operation's key; of a transaction, whose keys may be of any shards, it means nothing. */
  submit(shard: ShardId, operation: Operation, sink: Sink, now: number): MasterCall;
  /**
   * What a read is answered that need not be sent anywhere (the read cache); null = submit it. The operation's key tells its
   * shard. `clock` gives this turn's time, and begins a turn if none has begun: it is read only where that matters.
   */
  readAtOnce(operation: KeyReadOperation, clock: () => number): Result | null;
  /** What {@link keepCopy} kept under this name, if a read of its key would be answered at once with that entry; else undefined. */
  copyAtOnce(name: string, clock: () => number): unknown;
  /**
   * Keeps what the value just read at once of this key comes to, for as long as the entry stays what it is. `name` is how callers
   * write the key: the same key has one name, and another key another. `value` is shared by all who ask: it must be immutable.
   */
  keepCopy(name: string, key: string, value: unknown): void;
  /** `from`: seq by shard to go on from, or null to begin now. Ended by unwatch, or by the sink's onEnd. */
  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): MasterWatch;
  unwatch(watch: MasterWatch, now: number): void;
  giveUp(call: MasterCall, reason: 'aborted' | 'timeout', now: number): void;
  receive(from: NodeId, message: Message, now: number): void;
  nodeReady(node: NodeId, now: number): void;
  /** However it ended; idempotent. A planned kill is told with its reason before the thread is gone. */
  nodeDied(node: NodeId, reason: DeathReason, detail: string, now: number): void;
  /** After all that arrived in a turn, before the driver drains the outbox: operations held back are tried again. */
  endTurn(now: number): void;
  /** When the driver must call tick next, or Infinity. */
  nextDeadline(): number;
  tick(now: number): void;
  /** Every shard has all its copies, and nothing is moving. */
  readonly settled: boolean;
  /** Some shard would be lost with this node. */
  holdsLastCopy(node: NodeId): boolean;
  resetShard(shard: ShardId, now: number): void;
  reviveSeat(seat: Seat, now: number): void;
  /** In force for what is submitted afterwards; the sink hears ok when all present nodes work by it. */
  setMemoryLimit(limit: MemoryLimitChange, sink: Sink, now: number): void;
  /** Fails everything under way with CLOSED or CLOSED_IN_FLIGHT; takes nothing more. */
  close(): void;
}
