/**
 * Executor: runs raw operations; the seam under Store, where a cluster's own thread, a handle's port and other engines
 * look alike. Operations go in as the core knows them (one-byte strings), results come out as the core gives them; no
 * codecs, no option objects. The typed Store is built on it, and so is the RESP front, which has bytes in hand already and
 * wants no promise per command.
 */

import type { KeyReadOperation, Operation } from '../core/data/operation.ts';
import type { Result } from '../core/data/result.ts';
import type { WatchFilter } from '../core/data/watch-filter.ts';
import type { ShardId } from '../core/protocol/ids.ts';
import type { KeyInPlace, ValueInPlace } from '../core/protocol/machines.ts';
import type { Sink, WatchSink } from '../core/protocol/outbox.ts';

export type { Sink };

/** What the cluster was started with: more is refused with KEY_TOO_LARGE and VALUE_TOO_LARGE. */
export interface ExecutorLimits {
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  /** How many copies of a value there are, the primary's included; where it is known. */
  readonly copies?: number;
}

/** A call in flight: means something only to the caller that gave it, as what {@link Executor.giveUp} takes. */
export type PendingCall = object;

/**
 * Operations as the core knows them: keys and values are one-byte strings (a character a byte). Errors come to the sink as
 * code and details, never as exceptions.
 */
export interface Executor {
  readonly limits: ExecutorLimits;
  /** How many there are; their numbers begin at 0. */
  readonly shards: number;
  /** Master time, ms since the epoch. */
  now(): number;
  /** The shard a key (one-byte string) lives in. */
  shardOf(key: string): ShardId;
  /**
   * What a read of one key is answered if that is known without asking any node; null = submit it. Only where the cluster runs, and
   * only so often in one turn of the event loop.
   */
  entryAtOnce?(operation: KeyReadOperation): Result | null;
  /** The value of a key, if it is plain bytes and no more than `longest` of them: as {@link entryAtOnce}. */
  showAtOnce?(key: KeyInPlace, longest: number): ValueInPlace | null;
  /** Operations on one key (from one caller) take effect in the order they are submitted. A transaction's key is ''. */
  submit(operation: Operation, sink: Sink): PendingCall;
  /** For operations on a whole shard: scan, count, clear. */
  submitToShard(shard: ShardId, operation: Operation, sink: Sink): PendingCall;
  /** Gives a call up: unless it was answered already, its sink hears ABORTED or TIMEOUT (…_IN_FLIGHT). Idempotent. */
  giveUp(call: PendingCall, reason: 'aborted' | 'timeout'): void;
}

/** A watch that was begun and has not ended. */
export interface PendingWatch {
  /** Ends it; nothing is told after. Idempotent. */
  stop(): void;
}

/** Values as callers get them, kept beside entries of the read cache and valid as long as these are. */
export interface DecodedValues {
  /** The value kept under this name; undefined = ask {@link Executor.entryAtOnce}, null = not in this turn: submit the read. */
  find(name: string): unknown;
  /** Keeps what the entry of `key`, read just now, is decoded to. It must be immutable: all callers share it. */
  keep(name: string, key: string, value: unknown): void;
}

/** What a Store is built on: operations, and changes. */
export interface StoreExecutor extends Executor {
  /** Decoded values beside the cluster's read cache; only in the thread where the cluster runs. */
  readonly copies?: DecodedValues;
  /** Names the cluster's life: positions of a watch mean nothing to another. */
  readonly cluster: string;
  /**
   * `from`: seq by shard to go on from, or null to begin now. The sink may be called inside of this call, and is never
   * after its onEnd. A watch keeps no process alive.
   */
  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch;
  /** Keeps the thread alive until released: for those who wait for something that is no call. Idempotent release. */
  hold(): () => void;
}
