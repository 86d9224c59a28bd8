/**
 * Hangs: threads that stand still: for less than the hang limit, for longer, for ever, with a last copy, and because the
 * machine gives the whole process no time.
 *
 * Owns      who stands still, when and for how long; when a starved master gets to look.
 * Does not  carry it out (cluster.ts), or see to it that the right ones are found (checkers/hangs.ts).
 * Invariant FA1 of faults.ts: unless the run is `beyond`, nobody stands still for whom the master would lose anything.
 */
import type { NodeId } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import type { VirtualCluster } from './cluster.ts';
import type { Action, HangReason } from './event.ts';
import { QUANTUM_MS } from './options.ts';
import { mayStandStill } from './promise.ts';

/** Does something at a later time, if it still makes sense then. */
export type Later = (afterMs: number, action: () => Action | null) => void;

const KINDS = ['short', 'lasting', 'last copy', 'suspended', 'starved', 'outrun'] as const;

/** While a machine is short of time, looks come so many hang limits after one another: late, but on time for the core. */
const SLOW_LOOK_PART = 0.3;
/** For so many hang limits at most: a node that stands still all the while is not to be found within them. */
const STARVED_LIMITS = 2;
/** A node that waits for a processor, as the master knows, is not to be found within so many. */
const OUTRUN_LIMITS = 3.3;

export class Hangs {
  private readonly cluster: VirtualCluster;
  private readonly prng: Prng;
  private readonly later: Later;
  /** The master does not look before this. */
  private suspendedUntil = 0;
  /** Until then its looks are far apart. */
  private starvedUntil = 0;

  constructor(cluster: VirtualCluster, prng: Prng, later: Later) {
    this.cluster = cluster;
    this.prng = prng;
    this.later = later;
  }

  /** The earliest time of the master's next look, given its last. */
  earliestTick(last: number): number {
    const { now } = this.cluster;
    const slow = now < this.starvedUntil ? last + this.quantized(this.limit * SLOW_LOOK_PART) : 0;
    return Math.max(this.suspendedUntil, slow);
  }

  /** Once a step: perhaps a thread that stands still. */
  strike(): Action | null {
    const { prng, cluster } = this;
    const { chance } = cluster.options.hangs;
    if (chance === 0 || !prng.chance(chance)) return null;
    switch (prng.pick(KINDS)) {
      case 'short':
        return this.hang(this.awake(), this.limits(0.1, 0.95));
      case 'lasting':
        return this.lasting(prng.pick([Number.POSITIVE_INFINITY, this.limits(1.5, 6)]));
      case 'outrun':
        return this.outrun();
      case 'last copy':
        return this.hang(this.lastCopies(), this.limits(1.2, 9.5));
      case 'suspended':
        return this.suspend(this.limits(0.5, prng.pick([2, 20])));
      case 'starved':
        return this.starve(this.limits(1.2, STARVED_LIMITS));
    }
  }

  private hang(candidates: readonly NodeId[], ms: number): Action | null {
    const allowed = candidates.filter((node) => this.mayStandStill(node, ms));
    if (allowed.length === 0) return null;
    return this.action(this.prng.pick(allowed), ms, 'hung');
  }

  /** One node gets no processor while the master does; for ever only where it may be lost. */
  private outrun(): Action | null {
    const { prng } = this;
    const awake = this.awake();
    if (!this.cluster.options.hangs.tellsWaits || awake.length === 0) return null;
    const node = prng.pick(awake);
    if (prng.chance(0.7)) return this.action(node, this.limits(1.2, OUTRUN_LIMITS), 'starved');
    const ms = Number.POSITIVE_INFINITY;
    return this.mayStandStill(node, ms) ? this.action(node, ms, 'starved') : null;
  }

  /** In runs that may lose shards two at once: then the second may hold a last copy when the first is dead. */
  private lasting(ms: number): Action | null {
    const first = this.hang(this.awake(), ms);
    if (first !== null && this.cluster.options.beyond) this.later(0, () => this.hang(this.awake(), ms));
    return first;
  }

  /** Nobody runs for a while. The master is the first to run again. */
  private suspend(ms: number): Action | null {
    const { cluster, prng } = this;
    if (this.isShortOfTime) return null;
    this.suspendedUntil = cluster.now + ms;
    return this.everybody(() => ms + this.limits(0, prng.pick([0.1, 0.5])), 'suspended');
  }

  /** Everybody hardly runs for a while: the master sometimes, the nodes not at all. */
  private starve(ms: number): Action | null {
    const { cluster } = this;
    if (this.isShortOfTime) return null;
    this.starvedUntil = cluster.now + ms;
    return this.everybody(() => ms, 'starved');
  }

  /** One at a time: another would let the master look while nodes still stand still. */
  private get isShortOfTime(): boolean {
    return this.cluster.now < Math.max(this.suspendedUntil, this.starvedUntil);
  }

  private everybody(ms: () => number, why: HangReason): Action | null {
    const [first, ...others] = this.awake();
    if (first === undefined) return null;
    for (const node of others) {
      const action = this.action(node, ms(), why);
      this.later(0, () => action);
    }
    return this.action(first, ms(), why);
  }

  private action(node: NodeId, ms: number, why: HangReason): Action {
    return { type: 'hang', node, ms: Number.isFinite(ms) ? ms : null, why };
  }

  private mayStandStill(node: NodeId, ms: number): boolean {
    return this.cluster.options.beyond || mayStandStill(this.cluster, node, ms);
  }

  private awake(): NodeId[] {
    const { running, now } = this.cluster;
    return running.filter(({ declared, heart }) => !declared && !heart.isStill(now)).map(({ id }) => id);
  }

  private lastCopies(): NodeId[] {
    const last = new Set(this.cluster.master.shards.map(({ chain }) => (chain.length === 1 ? chain[0] : undefined)));
    return this.awake().filter((node) => last.has(node));
  }

  private get limit(): number {
    return this.cluster.options.master.hangLimitMs;
  }

  /** A time between so many hang limits and so many. */
  private limits(least: number, most: number): number {
    return this.quantized(this.limit * (least + ((most - least) * this.prng.below(1024)) / 1024));
  }

  private quantized(ms: number): number {
    return Math.floor(ms / QUANTUM_MS) * QUANTUM_MS;
  }
}
