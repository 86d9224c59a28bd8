/**
 * What is promised: with r replicas, no r deaths at once lose anything that was acknowledged.
 *
 * Owns      the judgement whether one more death would still be within that.
 * Why       a learner counts among those at risk: it may join by a message already under way when it dies, and the master,
 *           who cannot know, may then give up a live member as one too many.
 */
import { NOBODY, type NodeId } from '@quintet/engine/internal';
import type { VirtualCluster } from './cluster.ts';

/** Whether `node` may die, or be declared dead, without anything being lost. */
export function isWithinPromise(cluster: VirtualCluster, node: NodeId): boolean {
  const { replicas } = cluster.options.master;
  const isGone = (member: NodeId): boolean => member === node || cluster.host(member)?.stage === 'stopped';
  const unnoticed = [...cluster.hosts.values()].filter(({ id, declared }) => !declared && isGone(id)).length;
  for (const { epoch, chain, learner } of cluster.master.shards) {
    // The first chain may be of any nodes the master takes for alive.
    if (epoch === 0 && unnoticed > replicas) return false;
    if (!chain.includes(node) && learner !== node) continue;
    const copies = learner === NOBODY ? chain : [...chain, learner];
    if (copies.filter(isGone).length > replicas || chain.every(isGone)) return false;
  }
  return true;
}
