/**
 * ClusterApi: the public face of a running cluster, as the server and the tools see it. `Cluster` implements it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Executor } from '../../executor/executor.ts';
import type { Store } from '../store/store.ts';
import type { ClusterEmitter } from './cluster-events.ts';
import type { ClusterMemoryLimit, MemoryLimitOptions } from './options.ts';
import type { ClusterEventName, ClusterEvents, ClusterStatus } from './status.ts';

/** Faults on purpose; every method throws CHAOS_DISABLED without the option `chaos: true`, UNKNOWN_NODE for no such node. */
export interface Chaos {
  /** Terminates the node's thread at once. */
  kill(node: string): void;
  /** Makes the node throw an uncaught error. */
  crash(node: string): void;
  /** Makes the node call process.exit. */
  exit(node: string): void;
  /** Makes the node allocate until V8 ends it. */
  exhaustMemory(node: string): void;
  /** Blocks the node's thread for `ms` milliseconds. */
  hang(node: string, ms: number): void;
  /** Delays every turn of the node by `ms` milliseconds until called with 0 (or the node dies). */
  slow(node: string, ms: number): void;
}

/** What goes to another thread: a MessagePort, so it must be in the transfer list. */
export type ClusterHandle = MessagePort;

/**
 * A running cluster: a Store, and what concerns nodes and shards. After `close()` every method but `close`, `on`, `off` and
 * `once` fails with CLOSED. Where a node is named, `n3` means the node in that seat now and `n3#2` only that life of it.
 */
export interface ClusterApi extends Store, AsyncDisposable {
  /** The operation level under Store. */
  readonly executor: Executor;
  readonly chaos: Chaos;
  /** Whether the cluster was started with `chaos: true`. */
  readonly chaosAllowed: boolean;
  /**
   * The emitter behind on, once and off, for `once` and `on` of node:events. A listener keeps no process alive: only
   * calls in flight, settled() and waiting for the next change of a watch do.
   */
  readonly events: ClusterEmitter;
  /** What the cluster is doing now, as plain data. Keys and bytes are up to a few hundred milliseconds old. CLOSED. */
  status(): ClusterStatus;
  /** A name that is no event is refused, here, by `off` and by `once`: INVALID_OPTION, with the name that was meant. */
  on<N extends ClusterEventName>(event: N, listener: (detail: ClusterEvents[N]) => void): this;
  off<N extends ClusterEventName>(event: N, listener: (detail: ClusterEvents[N]) => void): this;
  once<N extends ClusterEventName>(event: N, listener: (detail: ClusterEvents[N]) => void): this;
  /** Resolves when every shard has all its copies, every seat is filled (or stopped) and nothing is moving. ABORTED, TIMEOUT, CLOSED. */
  settled(options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<void>;
  /** Begins a lost shard anew, empty: what it held is gone. NOT_LOST, UNKNOWN_SHARD. */
  resetShard(shard: number): void;
  /** Starts a seat again that was stopped for crash-looping (`n3`); one that is up is left alone. UNKNOWN_NODE. */
  reviveNode(node: string): void;
  /** What nodes may hold now, and what a full one does. */
  readonly memoryLimit: ClusterMemoryLimit;
  /**
   * Changes what nodes may hold, and what a full one does, for those that are there and those to come; resolves when all work
   * by it. What is asked after the call is judged by the new limit (or a later one). INVALID_OPTION, CLOSED.
   */
  setMemoryLimit(limit: MemoryLimitOptions): Promise<void>;
  /** Whether writes that need room in a shard are refused with OUT_OF_MEMORY now. */
  refusesGrowth(shard: number): boolean;
  /** Bytes that all nodes hold for data, as they last said (while they work: 5 times a second); 0 once closed. */
  memoryBytes(): number;
  /**
   * Gives memory that is not used back to the system now, in this thread and every node: a full garbage collection each, so
   * some milliseconds. Nodes do it by themselves within seconds after much was removed. Nothing once closed.
   */
  releaseMemory(): void;
  /** For `attach(handle)` in another worker thread of this process; each handle serves one attach. */
  handle(): ClusterHandle;
  /** Stops every thread. Calls in flight fail with CLOSED or CLOSED_IN_FLIGHT. Idempotent. */
  close(): Promise<void>;
}
