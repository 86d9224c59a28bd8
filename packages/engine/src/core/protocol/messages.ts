/**
 * Every message of the replication protocol (protocol.md §2) as one union, with sender and receiver.
 *
 * | message        | from → to                              | accepted if                       |
 * |----------------|----------------------------------------|-----------------------------------|
 * | config         | master → members, learner, removed     | epoch > own (asserted)            |
 * | request        | master → primary                       | epoch = own (asserted)            |
 * | read           | master → tail                          | epoch = own (asserted)            |
 * | committed      | master → primary                       | epoch = own (asserted)            |
 * | seal           | master → primary → … → tail            | as request; between copies: §2.1  |
 * | record         | copy → successor                       | §2.1                              |
 * | stream-begin, stream-slice, stream-record, stream-end   tail → learner   | §2.1 (by `since`)  |
 * | stream-ack     | learner → tail                         | since = own; pacing only          |
 * | answer, value, sealed   tail → master                   | epoch = own, else dropped         |
 * | progress       | learner → master                       | since = own, else dropped         |
 * | touched        | tail → primary, primary → tail, master → tail | epoch = own, else dropped; advice |
 * | memory-limit   | master → node                          | always                            |
 * | usage          | node → master                          | of the limit in force; advice     |
 * | clock          | master → node                          | always: it carries only the time  |
 *
 * The master's time is no field: every batch of the master carries it (protocol §6), and the node receives it before
 * the batch's messages. Advice may be lost without harm: it only steers pacing, eviction, refusal and access times.
 */

import type { Operation, ReadOperation } from '../data/operation.ts';
import type { Effect, Record, Watched } from '../data/record.ts';
import type { Result } from '../data/result.ts';
import type { NodeId, ShardId } from './ids.ts';
import type { MemoryLimit } from './settings.ts';

/** A shard's configuration. `learner` NOBODY = none; `since` = the epoch in which it was given its present source. */
export interface Configuration {
  readonly epoch: number;
  /** In-sync copies: primary (head) first, tail last. */
  readonly chain: readonly NodeId[];
  readonly learner: NodeId;
  readonly since: number;
}

/** Where a copy without a past begins (a new shard, or one reset after it was lost). */
export interface Base {
  readonly seq: number;
  readonly request: number;
}

export interface ConfigMessage extends Configuration {
  readonly type: 'config';
  readonly shard: ShardId;
  readonly committedSeq: number;
  readonly base: Base | null;
}
export interface RequestMessage {
  readonly type: 'request';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly request: number;
  readonly operation: Operation;
  readonly committedSeq: number;
  /** A node of the chain is at its memory limit: refuse or evict before growing. */
  readonly pressure: boolean;
  readonly watched: Watched;
}
export interface ReadMessage {
  readonly type: 'read';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly id: number;
  readonly operation: ReadOperation;
  readonly committedSeq: number;
}
/** Advances the commit index of a primary that logs records of its own (expiry, eviction) while no requests arrive. */
export interface CommittedMessage {
  readonly type: 'committed';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly committedSeq: number;
  /** The part of the shard to evict now, for a replica's node that holds too much: 0 to 1. */
  readonly evict: number;
}
export interface SealMessage {
  readonly type: 'seal';
  readonly shard: ShardId;
  readonly epoch: number;
}
export interface RecordMessage {
  readonly type: 'record';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly record: Record;
  readonly committedSeq: number;
}
export interface StreamBeginMessage {
  readonly type: 'stream-begin';
  readonly shard: ShardId;
  readonly since: number;
  readonly lastSeq: number;
  readonly lastRequest: number;
  readonly committedSeq: number;
  readonly window: readonly Record[];
}
export interface StreamSliceMessage {
  readonly type: 'stream-slice';
  readonly shard: ShardId;
  readonly since: number;
  /** Flat: key, value, kind, version, expiresAt, key, … */
  readonly entries: readonly (string | number)[];
  /** Of each entry, when it was last used (store.ts, UseClock). */
  readonly marks: readonly number[];
}
export interface StreamRecordMessage {
  readonly type: 'stream-record';
  readonly shard: ShardId;
  readonly since: number;
  readonly record: Record;
  readonly committedSeq: number;
}
export interface StreamEndMessage {
  readonly type: 'stream-end';
  readonly shard: ShardId;
  readonly since: number;
}
export interface StreamAckMessage {
  readonly type: 'stream-ack';
  readonly shard: ShardId;
  readonly since: number;
}
export interface AnswerMessage {
  readonly type: 'answer';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly seq: number;
  readonly request: number;
  readonly result: Result;
  /** Of a watched record, and of every record of the primary's own; else null. */
  readonly effect: Effect | null;
}
export interface ValueMessage {
  readonly type: 'value';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly id: number;
  readonly result: Result;
}
export interface SealedMessage {
  readonly type: 'sealed';
  readonly shard: ShardId;
  readonly epoch: number;
}
export interface ProgressMessage {
  readonly type: 'progress';
  readonly shard: ShardId;
  readonly since: number;
  readonly seq: number;
}
/** Entries that were used where the other end of the chain, or no node at all (master/read-cache/read-cache.ts), did not see it. */
export interface TouchedMessage {
  readonly type: 'touched';
  readonly shard: ShardId;
  readonly epoch: number;
  readonly hashes: readonly number[];
}
/** What the node may hold from now on. Answered with a usage, whatever it is. */
export interface MemoryLimitMessage extends MemoryLimit {
  readonly type: 'memory-limit';
  /** Which change of the limit this is, from 1. */
  readonly revision: number;
}
export interface UsageMessage {
  readonly type: 'usage';
  /** The limit it refers to: of the last memory-limit received; 0 = the one the node was started with. */
  readonly revision: number;
  readonly reservedBytes: number;
  /** At or above the node's soft limit. */
  readonly full: boolean;
  /** Bytes to be evicted of the copies it holds, so that it comes down to its limit; of replicas others must do it. */
  readonly excess: number;
}

/** Nothing but the master's time, which comes with every batch. */
export interface ClockMessage {
  readonly type: 'clock';
}

export type Message =
  | ConfigMessage
  | RequestMessage
  | ReadMessage
  | CommittedMessage
  | SealMessage
  | RecordMessage
  | StreamBeginMessage
  | StreamSliceMessage
  | StreamRecordMessage
  | StreamEndMessage
  | StreamAckMessage
  | AnswerMessage
  | ValueMessage
  | SealedMessage
  | ProgressMessage
  | TouchedMessage
  | MemoryLimitMessage
  | UsageMessage
  | ClockMessage;
