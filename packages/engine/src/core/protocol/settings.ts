/**
 * Settings the machines run with: every limit in one place, with its unit in its name. Options of the public API are
 * checked and mapped onto these by client/; the simulator draws extreme ones.
 */

/** What a node may hold, and what it does at that limit. It may change while the cluster runs (messages.ts, memory-limit). */
export interface MemoryLimit {
  /** Bytes of slabs and indexes the node may hold; 0 = unlimited. */
  readonly maxMemoryBytes: number;
  readonly eviction: 'noeviction' | 'allkeys-lru';
}

export interface NodeSettings extends MemoryLimit {
  /** Seed of the key hash, the same on every node of a cluster: cursors and streams rely on one hash order. */
  readonly hashSeed: number;
  readonly maxValueBytes: number;
  /** Of values longer than this a record of SETBIT, SETRANGE or APPEND bears only what changes. */
  readonly patchesFrom: number;
  /** Entries and bytes in one slice of a stream to a learner. */
  readonly sliceEntries: number;
  readonly sliceBytes: number;
  /** Slices a stream may be ahead of the learner's acknowledgements. */
  readonly slicesAhead: number;
  /** Entries examined by one slice of active expiry, and keys removed by it. */
  readonly expireExamine: number;
  readonly expireRemove: number;
  /** Milliseconds of master time between rounds of active expiry. */
  readonly expireEveryMs: number;
  /** Milliseconds per step of the use clock that LRU compares. */
  readonly useTickMs: number;
}

/** What a shard may have in flight, in bytes; it follows from the memory limit. */
export interface Credit {
  /** Of numbered requests and direct reads without answer. */
  readonly creditBytes: number;
  /** The most of them that one block takes, which is on no heap: it must not keep all others of its shard waiting. */
  readonly blockCreditBytes: number;
}

/** The memory limit is that of the nodes' settings: those they start with. */
export interface MasterSettings extends MemoryLimit, Credit {
  readonly nodes: number;
  readonly shards: number;
  /** Copies besides the primary. */
  readonly replicas: number;
  /** As the nodes' settings say: transactions over several shards are evaluated by the master. */
  readonly maxValueBytes: number;
  /** Bytes of the read cache; 0 = none (master/read-cache/read-cache.ts). */
  readonly readCacheBytes: number;
  /** As the nodes' settings say: what was answered from the cache is told them by the hash of its key. */
  readonly hashSeed: number;
  /** Slots of each shard's order filter (a power of two). */
  readonly filterSlots: number;
  /** Numbered requests and direct reads a shard may have unanswered. */
  readonly creditOperations: number;
  /** Bytes of large values that logs of all shards together may hold uncommitted (one operation always fits). */
  readonly largeWriteBytes: number;
  /** After so many accepted answers a primary that received no request since gets a Committed message. */
  readonly committedEvery: number;
  /** Operations that may wait for credit, cluster-wide, and their bytes; beyond that BUSY. */
  readonly waitingOperations: number;
  readonly waitingBytes: number;
  /** A life shorter than this counts as a crash on start; so many of them in a row stop the seat. */
  readonly youngMs: number;
  readonly crashLoopDeaths: number;
  /** Delay before the start after a first young death; doubles with each further one up to the maximum. */
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
  /** How long repair waits for a dead node's seat to be filled before it burdens another node. */
  readonly seatGraceMs: number;
  /** A node that makes no progress for so long, in time in which the master does, is declared dead. */
  readonly hangLimitMs: number;
  /** How often idle nodes receive the time, so that expiry continues without traffic. */
  readonly clockEveryMs: number;
  /** The same while there are no operations at all: nodes may sleep in between, and one that cannot wake is detected by it. */
  readonly idleClockEveryMs: number;
  /** Changes, and their bytes, remembered per shard for watchers that resume. */
  readonly historyChanges: number;
  readonly historyBytes: number;
  /** The shortest time between two rounds of progress notifications to watches, unless history turns over faster. */
  readonly watchProgressEveryMs: number;
  /** How long a filter stays marked after its last watcher has ended. */
  readonly watchLingerMs: number;
  /** Bytes of changes, of all shards, that may be queued behind a transaction in progress. */
  readonly watchHeldBytes: number;
}

export const DEFAULT_NODE_SETTINGS: NodeSettings = {
  hashSeed: 0,
  maxMemoryBytes: 0,
  eviction: 'noeviction',
  maxValueBytes: 16 * 1024 * 1024,
  patchesFrom: 4096,
  sliceEntries: 128,
  sliceBytes: 64 * 1024,
  slicesAhead: 4,
  expireExamine: 512,
  expireRemove: 64,
  expireEveryMs: 20,
  useTickMs: 1000,
};

export const DEFAULT_MASTER_SETTINGS: MasterSettings = {
  nodes: 5,
  shards: 10,
  replicas: 1,
  maxValueBytes: 16 * 1024 * 1024,
  maxMemoryBytes: 0,
  eviction: 'noeviction',
  readCacheBytes: 64 * 1024 * 1024,
  hashSeed: 0,
  filterSlots: 4096,
  creditOperations: 2048,
  creditBytes: 8 * 1024 * 1024,
  blockCreditBytes: 2 * 1024 * 1024,
  largeWriteBytes: 64 * 1024 * 1024,
  committedEvery: 1024,
  waitingOperations: 262_144,
  waitingBytes: 256 * 1024 * 1024,
  youngMs: 200,
  crashLoopDeaths: 12,
  backOffMs: 20,
  backOffMaxMs: 2_000,
  seatGraceMs: 250,
  hangLimitMs: 500,
  clockEveryMs: 100,
  idleClockEveryMs: 1000,
  historyChanges: 16_384,
  historyBytes: 4 * 1024 * 1024,
  watchProgressEveryMs: 1_000,
  watchLingerMs: 30_000,
  watchHeldBytes: 64 * 1024 * 1024,
};
