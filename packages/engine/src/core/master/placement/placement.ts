/**
 * Placement: where copies should be. Pure functions of a snapshot of the cluster; stateless.
 *
 * Owns      first placement, the next best place for a missing copy, the next move or swap that rebalances.
 * Does not  carry anything out (repair.ts), or know epochs.
 * Invariants
 *   PL1  two copies of one shard never sit on one node.
 *   PL2  every step strictly lowers the imbalance it acts on, so rebalancing ends.
 */
import type { NodeId } from '../../protocol/ids.ts';

/** One shard as placement sees it: members in order, and a learner counted as a copy to be. */
export interface PlacedShard {
  readonly shard: number;
  readonly chain: readonly NodeId[];
}

/** Chains for new shards: primaries and tails spread evenly, and a node's shards shared with as many others as can be. */
export function firstPlacement(nodes: readonly NodeId[], shards: number, copies: number): NodeId[][] {
  const chains: NodeId[][] = [];
  for (let shard = 0; shard < shards; shard++) {
    const head = shard % nodes.length;
    const round = Math.floor(shard / nodes.length);
    // The stride changes from round to round, so that the same two nodes do not share all their shards.
    const stride = 1 + (round % Math.max(1, nodes.length - 1));
    const chain: NodeId[] = [];
    for (let at = head; chain.length < copies; at += stride) {
      let node = nodes[at % nodes.length]!;
      while (chain.includes(node)) node = nodes[(nodes.indexOf(node) + 1) % nodes.length]!;
      chain.push(node);
    }
    chains.push(chain);
  }
  return chains;
}

/** Copies per node. */
export function loads(nodes: readonly NodeId[], shards: readonly PlacedShard[]): Map<NodeId, number> {
  const count = new Map<NodeId, number>(nodes.map((node) => [node, 0]));
  for (const { chain } of shards) for (const node of chain) count.set(node, (count.get(node) ?? 0) + 1);
  return count;
}

/** The live node with the fewest copies that has none of this shard; undefined if every node has one. */
export function bestPlace(
  shard: PlacedShard,
  nodes: readonly NodeId[],
  load: ReadonlyMap<NodeId, number>,
): NodeId | undefined {
  let best: NodeId | undefined;
  for (const node of nodes) {
    if (shard.chain.includes(node)) continue;
    if (best === undefined || (load.get(node) ?? 0) < (load.get(best) ?? 0)) best = node;
  }
  return best;
}

/** The member to remove when a chain is longer than wanted: the one whose node has the most copies. */
export function worstMember(shard: PlacedShard, load: ReadonlyMap<NodeId, number>): NodeId {
  return shard.chain.reduce((worst, node) => ((load.get(node) ?? 0) > (load.get(worst) ?? 0) ? node : worst));
}

export interface Move {
  readonly shard: number;
  readonly to: NodeId;
}

/** A copy to move off the fullest node onto the emptiest; undefined if no two differ by more than one (PL2). */
export function nextMove(nodes: readonly NodeId[], shards: readonly PlacedShard[]): Move | undefined {
  const load = loads(nodes, shards);
  const byLoad = [...nodes].sort((a, b) => load.get(b)! - load.get(a)!);
  for (const from of byLoad) {
    for (const to of [...byLoad].reverse()) {
      if (load.get(from)! - load.get(to)! < 2) break;
      const shard = shards.find(({ chain }) => chain.includes(from) && !chain.includes(to));
      if (shard !== undefined) return { shard: shard.shard, to };
    }
  }
  return undefined;
}

export interface Swap {
  readonly shard: number;
  readonly chain: readonly NodeId[];
}

/** A chain to reorder so that a node with too many primaries hands one to a member with too few. */
export function nextSwap(nodes: readonly NodeId[], shards: readonly PlacedShard[]): Swap | undefined {
  const primaries = new Map<NodeId, number>(nodes.map((node) => [node, 0]));
  for (const { chain } of shards) primaries.set(chain[0]!, (primaries.get(chain[0]!) ?? 0) + 1);
  let best: Swap | undefined;
  let gain = 1;
  for (const { shard, chain } of shards) {
    for (const node of chain.slice(1)) {
      const difference = primaries.get(chain[0]!)! - (primaries.get(node) ?? 0);
      if (difference <= gain) continue;
      gain = difference;
      best = { shard, chain: [node, ...chain.filter((member) => member !== node && member !== chain[0]), chain[0]!] };
    }
  }
  return best;
}
