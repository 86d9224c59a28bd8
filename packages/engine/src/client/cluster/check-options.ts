/**
 * checkOptions: ClusterOptions to the settings of master, nodes and runtime, or an INVALID_OPTION that says which option
 * is wrong, what it was given and what it takes.
 *
 * Owns      names, ranges, contradictions between options, and what follows from an option for a setting.
 * Does not  hold defaults of its own for what core/protocol/settings.ts decides.
 */
import { randomInt } from 'node:crypto';
import { totalmem } from 'node:os';
import { TRANSACTION_OUTCOME_BYTES_MAX } from '../../core/data/group/limits.ts';
import { KvError } from '../../core/protocol/errors.ts';
import { SEATS_MAX } from '../../core/protocol/ids.ts';
import type { MemoryLimitChange } from '../../core/protocol/machines.ts';
import {
  type Credit,
  DEFAULT_MASTER_SETTINGS,
  DEFAULT_NODE_SETTINGS,
  type MasterSettings,
  type MemoryLimit,
  type NodeSettings,
} from '../../core/protocol/settings.ts';
import { HASH_SLOTS } from '../../core/protocol/slot.ts';
import type { ExecutorLimits } from '../../executor/executor.ts';
import { checkCount, checkFlag, checkNames, invalidOption } from '../store/call-options.ts';
import type { ClusterOptions, MemoryLimitOptions } from './options.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the options come to. */
export interface ClusterSettings {
  readonly master: MasterSettings;
  readonly node: NodeSettings;
  readonly limits: ExecutorLimits;
  /** With what values on their way need (`valueHeapMb`). */
  readonly nodeHeapMb: number;
  readonly chaos: boolean;
}

/** As much as the read cache can address. */
const READ_CACHE_MAX = 16 * 1024 * MIB;

/** Least and most of every option that is a whole number. */
const RANGES = {
  nodes: [1, SEATS_MAX - 1],
  shards: [1, HASH_SLOTS],
  replicas: [0, SEATS_MAX - 2],
  maxMemory: [0, Number.MAX_SAFE_INTEGER],
  readCache: [0, READ_CACHE_MAX],
  maxKeyBytes: [1, 64 * KIB],
  // V8's longest string is a little shorter than 512 MiB.
  maxValueBytes: [1, 511 * MIB],
  maxWaitingOperations: [1, 2 ** 24],
  maxWaitingBytes: [1, Number.MAX_SAFE_INTEGER],
  hangLimitMs: [50, 3_600_000],
  nodeHeapMb: [32, 65_536],
  watchHistory: [1, 2 ** 24],
  watchHistoryBytes: [1, Number.MAX_SAFE_INTEGER],
  hashSeed: [0, 2 ** 32 - 1],
} as const satisfies { [Name in keyof ClusterOptions]?: readonly [number, number] };

const NAMES: ReadonlySet<string> = new Set<keyof ClusterOptions>([
  ...(Object.keys(RANGES) as (keyof typeof RANGES)[]),
  'eviction',
  'chaos',
]);

const POLICIES = ['noeviction', 'allkeys-lru'] as const;

/** Less than this a node could not hold a few entries of each of its copies. */
const MEMORY_MIN = MIB;
/** What one shard has in flight is at most this part of a node's memory. */
const SHARD_PART = 64;
const DEFAULT_NODE_HEAP_MB = 128;
const CREDIT_MIN = 16 * KIB;
/** Of all shards together, at most so much credit beyond that: one node may come to be the primary of all of them. */
const CREDIT_OF_ALL = 128 * MIB;
/** Of values in uncommitted logs: as they came, as they are evaluated (a string put together is made twice), as they are sent. */
const HEAP_COPIES = 3;
/** Longest values on a heap beyond credit: answers on their way, slices for a learner, one being evaluated or stored. */
const HEAP_VALUES = 6;

/** @throws {KvError} INVALID_OPTION */
export function checkOptions(options: ClusterOptions = {}): ClusterSettings {
  checkNames(options, NAMES, 'option');
  checkFlag('chaos', options.chaos);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    checkCount(name, options[name as keyof typeof RANGES], least, most);
  }
  const master = masterSettings(options);
  checkReplicas(master, options);
  checkMemory(options);
  checkReadCache(options);
  const node = nodeSettings(options);
  return {
    master: { ...master, hashSeed: node.hashSeed },
    node,
    limits: {
      maxKeyBytes: options.maxKeyBytes ?? RANGES.maxKeyBytes[1],
      maxValueBytes: options.maxValueBytes ?? DEFAULT_NODE_SETTINGS.maxValueBytes,
    },
    nodeHeapMb: (options.nodeHeapMb ?? DEFAULT_NODE_HEAP_MB) + valueHeapMb(master),
    chaos: options.chaos ?? false,
  };
}

/**
 * MiB of a node's V8 heap for values on their way, besides `nodeHeapMb`: a value that does not fit ends the process, and not
 * only the node, so no option may take this away. It is a limit, nothing is reserved:
 *
 *   shards x mostCreditBytes(shards)                        what is below LARGE_BYTES
 *   HEAP_COPIES x max(largeWriteBytes, one operation)       records that are not committed
 *   HEAP_VALUES x maxValueBytes                             what is read, streamed and evaluated beside them
 *
 * where one operation is a value and what was there before, or a transaction.
 *
 * Reasoned, and more than is needed: of text of 32 MiB in two-byte form, for which this comes to 12 values, a node needs 2 for puts
 * one by one, six at once, or six appends, and 1 for six reads or a transaction (packages/bench/src/heap-cost.ts).
 */
function valueHeapMb({ shards, largeWriteBytes, maxValueBytes }: MasterSettings): number {
  const oneOperation = 2 * Math.max(maxValueBytes, TRANSACTION_OUTCOME_BYTES_MAX);
  const records = HEAP_COPIES * Math.max(largeWriteBytes, oneOperation);
  return Math.ceil((shards * mostCreditBytes(shards) + records + HEAP_VALUES * maxValueBytes) / MIB);
}

function checkReplicas({ nodes, replicas }: MasterSettings, options: ClusterOptions): void {
  if (replicas < nodes) return;
  // The one contradiction that a default can cause: { nodes: 1 } means one node, and one node has no replicas.
  const hint = options.replicas === undefined ? ' (its default is 1; say replicas: 0)' : '';
  throw new KvError('INVALID_OPTION', `replicas must be less than nodes, got ${replicas} of ${nodes}${hint}`);
}

function checkMemory({ maxMemory = 0, eviction }: ClusterOptions): void {
  checkPolicy(eviction);
  if (eviction === 'allkeys-lru' && maxMemory === 0) {
    throw new KvError(
      'INVALID_OPTION',
      'eviction allkeys-lru needs maxMemory: without a limit nothing is ever evicted',
    );
  }
  if (maxMemory !== 0 && maxMemory < MEMORY_MIN) {
    throw invalidOption('maxMemory', `0 (unlimited) or at least ${MEMORY_MIN} bytes for each node`, maxMemory);
  }
}

/** It lies in this process beside the nodes' data: one that fits no more would take the whole machine down when it is full. */
function checkReadCache({ readCache = 0 }: ClusterOptions): void {
  if (readCache <= totalmem()) return;
  throw invalidOption('readCache', `less than the memory of this machine, ${totalmem()} bytes`, readCache);
}

function checkPolicy(eviction: ClusterOptions['eviction']): void {
  if (eviction === undefined || POLICIES.includes(eviction)) return;
  throw invalidOption('eviction', POLICIES.join(' or '), eviction);
}

const LIMIT_NAMES: ReadonlySet<string> = new Set<keyof MemoryLimitOptions>(['maxMemory', 'eviction']);

/**
 * The limit that a change of `present` comes to. Of a running cluster less is refused than of one to be started: eviction
 * without a limit, and a limit nothing fits in, are steps on the way to another, or how a cluster is made to refuse writes.
 * @throws {KvError} INVALID_OPTION
 */
export function checkMemoryLimit(
  options: MemoryLimitOptions,
  present: MemoryLimit,
  cluster: Pick<MasterSettings, 'shards' | 'maxValueBytes'>,
): MemoryLimitChange {
  checkNames(options, LIMIT_NAMES, 'option');
  const { maxMemory = present.maxMemoryBytes, eviction = present.eviction } = options;
  checkCount('maxMemory', maxMemory, ...RANGES.maxMemory);
  checkPolicy(eviction);
  return { maxMemoryBytes: maxMemory, eviction, ...creditOf(maxMemory, cluster) };
}

function masterSettings(options: ClusterOptions): MasterSettings {
  const defaults = DEFAULT_MASTER_SETTINGS;
  const maxMemory = options.maxMemory ?? 0;
  const maxValueBytes = options.maxValueBytes ?? defaults.maxValueBytes;
  const shards = options.shards ?? defaults.shards;
  return {
    ...defaults,
    nodes: options.nodes ?? defaults.nodes,
    shards,
    replicas: options.replicas ?? defaults.replicas,
    maxValueBytes,
    maxMemoryBytes: maxMemory,
    eviction: options.eviction ?? 'noeviction',
    readCacheBytes: options.readCache ?? defaults.readCacheBytes,
    ...creditOf(maxMemory, { shards, maxValueBytes }),
    hangLimitMs: options.hangLimitMs ?? defaults.hangLimitMs,
    waitingOperations: options.maxWaitingOperations ?? defaults.waitingOperations,
    waitingBytes: options.maxWaitingBytes ?? defaults.waitingBytes,
    historyChanges: options.watchHistory ?? defaults.historyChanges,
    historyBytes: options.watchHistoryBytes ?? defaults.historyBytes,
  };
}

function creditOf(maxMemory: number, cluster: Pick<MasterSettings, 'shards' | 'maxValueBytes'>): Credit {
  const bytes = creditBytes(maxMemory, cluster.shards);
  return { creditBytes: bytes, blockCreditBytes: Math.ceil(bytes * blockPart(maxMemory, cluster.maxValueBytes)) };
}

/** Bytes a shard may have in flight without a limit of memory. */
function mostCreditBytes(shards: number): number {
  return Math.min(DEFAULT_MASTER_SETTINGS.creditBytes, Math.max(CREDIT_MIN, Math.floor(CREDIT_OF_ALL / shards)));
}

/**
 * Bytes a shard may have in flight. A node stops taking writes at 15/16 of its memory, and the last sixteenth is for what
 * is in flight then: so that of one shard must be a part of it.
 */
function creditBytes(maxMemory: number, shards: number): number {
  const most = mostCreditBytes(shards);
  return maxMemory === 0 ? most : Math.min(most, Math.max(CREDIT_MIN, Math.floor(maxMemory / SHARD_PART)));
}

/**
 * What one block takes of that: a part, unless so many of the longest as then fit were more than may be in flight. A replica
 * takes whatever it is sent, so they would lie in it beyond its memory.
 */
function blockPart(maxMemory: number, maxValueBytes: number): number {
  const part = DEFAULT_MASTER_SETTINGS.blockCreditBytes / DEFAULT_MASTER_SETTINGS.creditBytes;
  return Math.max(part, maxMemory === 0 ? 0 : (SHARD_PART * maxValueBytes) / maxMemory);
}

function nodeSettings(options: ClusterOptions): NodeSettings {
  const defaults = DEFAULT_NODE_SETTINGS;
  return {
    ...defaults,
    hashSeed: options.hashSeed ?? randomInt(2 ** 32),
    maxMemoryBytes: options.maxMemory ?? 0,
    eviction: options.eviction ?? 'noeviction',
    maxValueBytes: options.maxValueBytes ?? defaults.maxValueBytes,
  };
}
