/**
 * describeStatus: ClusterStatus from what the master machine knows and what the nodes tell.
 *
 * Owns      putting the two together. Keys and bytes of a shard are its primary's; those of a node are of all its copies.
 * Does not  keep anything between two calls, or change what it reads.
 */

import type { Master } from '../../core/master/master.ts';
import type { SeatState } from '../../core/master/membership/seats.ts';
import type { ShardControl } from '../../core/master/shard/shard-control.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import { incarnationOf, NOBODY, nodeId, nodeName, seatName } from '../../core/protocol/ids.ts';
import type { MasterSettings } from '../../core/protocol/settings.ts';
import { slotsOf } from '../../core/protocol/slot.ts';
import type { CopyStats, NodeStats, Runtime } from '../../runtime/runtime.ts';
import type {
  ClusterCounters,
  ClusterHealth,
  ClusterStatus,
  NodeStatus,
  ReadCacheStatus,
  ShardStatus,
} from './status.ts';

/** Counters of what happened, kept from notes. */
export type EventCounters = Pick<ClusterCounters, 'nodeDeaths' | 'promotions' | 'learnersJoined' | 'shardsLost'>;

export interface StatusSources {
  readonly runtime: Runtime<Master>;
  readonly master: MasterSettings;
  readonly events: EventCounters;
  readonly startedAt: number;
}

export function describeStatus(sources: StatusSources): ClusterStatus {
  const { runtime, master } = sources;
  const stats = runtime.nodeStats();
  const primaries = primaryCopies(stats);
  const shards = runtime.master.shards.map((shard) => describeShard(shard, master, primaries.get(shard.shard)));
  const nodes = runtime.master.seats.all.map((seat, index) => describeNode(seat, stats[index], sources));
  return {
    health: worst(shards, nodes),
    uptimeMs: Math.round(runtime.now() - sources.startedAt),
    replicas: master.replicas,
    nodes,
    shards,
    readCache: describeReadCache(runtime.master),
    counters: describeCounters(sources, [...primaries.values()]),
  };
}

function describeReadCache({ cache }: Master): ReadCacheStatus {
  const { bytes, bytesMax: maxBytes, size: keys, hits } = cache;
  return { bytes, maxBytes, keys, hits };
}

function primaryCopies(stats: readonly (NodeStats | undefined)[]): Map<number, CopyStats> {
  const primaries = new Map<number, CopyStats>();
  for (const node of stats) {
    for (const copy of node?.copies ?? []) if (copy.role === 'primary') primaries.set(copy.shard, copy);
  }
  return primaries;
}

function describeShard(shard: ShardControl, master: MasterSettings, copy: CopyStats | undefined): ShardStatus {
  const wanted = master.replicas + 1;
  const inSync = shard.chain.length;
  return {
    shard: shard.shard,
    slots: slotsOf(shard.shard, master.shards),
    health: shard.lost ? 'lost' : inSync < wanted ? 'degraded' : 'ok',
    chain: shard.chain.map(nodeName),
    learner: shard.learner === NOBODY ? null : nodeName(shard.learner),
    epoch: shard.epoch,
    committedSeq: shard.committedSeq,
    inSync,
    wanted,
    keys: copy?.keys ?? 0,
    expiring: copy?.expiring ?? 0,
    bytes: copy?.liveBytes ?? 0,
  };
}

function worst(shards: readonly ShardStatus[], nodes: readonly NodeStatus[]): ClusterHealth {
  const healths = new Set(shards.map(({ health }) => health));
  if (healths.has('lost')) return 'lost';
  // That a copy is missing mends itself.
  if (nodes.some(({ memoryFull }) => memoryFull)) return 'full';
  return healths.has('degraded') ? 'degraded' : 'ok';
}

function describeNode(seat: SeatState, stats: NodeStats | undefined, sources: StatusSources): NodeStatus {
  const id = nodeId(seat.seat, seat.incarnation);
  const { shards, memory } = sources.runtime.master;
  // What a forerunner in the seat told is not told of its successor.
  const copies = stats?.node === id ? stats.copies : [];
  return {
    node: seatName(seat.seat),
    incarnation: incarnationOf(id),
    health: seat.health,
    primaries: shards.filter(({ chain }) => chain[0] === id).length,
    replicas: shards.filter(({ chain }) => chain.indexOf(id) > 0).length,
    learners: shards.filter(({ learner }) => learner === id).length,
    keys: sum(copies, ({ keys }) => keys),
    memoryBytes: sum(copies, ({ reservedBytes }) => reservedBytes),
    maxMemory: memory.limit.maxMemoryBytes,
    memoryFull: memory.isToldFull(id),
    loopDelayMs: stats?.loopDelayMs ?? { mean: 0, max: 0 },
    restarts: seat.restarts,
  };
}

function describeCounters({ runtime, events }: StatusSources, primaries: readonly CopyStats[]): ClusterCounters {
  const { shards, tally } = runtime.master;
  const failed = (code: ErrorCode) => runtime.failures.get(code) ?? 0;
  const counts = shards.map(({ queue }) => queue.counts);
  return {
    reads: sum(shards, ({ reads }) => reads),
    writes: sum(shards, ({ writes }) => writes),
    changes: sum(shards, ({ changes }) => changes),
    hits: tally.hits,
    misses: tally.misses,
    busy: failed('BUSY'),
    outOfMemory: tally.outOfMemory + failed('OUT_OF_MEMORY'),
    timeouts: failed('TIMEOUT') + failed('TIMEOUT_IN_FLIGHT'),
    inFlight: sum(counts, ({ inFlight }) => inFlight),
    waiting: sum(counts, ({ waiting }) => waiting),
    ...events,
    expired: sum(primaries, ({ expired }) => expired),
    evicted: sum(primaries, ({ evicted }) => evicted),
  };
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += amount(item);
  return total;
}
