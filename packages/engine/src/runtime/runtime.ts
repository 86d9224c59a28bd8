/**
 * Runtime: a running cluster as client/ sees it: threads, clocks and ports are behind it, promises and codecs before it.
 *
 * Owns      nothing: these are the shapes; start-runtime.ts makes them real.
 * Keep-alive A call in flight, a runtime that starts or closes, and every `hold()` keep the process alive. Nothing else
 *           does: a script that forgets close() ends when it has nothing left to do.
 */

import type { KeyReadOperation, Operation } from '../core/data/operation.ts';
import type { Result } from '../core/data/result.ts';
import type { WatchFilter } from '../core/data/watch-filter.ts';
import type { CopyDescription } from '../core/node/node.ts';
import type { ErrorCode } from '../core/protocol/errors.ts';
import type { NodeId, Seat, ShardId } from '../core/protocol/ids.ts';
import type {
  KeyInPlace,
  MasterCall,
  MasterMachine,
  MasterWatch,
  MemoryLimitChange,
  NodeMachine,
  ValueInPlace,
} from '../core/protocol/machines.ts';
import type { Note } from '../core/protocol/notes.ts';
import type { MasterOutbox, Sink, WatchSink } from '../core/protocol/outbox.ts';
import type { MasterSettings, NodeSettings } from '../core/protocol/settings.ts';
import type { Memory } from '../core/store/store.ts';

export interface RuntimeSettings<M extends MasterMachine = MasterMachine> {
  readonly master: MasterSettings;
  readonly node: NodeSettings;
  /** V8 old generation of each node's heap in MiB; data lives outside of it. */
  readonly nodeHeapMb: number;
  /** Makes the master machine. */
  readonly createMaster: (parts: { settings: MasterSettings; outbox: MasterOutbox; memory: Memory }) => M;
  /** URL of the module whose `createNode` makes a node machine (default: the real one). Tests give tiny ones. */
  readonly nodeModule?: string;
  /** How long a node may take from its spawn to ready before it counts as failed-to-start (default 10 s). */
  readonly startLimitMs?: number;
  /** Keep one booted worker waiting, so that a dead node's seat is filled in about 1 ms (default true). */
  readonly spare?: boolean;
}

/** What `createNode` of a node module is given: `new Node(parts)`. */
export type { NodeParts } from './drivers/node-parts.ts';

/** Faults on purpose. All return false if no live node sits in the seat. */
export interface Faults {
  /** Terminates the node's thread; the master knows at once. */
  kill(seat: Seat): boolean;
  /** Makes the node throw an uncaught error. */
  crash(seat: Seat): boolean;
  /** Makes the node call process.exit. */
  exit(seat: Seat): boolean;
  /** Makes the node allocate until V8 ends it. */
  exhaustMemory(seat: Seat): boolean;
  /** Blocks the node's thread for `ms`. */
  hang(seat: Seat, ms: number): boolean;
  /** Delays every turn of the node by `ms`, until called with 0 or the node dies. */
  slow(seat: Seat, ms: number): boolean;
}

/** One copy as its node describes it. */
export type CopyStats = CopyDescription;

/** What a node tells about itself without being asked: at most a few hundred ms old. */
export interface NodeStats {
  readonly node: NodeId;
  /** Delay of the node's event loop in the last 15 s, ms. */
  readonly loopDelayMs: { readonly mean: number; readonly max: number };
  readonly copies: readonly CopyStats[];
}

/** What can be asked of the master while it runs. */
export interface MasterInputs {
  /**
   * Hands an operation to the master at once. The sink is called exactly once, never inside this call except for a
   * refusal. May be called before `ready` resolves. A sink must not throw (it would surface as an uncaught exception).
   */
  submit(shard: ShardId, operation: Operation, sink: Sink): MasterCall;
  /**
   * Answers a read that the master knows the answer of. False: it must be submitted; else the sink is called exactly once, soon and
   * not inside this call. Keeps no process alive: the answer needs nothing more to happen.
   */
  readAtOnce(operation: KeyReadOperation, sink: Sink): boolean;
  /** The same without a sink, for who needs no other order; null = submit it. */
  entryAtOnce(operation: KeyReadOperation): Result | null;
  /** The same of a get, if the value is plain bytes and no more than `longest` of them. */
  showAtOnce(key: KeyInPlace, longest: number): ValueInPlace | null;
  valueBound(shard: ShardId, key: string): number;
  /** See MasterMachine; null = not in this turn: submit the read. */
  copyAtOnce(name: string): unknown;
  keepCopy(name: string, key: string, value: unknown): void;
  giveUp(call: MasterCall, reason: 'aborted' | 'timeout'): void;
  /** See MasterMachine. Keeps no process alive. */
  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): MasterWatch;
  unwatch(watch: MasterWatch): void;
  resetShard(shard: ShardId): void;
  reviveSeat(seat: Seat): void;
  /** See MasterMachine. The sink is called exactly once. */
  setMemoryLimit(limit: MemoryLimitChange, sink: Sink): void;
}

export interface Runtime<M extends MasterMachine = MasterMachine> {
  /** Resolves when every seat's first node is up; rejects with KvError START_FAILED (the runtime is closed then). */
  readonly ready: Promise<void>;
  /** For reading its state (status). To ask something of it is for `inputs` alone. */
  readonly master: M;
  readonly inputs: MasterInputs;

  /** Master time: ms since the epoch, monotonic, fractional. */
  now(): number;

  /** Has this thread and every node give back to the system, soon, what memory is not used. */
  purge(): void;

  readonly faults: Faults;
  /** Calls that failed since the start, by code. (To be out of memory is mostly a result: Master.tally.) */
  readonly failures: ReadonlyMap<ErrorCode, number>;
  /** Bytes reserved for data in all nodes, as they last said. */
  memoryBytes(): number;
  /** Stats of the node in each seat, or undefined where none is up. Index 0 is seat 1. */
  nodeStats(): readonly (NodeStats | undefined)[];

  /** Receives every note, in order, outside of any machine's call. Returns how to stop. */
  onNote(listener: (note: Note) => void): () => void;
  /**
   * Receives the one error the runtime cannot survive: the master machine threw. By then everything in flight has failed
   * with CLOSED_IN_FLIGHT / CLOSED and the runtime is closing. Without a listener it is thrown as an uncaught exception.
   */
  onFatal(listener: (error: Error) => void): () => void;
  /** Keeps the process alive until released (for waits that are no calls: settled()). Idempotent release. */
  hold(): () => void;
  /** Fails everything in flight, stops every thread; resolves when all are gone. Idempotent. */
  close(): Promise<void>;
}

/** A refusal or failure as sinks receive it. */
export interface Failure {
  readonly code: ErrorCode;
  readonly details: string;
}

export type { MasterCall, NodeMachine };
