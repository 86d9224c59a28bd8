/**
 * What a driver sees of the two machines. The driver (runtime/ on threads, the simulator in virtual time) feeds inputs,
 * drains the outbox in order, and never calls a machine while another call into it runs.
 */

import type { KeyReadOperation, Operation } from '../data/operation.ts';
import type { Result } from '../data/result.ts';
import type { WatchFilter } from '../data/watch-filter.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { NodeId, Seat, ShardId } from './ids.ts';
import type { Message } from './messages.ts';
import type { DeathReason } from './notes.ts';
import type { Sink, WatchSink } from './outbox.ts';
import type { Credit, MemoryLimit } from './settings.ts';

export interface NodeMachine {
  readonly id: NodeId;
  /** The master's time, or one that is not ahead of it; of a batch, before its messages. An earlier one than before is ignored. */
  onTime(time: number): void;
  receive(from: NodeId, message: Message): void;
  /**
   * One bounded slice (about 1 ms) of background work: streams to learners, expiry, reclaiming memory. True if more
   * is queued: then the driver calls again after it has handled what has arrived.
   */
  work(): boolean;
  /** When it has work to do though nothing arrives (entries expire), by the master's time; Infinity = never. Maybe too early. */
  nextDeadline(): number;
  /** After all messages of a turn: sends what is sent once per batch (progress, touched, usage). */
  endTurn(): void;
}

/** A call the master has accepted. Passed back to the machine to cancel it. */
export interface MasterCall {
  readonly sink: Sink;
}

/** A watch the master has accepted. Passed back to end it. */
export interface MasterWatch {
  readonly sink: WatchSink;
}

/** A memory limit for all nodes, and what each shard may have in flight with it. */
export interface MemoryLimitChange extends MemoryLimit, Credit {}

/** A key among bytes. */
export interface KeyInPlace {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly length: number;
}

/** A value where it lies. It may be another one after the next call of anything: whoever is given it copies it at once. */
export interface ValueInPlace {
  readonly words: Int32Array;
  /** The word it begins at. */
  readonly at: number;
  /** In bytes. */
  readonly length: number;
}

export interface MasterMachine {
  /** Starts every seat: spawn outputs follow. */
  start(now: number): void;
  /** `shard` is that of the operation's key; of a transaction, whose keys may be of any shards, it means nothing. */
  submit(shard: ShardId, operation: Operation, sink: Sink, now: number): MasterCall;
  /**
   * What a read is answered that need not be sent anywhere (the read cache); null = submit it. The operation's key tells its
   * shard. `clock` gives the time it is, and begins a turn if none has begun: it is read only where that matters.
   */
  readAtOnce(operation: KeyReadOperation, clock: () => number): Result | null;
  /** {@link readAtOnce} of a get, if the value is plain bytes and no more than `longest` of them; else nothing is counted. */
  showAtOnce(key: KeyInPlace, longest: number, clock: () => number): ValueInPlace | null;
  /** No value of this key is longer, unless it is a short one (value-sizes.ts). */
  valueBound(shard: ShardId, key: string): number;
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
  /** However it ended; idempotent. A planned kill is reported with its reason before the thread has ended. */
  nodeDied(node: NodeId, reason: DeathReason, detail: string, now: number): void;
  /** After all that arrived in a turn, before the driver drains the outbox: held operations are retried. */
  endTurn(now: number): void;
  /** When the driver must call tick next, or Infinity. */
  nextDeadline(): number;
  /** `heartbeats`: of all nodes that are up, as they are now. */
  tick(now: number, heartbeats: readonly Heartbeat[]): void;
  /** Something was posted to a node, a batch or anything else: from now on it has something to do. May bring nextDeadline nearer. */
  posted(now: number): void;
  /** Every shard has all its copies, and nothing is moving. */
  readonly settled: boolean;
  resetShard(shard: ShardId, now: number): void;
  reviveSeat(seat: Seat, now: number): void;
  /** In force for what is submitted afterwards; the sink receives ok when all present nodes apply it. */
  setMemoryLimit(limit: MemoryLimitChange, sink: Sink, now: number): void;
  /** Fails everything in flight with CLOSED or CLOSED_IN_FLIGHT; accepts nothing more. */
  close(): void;
}
