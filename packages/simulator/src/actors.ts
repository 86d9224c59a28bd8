/**
 * Actors: when each thread gets its next turn. The master and every node are threads of their own: quick, slow, frozen.
 *
 * Owns      wake-up times, slowness, freezes; what a turn takes from which link.
 * Does not  hurt anybody by itself: faults.ts sets slow and frozenUntil.
 */
import { MASTER, type NodeId } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import type { VirtualCluster } from './cluster.ts';
import type { Takes } from './event.ts';
import { QUANTUM_MS } from './options.ts';

export interface Actor {
  readonly id: NodeId;
  /** When its next turn begins; Infinity = nothing to do as far as is known. */
  wakeAt: number;
  slow: number;
  frozenUntil: number;
}

/** Delays of turns are the mean times a power of two from 1/4 to 8. */
const DELAY_POWERS = 6;

export class Actors {
  private readonly byId = new Map<NodeId, Actor>();
  private readonly cluster: VirtualCluster;
  private readonly prng: Prng;

  constructor(cluster: VirtualCluster, prng: Prng) {
    this.cluster = cluster;
    this.prng = prng;
  }

  at(id: NodeId): Actor {
    let actor = this.byId.get(id);
    if (actor === undefined) {
      actor = { id, wakeAt: Number.POSITIVE_INFINITY, slow: 1, frozenUntil: 0 };
      this.byId.set(id, actor);
    }
    return actor;
  }

  /** Something for this actor to do: if it had nothing, its next turn comes after a delay. */
  rouse(actor: Actor): void {
    if (actor.wakeAt === Number.POSITIVE_INFINITY) actor.wakeAt = this.cluster.now + this.delay(actor);
  }

  private delay({ slow }: Actor): number {
    const mean = this.cluster.options.turnMs * slow;
    return Math.ceil((mean * (1 << this.prng.below(DELAY_POWERS))) / 4 / QUANTUM_MS) * QUANTUM_MS;
  }

  /** What a turn takes: links in any order, of each a number of messages from its front. */
  takes(id: NodeId): Takes {
    const { prng, cluster } = this;
    const { partial } = cluster.options;
    const takes: [NodeId, number][] = [];
    for (const { from, queue, stalledUntil } of cluster.links.into(id)) {
      if (queue.length === 0 || stalledUntil > cluster.now) continue;
      const count = prng.chance(partial) ? prng.below(queue.length + 1) : queue.length;
      if (count > 0) takes.splice(prng.below(takes.length + 1), 0, [from, count]);
    }
    return takes;
  }

  /** Whether anything waits for an actor that is not stalled on its way. */
  hasMail(id: NodeId): boolean {
    for (const { queue, stalledUntil } of this.cluster.links.into(id)) {
      if (queue.length > 0 && stalledUntil <= this.cluster.now) return true;
    }
    return false;
  }

  /** When the first stalled link into an actor moves again. */
  nextThaw(id: NodeId): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { queue, stalledUntil } of this.cluster.links.into(id)) {
      if (queue.length > 0 && stalledUntil < first) first = stalledUntil;
    }
    return first;
  }

  get master(): Actor {
    return this.at(MASTER);
  }
}
