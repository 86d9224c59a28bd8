/**
 * ClusterOptions: everything a cluster can be started with. check-options.ts checks it before anything is started.
 */

/**
 * What a node at `maxMemory` does with a write that needs room: `noeviction` refuses it with OUT_OF_MEMORY, `allkeys-lru`
 * removes entries that were not used for long, with a deadline or without.
 */
export type EvictionPolicy = 'noeviction' | 'allkeys-lru';

/** What `setMemoryLimit` takes. What is left out stays as it is. */
export interface MemoryLimitOptions {
  /** Bytes of data each node may hold; 0 = unlimited. */
  maxMemory?: number;
  /** What a full node does with a write. Without a limit nothing is evicted. */
  eviction?: EvictionPolicy;
}

/** What nodes may hold now, and what a full one does. */
export interface ClusterMemoryLimit {
  /** Bytes of data each node may hold; 0 = unlimited. */
  readonly maxMemory: number;
  readonly eviction: EvictionPolicy;
}

/**
 * What `Cluster.start` takes; every field may be left out. Sizes are bytes and times milliseconds, unless the name says
 * otherwise. What is unknown, out of range or contradicts another is refused with INVALID_OPTION.
 */
export interface ClusterOptions {
  /** Worker threads that hold data (default 5, 1 to 255). */
  nodes?: number;
  /** Shards the keys are spread over (default 10, 1 to 16384). */
  shards?: number;
  /** Copies of each shard besides its primary (default 1, less than `nodes`). */
  replicas?: number;
  /** Bytes of data each node may hold (default 0 = unlimited, else at least 1 MiB). See also setMemoryLimit. */
  maxMemory?: number;
  /**
   * What a full node does with a write: refuse it with OUT_OF_MEMORY (`noeviction`, the default), or evict what was used
   * least lately (`allkeys-lru`, needs `maxMemory`).
   */
  eviction?: EvictionPolicy;
  /**
   * Bytes of this process's memory for values that were read lately, so that reads of them need not go to a node (default 64 MiB, 0 =
   * none; at most the machine's memory and 16 GiB). It fills as keys are read. Reads by it are as fresh as all others.
   */
  readCache?: number;
  /** Longest key in bytes (default 64 KiB, at most 64 KiB). */
  maxKeyBytes?: number;
  /** Longest value in bytes (default 16 MiB, at most 511 MiB). */
  maxValueBytes?: number;
  /** Operations that may wait before BUSY (default 262,144), and the bytes of their keys and values (default 256 MiB). */
  maxWaitingOperations?: number;
  maxWaitingBytes?: number;
  /**
   * A node that makes no progress for so long, while the main thread does, is declared dead (default 500 ms, at least 50).
   * With long values it is given 20 ms more for each MiB of the longest: they are handled in one go. One that holds the last
   * copy of a shard is given ten times as long as all that: the shard would be lost with it.
   */
  hangLimitMs?: number;
  /**
   * V8 heap of each node in MiB (default 128, at least 32), for what it needs besides values on their way: those get room of
   * their own beyond it. Data lies outside of the heap.
   */
  nodeHeapMb?: number;
  /**
   * Changes of each shard remembered for watches that come back with their position (default 16,384, at most 16,777,216), and
   * bytes of their keys and values (default 4 MiB). Only what somebody watches is remembered.
   */
  watchHistory?: number;
  watchHistoryBytes?: number;
  /** Allow cluster.chaos (default false). */
  chaos?: boolean;
  /** Seed of the key hash (default random): the same seed gives the same placement of keys inside a shard. */
  hashSeed?: number;
}
