/**
 * Options: everything a run is before its first event, drawn from the seed and nothing else.
 *
 * Owns      the shape of a run: cluster, limits, workload, fault mix; extremes on purpose.
 * Does not  draw anything during the run (scheduler.ts, faults.ts, workload.ts have streams of their own).
 * Invariants
 *   SO1  nodes > replicas: a chain of distinct nodes exists.
 *   SO2  unless `beyond`, faults never take a shard's last healthy copy (faults.ts); a lost shard is then a violation.
 * Why       a mix of its own per run, with kinds fully off: a fault that is always on hides what only shows without it.
 */
import {
  DEFAULT_MASTER_SETTINGS,
  DEFAULT_NODE_SETTINGS,
  type MasterSettings,
  type NodeSettings,
} from '@quintet/engine/internal';
import { Prng } from '@quintet/testkit';

/** Virtual time passes in eighths of a millisecond: exact as a double, so sums never differ between machines. */
export const QUANTUM_MS = 1 / 8;

/** Chance per scheduler step of each kind of fault; 0 = off in this run. */
export interface FaultMix {
  readonly kill: number;
  readonly freeze: number;
  readonly slow: number;
  readonly freezeMaster: number;
  readonly stall: number;
  readonly timeJump: number;
  readonly declare: number;
  /** Chance that a spawn fails, or takes very long. */
  readonly spawnFails: number;
  readonly spawnLate: number;
  /** Multiplies kill and declare while a shard is in the middle of something (promotion, catch-up, seal). */
  readonly ambush: number;
  /** Chance that a kill takes another node with it. */
  readonly several: number;
  /** Chance that the answer to a seal is kept on its way until the shard is sealed again (late-sealed.ts). */
  readonly lateSealed: number;
}

export interface WorkloadMix {
  readonly operations: number;
  readonly clients: number;
  /** Operations a client may have in flight. */
  readonly depth: number;
  readonly keysPerKind: number;
  /** Weights of the kinds of keys (workload.ts). */
  readonly weights: Readonly<{ [kind in KeyKind]: number }>;
  readonly scans: number;
  readonly clears: boolean;
  /** Chance per step that a caller gives up. */
  readonly giveUp: number;
  readonly valueBytes: number;
  readonly ttlMs: number;
  /** Mean pause between two operations, ms. */
  readonly pauseMs: number;
  /** Chance that an operation is a transaction, or on keys that transactions use. */
  readonly transactions: number;
  /** Watchers there may be at once, and the chance per step that one comes or goes. */
  readonly watches: number;
  readonly watchChurn: number;
}

/** r registers · c counters · v compare-and-set · a append · t expiring · g get-and-set · m everything else · w windows · l locks */
export type KeyKind = 'r' | 'c' | 'v' | 'a' | 't' | 'g' | 'm' | 'w' | 'l';
export const KEY_KINDS: readonly KeyKind[] = ['r', 'c', 'v', 'a', 't', 'g', 'm', 'w', 'l'];
/** Drawn by a generator of their own, so that what came later into the workload left the others' weights as they were. */
const LATER_KINDS: readonly KeyKind[] = ['w', 'l'];

export interface Options {
  readonly seed: string;
  readonly master: MasterSettings;
  readonly node: NodeSettings;
  readonly faults: FaultMix;
  readonly workload: WorkloadMix;
  /** Faults may take every copy of a shard. */
  readonly beyond: boolean;
  /** Mean delay of a turn, ms; delays are drawn around it in powers of two. */
  readonly turnMs: number;
  /** Chance that a turn takes only some of what waits on a link. */
  readonly partial: number;
  /** Chance per step that the memory limit is changed, and whether to one that allows eviction. */
  readonly limits: { readonly chance: number; readonly evicts: boolean };
  /**
   * Chance per step that a thread stands still, 0 = none ever does and the master looks for none; how long a node without
   * work stays awake, ms; whether the system tells how long a thread has waited for a processor.
   */
  readonly hangs: { readonly chance: number; readonly restAfterMs: number; readonly tellsWaits: boolean };
  /** Values of one direct read in so many come late, as large ones do: later reads are answered before them. 0 = none. */
  readonly lateValues: number;
  /** A node's time goes on between messages of the master, and is exact; else it is what they bear. */
  readonly nodesKeepTime: boolean;
  /** Callers read what they have just been told of, as soon as they are told. */
  readonly readsWhatIsTold: boolean;
  /** At most so many scheduler steps with faults on. */
  readonly steps: number;
  /** Every message is frozen when sent: a receiver that changes one (a clone in real life) throws. */
  readonly freezeMessages: boolean;
  /** Messages become bytes on their way (codec.ts). */
  readonly codec: boolean;
}

/** Whether an entry may be evicted at some time of the run. */
export function mayEvict({ node, limits }: Options): boolean {
  return node.eviction !== 'noeviction' || (limits.chance > 0 && limits.evicts);
}

/** Whether a write may be refused for want of memory at some time of the run. */
export function mayRefuse({ node, limits }: Options): boolean {
  return node.maxMemoryBytes > 0 || limits.chance > 0;
}

/** A hang limit that no run reaches. Not Infinity: options are written down as JSON. */
export const NEVER_MS = Number.MAX_SAFE_INTEGER;

export function drawOptions(seed: string): Options {
  const prng = new Prng(seed).fork('options');
  const replicas = prng.pick([0, 1, 1, 1, 1, 2, 2, 3, 4]);
  const nodes = Math.min(8, Math.max(2, replicas + 1 + prng.pick([0, 1, 1, 2, 3, 5])));
  const shards = prng.pick([1, 1, 1, 2, 2, 3, 4, 6, 10, prng.chance(0.1) ? 64 : 5]);
  const beyond = prng.chance(0.15);
  const pace = prng.pick([1, 1, 8, 64, 512]);
  const memory = prng.chance(0.15);
  const workload = drawWorkload(prng, pace, memory);
  const master = drawMaster(prng, { nodes, shards, replicas });
  const node = drawNode(prng, memory, nodes, shards * (replicas + 1));
  // A generator of its own, so that what came later into the options left all other seeds as they were.
  const held = new Prng(seed).fork('watch-held');
  const watchHeldBytes = held.chance(0.15) ? 1 + held.below(600) : master.watchHeldBytes;
  const told = new Prng(seed).fork('committed-told');
  const limits = new Prng(seed).fork('limits');
  const faults = drawFaults(prng, replicas === 0 && !beyond);
  const turnMs = prng.pick([QUANTUM_MS, QUANTUM_MS * 2, 1]) * Math.min(pace, 16);
  const { hangLimitMs, ...hangs } = drawHangs(new Prng(seed).fork('hangs'), turnMs);
  const cache = new Prng(seed).fork('read-cache');
  // From a few entries on; 0 = off.
  const small = cache.pick([0, 1_200, 2_500, 6_000, 30_000, 200_000]);
  // Clears are few: what they must end should not have gone before.
  const readCacheBytes = workload.clears && small > 0 ? 200_000 : small;
  return {
    seed,
    master: {
      ...master,
      watchHeldBytes,
      hangLimitMs,
      readCacheBytes,
      hashSeed: node.hashSeed,
      committedEvery: told.chance(0.15) ? 1 + told.below(4) : master.committedEvery,
      maxValueBytes: node.maxValueBytes,
      maxMemoryBytes: node.maxMemoryBytes,
      eviction: node.eviction,
    },
    node,
    faults,
    workload,
    beyond,
    turnMs,
    partial: prng.pick([0, 0.3, 0.6, 0.9]),
    limits: { chance: limits.chance(0.1) ? limits.pick([0.003, 0.02]) : 0, evicts: limits.chance(0.5) },
    hangs,
    nodesKeepTime: new Prng(seed).fork('nodes-keep-time').chance(0.5),
    readsWhatIsTold: cache.chance(0.6),
    lateValues: new Prng(seed).fork('late-values').pick([0, 0, 1, 2, 3]),
    steps: (500 + workload.operations * 12) * (hangs.chance > 0 ? 2 : 1),
    freezeMessages: prng.chance(0.05),
    codec: new Prng(seed).fork('codec').chance(0.3),
  };
}

function drawHangs(prng: Prng, turnMs: number): Options['hangs'] & { hangLimitMs: number } {
  if (!prng.chance(0.3)) return { chance: 0, restAfterMs: 0, tellsWaits: false, hangLimitMs: NEVER_MS };
  const hangLimitMs = Math.max(16, turnMs * prng.pick([64, 256]));
  const restAfterMs = prng.pick([0, 1 / 4, 2]) * hangLimitMs;
  return { chance: prng.pick([0.002, 0.01]), restAfterMs, tellsWaits: prng.chance(0.5), hangLimitMs };
}

function drawMaster(prng: Prng, shape: { nodes: number; shards: number; replicas: number }): MasterSettings {
  const tight = prng.chance(0.3);
  return {
    ...DEFAULT_MASTER_SETTINGS,
    ...shape,
    filterSlots: prng.pick([1, 2, 8, 64, 1024]),
    creditOperations: tight ? 1 + prng.below(4) : prng.pick([8, 64, 2048]),
    creditBytes: prng.chance(0.2) ? 1 + prng.below(400) : DEFAULT_MASTER_SETTINGS.creditBytes,
    waitingOperations: prng.chance(0.2) ? prng.below(8) : 10_000,
    waitingBytes: prng.chance(0.1) ? 200 + prng.below(1000) : DEFAULT_MASTER_SETTINGS.waitingBytes,
    youngMs: prng.pick([0, 5, 200]),
    crashLoopDeaths: prng.pick([2, 4, 12]),
    backOffMs: prng.pick([1, 20, 100]),
    backOffMaxMs: prng.pick([20, 500, 2000]),
    seatGraceMs: prng.pick([0, 0, 5, 250]),
    clockEveryMs: prng.pick([10, 100, 1000]),
    historyChanges: prng.pick([1, 3, 20, 4096]),
    historyBytes: prng.chance(0.2) ? 1 + prng.below(2000) : DEFAULT_MASTER_SETTINGS.historyBytes,
    watchLingerMs: prng.pick([0, 20, 30_000]),
    watchProgressEveryMs: prng.pick([0, 5, 1_000]),
  };
}

function drawNode(prng: Prng, memory: boolean, nodes: number, copies: number): NodeSettings {
  const perCopy = 6_000 + prng.below(12_000);
  return {
    ...DEFAULT_NODE_SETTINGS,
    hashSeed: prng.below(1 << 30),
    maxMemoryBytes: memory ? Math.ceil(copies / nodes) * perCopy : 0,
    eviction: memory && prng.chance(0.5) ? 'allkeys-lru' : 'noeviction',
    maxValueBytes: prng.chance(0.2) ? 64 : DEFAULT_NODE_SETTINGS.maxValueBytes,
    sliceEntries: prng.pick([1, 1, 2, 3, 8, 512]),
    sliceBytes: prng.chance(0.2) ? 1 + prng.below(100) : DEFAULT_NODE_SETTINGS.sliceBytes,
    slicesAhead: prng.pick([1, 1, 2, 4]),
    expireExamine: prng.pick([1, 4, 512]),
    expireRemove: prng.pick([1, 2, 64]),
    expireEveryMs: prng.pick([1, 10, 100]),
    useTickMs: prng.pick([1, 1000]),
    patchesFrom: prng.fork('patches').pick([0, 2, DEFAULT_NODE_SETTINGS.patchesFrom]),
  };
}

function drawFaults(prng: Prng, harmless: boolean): FaultMix {
  const some = (chance: number, rates: readonly number[]): number => (prng.chance(chance) ? prng.pick(rates) : 0);
  const kill = some(0.85, [0.001, 0.003, 0.01]);
  const declare = some(0.5, [0.001, 0.003]);
  const mix = {
    freeze: some(0.4, [0.001, 0.005]),
    slow: some(0.3, [0.001, 0.005]),
    freezeMaster: some(0.25, [0.001, 0.003]),
    stall: some(0.5, [0.002, 0.02]),
    timeJump: some(0.3, [0.0005, 0.002]),
    spawnFails: some(0.3, [0.1, 0.4]),
    spawnLate: some(0.4, [0.2, 0.5]),
    ambush: prng.pick([1, 1, 5, 20]),
    several: some(0.4, [0.2, 0.5]),
    lateSealed: prng.fork('late-sealed').pick([0, 0.2, 0.8]),
  };
  // Without replicas every death loses a shard: only what kills nobody is left.
  return harmless ? { ...mix, kill: 0, declare: 0, several: 0, lateSealed: 0 } : { ...mix, kill, declare };
}

function drawWorkload(prng: Prng, pace: number, memory: boolean): WorkloadMix {
  const weights = { r: 0, c: 0, v: 0, a: 0, t: 0, g: 0, m: 0, w: 0, l: 0 };
  const later = prng.fork('later-kinds');
  for (const kind of KEY_KINDS) {
    const source = LATER_KINDS.includes(kind) ? later : prng;
    if (source.chance(0.6)) weights[kind] = 1 + source.below(4);
  }
  if (KEY_KINDS.every((kind) => weights[kind] === 0)) weights.r = 1;
  return {
    operations: prng.pick([30, 60, 120, 120, 240, 400]),
    clients: prng.pick([1, 2, 4, 8]),
    depth: prng.pick([1, 2, 8, 32]),
    keysPerKind: memory ? 24 : prng.pick([1, 2, 3, 8]),
    weights,
    scans: prng.chance(0.4) ? 0.05 : 0,
    clears: prng.chance(0.15),
    giveUp: prng.chance(0.4) ? prng.pick([0.01, 0.08]) : 0,
    valueBytes: memory ? 700 : prng.pick([0, 10, 200]),
    ttlMs: prng.pick([2, 30, 1000]) * pace,
    pauseMs: prng.pick([QUANTUM_MS, 1, 4]) * pace,
    transactions: prng.chance(0.65) ? prng.pick([0.1, 0.3, 0.6]) : 0,
    watches: prng.chance(0.6) ? 1 + prng.below(4) : 0,
    watchChurn: prng.pick([0.005, 0.03]),
  };
}
