/**
 * Heal: faults are over; now something good must happen, within a bound (protocol §7.12).
 *
 * Owns      the fair schedule: everybody awake, every message taken in order, every spawn works; and the bound.
 * Does not  draw: the same state heals the same way, so replays need no events for it.
 * Checked   every operation is answered, no shard is lost, every chain is full and evenly placed (master.settled), every
 *           copy ends at the last accepted record, nothing is left to do.
 */
import { MASTER, type NodeId, type Operation } from '@quintet/engine/internal';
import type { VirtualCluster } from './cluster.ts';
import type { Action, Takes } from './event.ts';
import { describeOperation } from './event.ts';
import { isSealed, streamOf } from './insides.ts';
import { check } from './violation.ts';

/** Rounds in which everybody gets a turn. Measured: half of all runs need 13, one in a hundred 94 (docs/simulator.md). */
const ROUNDS_MAX = 1_500;
/** Rounds without anything to do before the cluster counts as at rest. */
const QUIET_ROUNDS = 3;

/** Returns the rounds it took. */
export function heal(cluster: VirtualCluster): number {
  // Who hangs for ever stays so: it is for the master to find.
  for (const { heart } of cluster.hosts.values()) heart.wake(cluster.now);
  const rounds = untilRest(cluster);
  readEverything(cluster);
  return rounds + untilRest(cluster);
}

function untilRest(cluster: VirtualCluster): number {
  let quiet = 0;
  let round = 0;
  for (; quiet < QUIET_ROUNDS; round++) {
    check(
      round < ROUNDS_MAX,
      'liveness',
      () => `not at rest after ${ROUNDS_MAX} rounds without faults: ${whatIsLeft(cluster)}`,
    );
    const acted = oneRound(cluster);
    quiet = acted || whatIsLeft(cluster) !== '' ? 0 : quiet + 1;
  }
  return round;
}

/** Everybody once; true if there was anything to take besides the time. */
function oneRound(cluster: VirtualCluster): boolean {
  repairWorld(cluster);
  let acted = turn(cluster, MASTER);
  for (const { id, stage } of [...cluster.hosts.values()]) if (stage === 'up') acted = turn(cluster, id) || acted;
  const deadline = cluster.master.nextDeadline();
  // Idle time is skipped; otherwise a round takes a millisecond.
  const at = acted || !Number.isFinite(deadline) ? cluster.now + 1 : Math.max(deadline, cluster.now + 1);
  act(cluster, { type: 'wait' }, at);
  if (cluster.master.nextDeadline() <= cluster.now) act(cluster, { type: 'tick' });
  return acted;
}

function act(cluster: VirtualCluster, action: Action, at = cluster.now): void {
  cluster.apply({ ...action, at });
}

function turn(cluster: VirtualCluster, id: NodeId): boolean {
  const takes: Takes = cluster.links
    .into(id)
    .filter(({ queue }) => queue.length > 0)
    .map(({ from, queue }) => [from, queue.length]);
  if (cluster.host(id)?.heart.isStill(cluster.now)) return false;
  const more = cluster.host(id)?.more ?? false;
  const news = cluster.links.into(id).some(({ queue }) => queue.some(({ message }) => message.type !== 'clock'));
  act(cluster, id === MASTER ? { type: 'master-turn', takes } : { type: 'turn', node: id, takes });
  return news || more;
}

/** Deaths become known, the falsely dead stop, spawns succeed, the operator resets and revives. */
function repairWorld(cluster: VirtualCluster): void {
  cluster.spawnRequests.length = 0;
  cluster.terminateRequests.length = 0;
  for (const { id, stage, declared } of [...cluster.hosts.values()]) {
    if (stage === 'stopped' && !declared) act(cluster, { type: 'declare', node: id, reason: 'exited' });
    else if (stage !== 'stopped' && declared) act(cluster, { type: 'stop', node: id, keeps: [] });
    else if (stage === 'spawning') act(cluster, { type: 'ready', node: id });
  }
  for (const { shard, lost } of cluster.master.shards) if (lost) act(cluster, { type: 'reset', shard });
  for (const seat of cluster.stoppedSeats) act(cluster, { type: 'revive', seat });
}

/** What keeps the cluster from rest; '' = nothing. */
function whatIsLeft(cluster: VirtualCluster): string {
  const { master, calls } = cluster;
  if (cluster.unsettled > 0) {
    const open = calls.find(({ result, code }) => result === null && code === null)!;
    return `${cluster.unsettled} calls unanswered, first ${open.index}: ${describeOperation(open.operation)} of shard ${open.shard}`;
  }
  const unheard = cluster.limits.find(({ answers }) => answers === 0);
  if (unheard !== undefined) return `change ${unheard.index} of the memory limit is not answered`;
  if (!master.settled) {
    const shards = master.shards.map(({ shard, chain, learner, wantedChain, lost }) => {
      return `${shard}:[${chain}]${learner ? `+${learner}` : ''}${wantedChain ? ` → [${wantedChain}]` : ''}${lost ? ' lost' : ''}`;
    });
    return `the master is not settled: ${shards.join(' ')}`;
  }
  return unevenCopies(cluster);
}

/** Copies that do not end at the last accepted record, or are still busy. */
function unevenCopies(cluster: VirtualCluster): string {
  for (const { shard, chain, committedSeq } of cluster.master.shards) {
    for (const node of chain) {
      const copy = cluster.host(node)?.node?.inspect(shard);
      if (copy === undefined) return `node ${node} never heard of shard ${shard}`;
      if (copy.state.lastSeq !== committedSeq)
        return `shard ${shard} on ${node} ends at ${copy.state.lastSeq} of ${committedSeq}`;
      if (streamOf(copy) !== null) return `shard ${shard} on ${node} still streams`;
      if (isSealed(copy)) return `shard ${shard} on ${node} is still sealed`;
    }
  }
  return '';
}

/** What is stored is what is read: every key once more, by a client of its own. */
function readEverything(cluster: VirtualCluster): void {
  const asked = new Set<string>();
  for (const { shard, operation } of [...cluster.calls]) {
    const { key } = operation;
    if (key === '' || asked.has(`${shard}/${key}`)) continue;
    asked.add(`${shard}/${key}`);
    const read: Operation = { verb: 'get', key };
    act(cluster, { type: 'submit', client: -1, shard, operation: read });
  }
}
