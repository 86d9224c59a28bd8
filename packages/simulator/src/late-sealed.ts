/**
 * LateSealed: an ambush on seals. The answer to a seal is kept on its way, its configuration is ended by a death, and the
 * answer is let through when the shard is being sealed again: then it answers a question nobody has asked.
 *
 * Owns      which answers are kept, on which links, until when.
 * Does not  kill: it names who should die (faults.ts).
 * Invariant links are slow here, no more: nothing overtakes on a link (links.ts LI1), and every link moves on in the end.
 * Why       a seal is rare and over within a few hops. Left to chance its answer outlived it and met the next one in not
 *           one of 2,000 seeds, so nobody knew whether the epoch of a Sealed (protocol §2) was looked at.
 */
import { MASTER, NOBODY, type NodeId, type ShardId } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import type { VirtualCluster } from './cluster.ts';
import type { Link } from './links.ts';

/** For so many turns of average length a link of a member that lives is held at most: all its answers wait with it. */
const HELD_TURNS = 1_000;
const NEVER = Number.MAX_SAFE_INTEGER;

interface KeptAnswer {
  readonly link: Link;
  readonly shard: ShardId;
  readonly epoch: number;
  readonly until: number;
}

export class LateSealed {
  private readonly cluster: VirtualCluster;
  private readonly prng: Prng;
  private readonly mayDie: (node: NodeId) => boolean;
  private kept: KeptAnswer[] = [];
  /** By shard, the epoch of the last seal considered: one decision each. */
  private readonly considered = new Map<ShardId, number>();

  constructor(cluster: VirtualCluster, prng: Prng, mayDie: (node: NodeId) => boolean) {
    this.cluster = cluster;
    this.prng = prng;
    this.mayDie = mayDie;
  }

  /** Once a step: the member whose death would make an answer in flight outdated, or NOBODY. */
  strike(chance: number): NodeId {
    this.letThrough();
    for (const { shard, epoch, chain, wantedChain } of this.cluster.master.shards) {
      if (wantedChain === null || this.considered.get(shard) === epoch) continue;
      const link = this.linkOfAnswer(shard, epoch);
      if (link === undefined) continue;
      this.considered.set(shard, epoch);
      // Not the primary: without it the chain would have the order that is wanted, and no second seal would come.
      const victims = chain.slice(1).filter((node) => this.isAlive(node) && this.mayDie(node));
      if (victims.length === 0 || !this.prng.chance(chance)) continue;
      // The sender itself if it may be: what the dead left behind may come at any time, and nobody else waits with it.
      const victim = victims.includes(link.from) ? link.from : this.prng.pick(victims);
      const until = victim === link.from ? NEVER : this.cluster.now + HELD_TURNS * this.cluster.options.turnMs;
      link.stalledUntil = until;
      this.kept.push({ link, shard, epoch, until });
      return victim;
    }
    return NOBODY;
  }

  private letThrough(): void {
    if (this.kept.length === 0) return;
    const { cluster } = this;
    this.kept = this.kept.filter(({ link, shard, epoch, until }) => {
      const control = cluster.master.shards[shard]!;
      const isSealing = control.wantedChain !== null && control.epoch > epoch;
      // A shard that has run dry already may be reordered by any answer: then there is nothing to see.
      const isAskedAgain = isSealing && control.queue.unanswered.length > 0;
      link.stalledUntil = isAskedAgain ? cluster.now : until;
      return !isAskedAgain && cluster.now < until;
    });
  }

  private linkOfAnswer(shard: ShardId, epoch: number): Link | undefined {
    return this.cluster.links
      .into(MASTER)
      .find(({ queue }) =>
        queue.some(({ message }) => message.type === 'sealed' && message.shard === shard && message.epoch === epoch),
      );
  }

  private isAlive(node: NodeId): boolean {
    const host = this.cluster.host(node);
    return host?.stage === 'up' && !host.declared;
  }
}
