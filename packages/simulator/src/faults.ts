/**
 * Faults: whom to hurt, when, and how. Those of our transport (links.ts LI1-K3), none of TCP's.
 *
 * Owns      kills (told first or found out), freezes and false deaths, slowness, stalled links, late and failed spawns,
 *           a frozen master, jumps of time, threads that stand still (hangs.ts); resets of lost shards and revival of stopped seats, as an operator would.
 * Does not  carry anything out: it returns actions, now or for the agenda (scheduler.ts).
 * Invariant FA1  unless the run is `beyond`, nobody dies who must not (promise.ts).
 */
import { type DeathReason, MASTER, NOBODY, type NodeId } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import type { Actors } from './actors.ts';
import type { VirtualCluster } from './cluster.ts';
import type { Action } from './event.ts';
import { Hangs, type Later } from './hangs.ts';
import { LateSealed } from './late-sealed.ts';
import { type FaultMix, QUANTUM_MS } from './options.ts';
import { isWithinPromise } from './promise.ts';

/** A change of configuration counts as fresh for so many steps. */
const FRESH_STEPS = 40;

export class Faults {
  readonly hangs: Hangs;
  private readonly cluster: VirtualCluster;
  private readonly actors: Actors;
  private readonly prng: Prng;
  private readonly mix: FaultMix;
  private readonly later: Later;
  private readonly resetPlanned = new Set<number>();
  private readonly epochs: number[];
  private readonly lateSealed: LateSealed;
  private freshFor = 0;
  private hotShard = 0;

  constructor(cluster: VirtualCluster, actors: Actors, prng: Prng, later: Later) {
    this.cluster = cluster;
    this.actors = actors;
    this.prng = prng;
    this.mix = cluster.options.faults;
    this.later = later;
    this.epochs = cluster.master.shards.map(() => 0);
    this.hangs = new Hangs(cluster, prng.fork('hangs'), later);
    this.lateSealed = new LateSealed(cluster, prng.fork('late-sealed'), (node) => this.mayDie(node));
  }

  /** Once a step: perhaps a fault. */
  strike(): Action | null {
    const { mix, prng } = this;
    this.operate();
    const sealed = mix.lateSealed > 0 ? this.lateSealed.strike(mix.lateSealed) : NOBODY;
    if (sealed !== NOBODY) return this.endLosingNothing(sealed);
    const eager = mix.ambush > 1 && this.isHot() ? mix.ambush : 1;
    if (prng.chance(mix.kill * eager)) return this.kill();
    if (prng.chance(mix.declare * eager)) return this.declareWrongly();
    if (prng.chance(mix.freeze)) this.freeze();
    if (prng.chance(mix.slow)) this.slowDown();
    if (prng.chance(mix.freezeMaster)) this.actors.master.frozenUntil = this.cluster.now + this.span(8);
    if (prng.chance(mix.stall)) this.stall();
    if (prng.chance(mix.timeJump)) return { type: 'wait' };
    return this.hangs.strike();
  }

  /** How far time goes on a jump. */
  get jumpMs(): number {
    return this.prng.pick([100, 5_000, 600_000]);
  }

  // ---- deaths ---------------------------------------------------------------------------------------------------

  private kill(): Action | null {
    const victim = this.victim();
    if (victim === NOBODY) return null;
    if (this.prng.chance(this.mix.several)) {
      this.later(this.prng.pick([0, 0, QUANTUM_MS]), () => this.kill());
    }
    if (this.prng.chance(0.4)) return this.declare(victim, 'killed');
    // Found out by its exit, sooner or later.
    this.later(this.prng.chance(0.5) ? 0 : this.span(6), () =>
      this.declare(victim, this.prng.pick(['exited', 'crashed'])),
    );
    return this.stop(victim);
  }

  /** A thread ends, and all it has sent arrives. */
  private endLosingNothing(node: NodeId): Action {
    this.later(this.span(4), () => this.declare(node, 'exited'));
    return { type: 'stop', node, keeps: [] };
  }

  /** A node that is merely slow, or frozen, is taken for dead: it acts on until it is terminated. */
  private declareWrongly(): Action | null {
    const victim = this.victim();
    if (victim === NOBODY) return null;
    if (this.prng.chance(0.5)) this.actors.at(victim).frozenUntil = this.cluster.now + this.span(6);
    return this.declare(victim, 'hung');
  }

  private declare(node: NodeId, reason: DeathReason): Action {
    return { type: 'declare', node, reason };
  }

  /** A thread ends: of each of its queues a suffix is lost; what is left may come much later. */
  stop(node: NodeId): Action {
    const { prng, cluster } = this;
    const manner = prng.pick(['nothing lost', 'all lost', 'some lost', 'some lost'] as const);
    const keeps: [NodeId, number][] = [];
    for (const link of cluster.links.outOf(node)) {
      const { length } = link.queue;
      if (length === 0) continue;
      if (manner !== 'nothing lost') keeps.push([link.to, manner === 'all lost' ? 0 : prng.below(length + 1)]);
      if (prng.chance(0.3)) link.stalledUntil = cluster.now + this.span(10);
    }
    return { type: 'stop', node, keeps };
  }

  private victim(): NodeId {
    const candidates = this.isHot() && this.prng.chance(0.7) ? this.involved() : this.everyone();
    const allowed = candidates.filter((node) => this.mayDie(node));
    return allowed.length === 0 ? NOBODY : this.prng.pick(allowed);
  }

  private everyone(): NodeId[] {
    return this.cluster.running.filter(({ declared }) => !declared).map(({ id }) => id);
  }

  /** Head, tail and learner of the shard where something is going on. */
  private involved(): NodeId[] {
    const { chain, learner, primary, tail } = this.cluster.master.shards[this.hotShard]!;
    return [...new Set([primary, tail, learner, ...chain])].filter((node) => {
      const host = this.cluster.host(node);
      return host?.stage === 'up' && !host.declared;
    });
  }

  /** FA1 */
  private mayDie(node: NodeId): boolean {
    return this.cluster.options.beyond || isWithinPromise(this.cluster, node);
  }

  // ---- delays ---------------------------------------------------------------------------------------------------

  private freeze(): void {
    const { prng, cluster } = this;
    const running = this.everyone();
    if (running.length === 0) return;
    const node = prng.pick(running);
    const span = this.span(10);
    this.actors.at(node).frozenUntil = cluster.now + span;
    // Half of them are found out before they wake, unless that would go beyond what is promised.
    if (prng.chance(0.5)) this.later(span / 2, () => (this.mayDie(node) ? this.declare(node, 'hung') : null));
  }

  private slowDown(): void {
    const actor = this.actors.at(this.prng.pick([MASTER, ...this.everyone()]));
    actor.slow = this.prng.pick([1, 8, 64]);
  }

  private stall(): void {
    const { prng, cluster } = this;
    const to = prng.pick([MASTER, ...this.everyone()]);
    const links = cluster.links.into(to);
    if (links.length > 0) prng.pick(links).stalledUntil = cluster.now + this.span(8);
  }

  /** Up to 2^`power` turns. */
  private span(power: number): number {
    return Math.ceil((this.cluster.options.turnMs * (1 << this.prng.below(power + 1))) / QUANTUM_MS) * QUANTUM_MS;
  }

  /** How long a worker takes to start; the last resort of a slow one is to be declared dead. */
  spawnDelay(): number {
    return this.prng.chance(this.mix.spawnLate) ? this.span(12) : this.span(4);
  }

  get spawnFails(): boolean {
    return this.prng.chance(this.mix.spawnFails);
  }

  /** How long a node that was declared dead goes on acting. */
  terminationDelay(): number {
    return this.prng.chance(0.5) ? 0 : this.span(9);
  }

  // ---- the operator ---------------------------------------------------------------------------------------------

  /** Resets what was lost and revives seats that gave up, after a while. */
  private operate(): void {
    for (const { shard, lost } of this.cluster.master.shards) {
      if (!lost || this.resetPlanned.has(shard)) continue;
      this.resetPlanned.add(shard);
      this.later(this.span(10), () => {
        this.resetPlanned.delete(shard);
        return { type: 'reset', shard };
      });
    }
    const [seat] = this.cluster.stoppedSeats;
    if (seat !== undefined && this.prng.chance(0.02)) this.later(0, () => ({ type: 'revive', seat }));
  }

  // ---- where it hurts -------------------------------------------------------------------------------------------

  /** Whether a shard is in the middle of something: promotion, catch-up, seal. */
  private isHot(): boolean {
    const { shards } = this.cluster.master;
    for (const { shard, epoch, learner, wantedChain } of shards) {
      if (epoch !== this.epochs[shard]) {
        this.epochs[shard] = epoch;
        this.freshFor = FRESH_STEPS;
        this.hotShard = shard;
      } else if (learner !== NOBODY || wantedChain !== null) {
        if (this.prng.chance(0.1)) this.hotShard = shard;
        this.freshFor = Math.max(this.freshFor, 1);
      }
    }
    this.freshFor -= 1;
    return this.freshFor >= 0;
  }
}
