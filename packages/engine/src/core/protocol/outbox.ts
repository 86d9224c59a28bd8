/**
 * Outboxes: the outputs of a machine. A machine only writes into its outbox; the driver that owns it carries the
 * outputs out, in the order they were emitted, and never calls into the machine while it does.
 *
 * A disk tier will add `persist(record)` to NodeOutbox, emitted before the send that depends on it; the order of outputs
 * is the order of effects, so nothing else has to change.
 */

import type { Change } from '../data/change.ts';
import type { Result } from '../data/result.ts';
import type { ErrorCode } from './errors.ts';
import type { NodeId, ShardId } from './ids.ts';
import type { Message } from './messages.ts';
import type { Note } from './notes.ts';

/** What a node can do. */
export interface NodeOutbox {
  /** `to` MASTER is the master. Between two nodes messages keep their order. */
  send(to: NodeId, message: Message): void;
}

/** Completion callback of one operation, the caller's own object; exactly one method is called, once. */
export interface Sink {
  onResult(result: Result): void;
  onError(code: ErrorCode, details: string): void;
}

/** Receiver of one watch. */
export interface WatchSink {
  /** Every change of the filter after `positions` (seq by shard; only the filter's shards) will be delivered. */
  onStart(positions: ReadonlyMap<ShardId, number>): void;
  /** Of one shard in order of version; of one transaction at one time, in one piece where the order of shards allows it. */
  onChanges(changes: readonly Change[]): void;
  /**
   * Every change of the filter up to these places (seq by shard, of shards that are not the filter's too) has been delivered: the
   * watch may resume from them. A place behind what was delivered already is to be ignored.
   */
  onProgress(places: ReadonlyMap<ShardId, number>): void;
  /** The watch is over. */
  onEnd(code: ErrorCode, details: string): void;
}

/** What the master can do. */
export interface MasterOutbox {
  send(to: NodeId, message: Message): void;
  reply(sink: Sink, result: Result): void;
  fail(sink: Sink, code: ErrorCode, details: string): void;
  watchStarted(sink: WatchSink, positions: ReadonlyMap<ShardId, number>): void;
  changes(sink: WatchSink, changes: readonly Change[]): void;
  watchProgress(sink: WatchSink, places: ReadonlyMap<ShardId, number>): void;
  watchEnded(sink: WatchSink, code: ErrorCode, details: string): void;
  /** Start a worker to be `node`; answered by nodeReady or nodeDied. */
  spawn(node: NodeId): void;
  /** Terminate `node`, whatever its state; the master has declared it dead already. */
  terminate(node: NodeId): void;
  /** A report: becomes an event, a counter, a line of a trace. */
  note(note: Note): void;
}
