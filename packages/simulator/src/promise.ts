/**
 * What is promised: with r replicas, no r deaths at once lose anything that was acknowledged.
 *
 * Owns      the judgement whether one more death would still be within that. A node that stands still for longer than the
 *           hang limit is as good as dead: the master may declare it so at any time.
 * Why       a learner counts among those at risk: it may join by a message already in flight when it dies, and the master,
 *           who cannot know, may then give up a live member as one too many.
 */
import { NOBODY, type NodeId } from '@quintet/engine/internal';
import type { VirtualCluster } from './cluster.ts';

/** As the core has it. */
const LAST_COPY_PATIENCE = 10;

/** Whether a node may stand still for `ms` (Infinity = for ever): a last copy may, but not for ten times the hang limit. */
export function mayStandStill(cluster: VirtualCluster, node: NodeId, ms: number): boolean {
  const { hangLimitMs } = cluster.options.master;
  if (ms < hangLimitMs) return true;
  if (ms >= hangLimitMs * LAST_COPY_PATIENCE) return isWithinPromise(cluster, node);
  // Its learner may join by a message already in flight: then it is waited for no longer, and the learner must live.
  const waitedFor = cluster.master.shards.filter(({ chain, learner }) => {
    return chain.length === 1 && chain[0] === node && !isAsGoodAsDead(cluster, learner);
  });
  return isWithinPromise(cluster, node, new Set(waitedFor.map(({ shard }) => shard)));
}

function isAsGoodAsDead(cluster: VirtualCluster, node: NodeId): boolean {
  const host = cluster.host(node);
  if (host === undefined) return false;
  return host.stage === 'stopped' || host.heart.isAtRisk(cluster.now, cluster.options.master.hangLimitMs);
}

/** Whether `node` may die, or be declared dead, without anything being lost. `excused`: shards that it is no danger to. */
export function isWithinPromise(
  cluster: VirtualCluster,
  node: NodeId,
  excused: ReadonlySet<number> = new Set(),
): boolean {
  const { replicas } = cluster.options.master;
  const isGone = (member: NodeId): boolean => member === node || isAsGoodAsDead(cluster, member);
  const unnoticed = [...cluster.hosts.values()].filter(({ id, declared }) => !declared && isGone(id)).length;
  for (const { shard, epoch, chain, learner } of cluster.master.shards) {
    // The first chain may be of any nodes the master takes for alive.
    if (epoch === 0 && unnoticed > replicas) return false;
    if (excused.has(shard) || (!chain.includes(node) && learner !== node)) continue;
    const copies = learner === NOBODY ? chain : [...chain, learner];
    if (copies.filter(isGone).length > replicas || chain.every(isGone)) return false;
  }
  return true;
}
