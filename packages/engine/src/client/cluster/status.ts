/**
 * What a cluster tells about itself: status() and the typed events. Plain data, safe to print as JSON.
 */
import type { DeathReason } from '../../core/protocol/notes.ts';

/** What a seat is doing. */
export type NodeHealth =
  /** In its seat and answering. */
  | 'up'
  /** A worker is being started for the seat. */
  | 'starting'
  /** Crash-looping: the next start waits for the back-off. */
  | 'backing-off'
  /** Crash-looped too often: no more starts until `reviveNode`. */
  | 'stopped';

/** A seat and the node in it. */
export interface NodeStatus {
  /** The seat: `n3`. */
  node: string;
  /** Which life sits there: `n3#2` is incarnation 2. 0 before the first. */
  incarnation: number;
  health: NodeHealth;
  /** Copies held: as primary, as replica, as learner. */
  primaries: number;
  replicas: number;
  learners: number;
  /** Keys over all copies of the node. */
  keys: number;
  /** Bytes of slabs and indexes, against `maxMemory` (0 = unlimited). */
  memoryBytes: number;
  maxMemory: number;
  /**
   * It has no room: writes that need some were refused with OUT_OF_MEMORY, and are until it has given back a 32nd of its
   * limit. From the event `memory-full` to `memory-freed`.
   */
  memoryFull: boolean;
  /** Mean and worst delay of the node's event loop in the last 15 s, ms, whoever asks how often. */
  loopDelayMs: { mean: number; max: number };
  /** Starts of this seat after the first. */
  restarts: number;
}

/** `ok` = all copies in sync; `degraded` = serving with fewer; `lost` = every copy gone. */
export type ShardHealth = 'ok' | 'degraded' | 'lost';

/** As of the shards, and `full` = some node has no room, so that writes are refused; worst last: ok, degraded, full, lost. */
export type ClusterHealth = ShardHealth | 'full';

/** A shard: where its copies are, and how much they hold. */
export interface ShardStatus {
  /** Its number, from 0. */
  shard: number;
  /** First and last hash slot. */
  slots: readonly [number, number];
  /** If `lost`, see resetShard. */
  health: ShardHealth;
  /** Primary first, tail last: `['n1#1', 'n4#2']`. */
  chain: readonly string[];
  /** The copy that is catching up, or null. */
  learner: string | null;
  /** Grows with every change of the chain. */
  epoch: number;
  /** Last answer accepted: what callers have been told is done. */
  committedSeq: number;
  /** Copies in the chain, and how many there should be. */
  inSync: number;
  wanted: number;
  /** Of one copy: entries (those past their deadline but not yet removed included), and bytes of the live ones. */
  keys: number;
  /** Of these, how many have a time to live. */
  expiring: number;
  bytes: number;
}

/** Numbers since the start, unless they say otherwise. */
export interface ClusterCounters {
  /** Operations done since the start. */
  reads: number;
  writes: number;
  /** Entries that operations changed or removed; to clear a shard counts as one. */
  changes: number;
  /**
   * Reads of an entry that found it, and that did not, whichever front they came by: getMany, steps of transactions and writes
   * that answer what was there before included, scans not.
   */
  hits: number;
  misses: number;
  /** Calls that failed with BUSY, with OUT_OF_MEMORY, with TIMEOUT (or TIMEOUT_IN_FLIGHT); not those a handle refused in its thread. */
  busy: number;
  outOfMemory: number;
  timeouts: number;
  /** Operations in flight, and waiting for credit, now. */
  inFlight: number;
  waiting: number;
  nodeDeaths: number;
  promotions: number;
  learnersJoined: number;
  shardsLost: number;
  /** Keys removed by the present primaries, since each of their copies began. */
  expired: number;
  evicted: number;
}

/** Values this thread has, and answers reads by (option `readCache`). */
export interface ReadCacheStatus {
  /** What it takes now, and may take at most. */
  bytes: number;
  maxBytes: number;
  /** Entries in it. */
  keys: number;
  /** Reads answered by it since the start; they are among the reads and hits of the counters. */
  hits: number;
}

/** What `status()` tells. Times are ms, sizes bytes. */
export interface ClusterStatus {
  /** ok, or the worst of its shards and nodes. */
  health: ClusterHealth;
  uptimeMs: number;
  /** Copies wanted of each shard besides its primary. */
  replicas: number;
  nodes: NodeStatus[];
  shards: ShardStatus[];
  readCache: ReadCacheStatus;
  counters: ClusterCounters;
}

/** Why a node died: killed on command, an uncaught error, process.exit, its heap limit, the hang limit, or it never came up. */
export type { DeathReason };

/**
 * Every event a cluster emits, by name. `at` is ms since the epoch. `node` is a life (`n3#2`), but a seat (`n3`) where no
 * one sits in it.
 */
export interface ClusterEvents {
  'node-up': { at: number; node: string };
  'node-down': { at: number; node: string; reason: DeathReason; detail: string };
  /** A replica became the primary of a shard. */
  promoted: { at: number; shard: number; node: string; epoch: number };
  'learner-started': { at: number; shard: number; node: string; source: string };
  'learner-joined': { at: number; shard: number; node: string; tookMs: number };
  /** A shard has all its copies again; `tookMs` since it lost the first of them. */
  'shard-restored': { at: number; shard: number; tookMs: number };
  /** Every shard has all its copies again; `tookMs` since the first was missing. */
  'redundancy-restored': { at: number; tookMs: number };
  'shard-lost': { at: number; shard: number };
  'shard-reset': { at: number; shard: number };
  'node-backing-off': { at: number; node: string; delayMs: number };
  'node-stopped': { at: number; node: string };
  /** A node has no room: writes that need some are refused with OUT_OF_MEMORY. Sizes in bytes. */
  'memory-full': { at: number; node: string; memoryBytes: number; maxMemory: number };
  /** That is over: the node has given back a 32nd of its limit, has another limit, or is dead. */
  'memory-freed': { at: number; node: string; memoryBytes: number; maxMemory: number };
  /** A bug in Quintet stopped the whole cluster; it is closed. Without a listener it is an uncaught exception. */
  error: Error;
}

/** `node-up`, `promoted` … */
export type ClusterEventName = keyof ClusterEvents;
