/**
 * FaultSchedule: which node is hurt when and how, all from a seed.
 *
 * Owns      the choice, and the one rule: as long as `beyond` is not asked for, no fault may leave a shard without a
 *           surviving copy. It waits until some node may be hurt, and notes how long.
 * Does not  look at answers. What the seed cannot fix is when things happen: threads are not simulated.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterApi, type ClusterStatus, KvError } from '@quintet/engine';
import { monotonicNs } from '../clock.ts';
import type { Prng } from '../prng.ts';
import { FAULT_KINDS, type Fault, type FaultKind, type FaultWatch } from './fault-watch.ts';
import { inject, isGone } from './inject.ts';

/** What a schedule does. */
export interface FaultPlan {
  /** How many faults (default: no limit). */
  readonly faults?: number;
  /** No new fault after so many ms (default: no limit). */
  readonly forMs?: number;
  /** Of these kinds (default: all of FAULT_KINDS), each as likely as its share of the list. */
  readonly kinds?: readonly FaultKind[];
  /** Longest pause before a fault, ms (default 150). */
  readonly gapMs?: number;
  /** No rule: shards may be lost, and now and then one loses all its copies at once (default false). */
  readonly beyond?: boolean;
}

/** What a schedule works on. */
export interface FaultScheduleParts {
  readonly cluster: ClusterApi;
  readonly watch: FaultWatch;
  readonly prng: Prng;
  readonly plan: FaultPlan;
  /** With `beyond`: takes all copies of a shard. Default: kills the nodes of one chain. */
  readonly wipe?: (onFault: (fault: Fault) => void) => Promise<void>;
}

const GAP_MS_DEFAULT = 150;
const POLL_MS = 2;
/** Redundancy that takes longer than this to come back is a failure of its own. */
export const RESTORE_LIMIT_MS = 20_000;

/** One run of faults. */
export class FaultSchedule {
  readonly #cluster: ClusterApi;
  readonly #watch: FaultWatch;
  readonly #prng: Prng;
  readonly #plan: FaultPlan;
  readonly #kinds: readonly FaultKind[];
  readonly #wipe: (onFault: (fault: Fault) => void) => Promise<void>;
  readonly #stopping = new AbortController();
  readonly #slowed: Promise<void>[] = [];
  #onFault: (fault: Fault) => void = () => undefined;

  /** @throws {KvError} INVALID_OPTION: no kinds, or nobody may be hurt because there are no replicas */
  constructor({ cluster, watch, prng, plan, wipe }: FaultScheduleParts) {
    this.#cluster = cluster;
    this.#watch = watch;
    this.#prng = prng;
    this.#plan = plan;
    this.#kinds = plan.kinds ?? FAULT_KINDS;
    this.#wipe = wipe ?? (() => this.#wipeShard());
    if (this.#kinds.length === 0) throw new KvError('INVALID_OPTION', 'kinds: at least one');
    if (plan.beyond !== true && cluster.status().replicas === 0) {
      throw new KvError('INVALID_OPTION', 'without replicas every fault loses data: ask for it with beyond: true');
    }
  }

  /** Injects all faults; `onFault` after each. Rejects with an Error if redundancy does not come back in time. */
  async run(onFault: (fault: Fault) => void = () => undefined): Promise<void> {
    this.#onFault = onFault;
    const { faults = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY, gapMs = GAP_MS_DEFAULT } = this.#plan;
    const before = this.#watch.faults.length;
    const deadline = monotonicNs() + forMs * 1e6;
    while (this.#watch.faults.length - before < faults) {
      await this.#pause(this.#prng.next() * gapMs);
      if (this.#stopped || monotonicNs() > deadline) break;
      await this.#strike(before + faults);
    }
    await Promise.all(this.#slowed);
  }

  /** No new fault, and what is slow is let go; `run` ends soon. Idempotent. */
  stop(): void {
    this.#stopping.abort();
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #strike(faultsMax: number): Promise<void> {
    if (this.#plan.beyond === true && this.#prng.chance(0.15)) return this.#wipe(this.#onFault);
    const asked = monotonicNs();
    const node = await this.#victim();
    if (node === null) return;
    this.#hurt(node, this.#prng.pick(this.#kinds), (monotonicNs() - asked) / 1e6);
    if (this.#cluster.status().replicas >= 2 && this.#prng.chance(0.3)) await this.#hurtAnother(faultsMax);
  }

  /** A second fault right behind the first, if one is allowed without waiting. */
  async #hurtAnother(faultsMax: number): Promise<void> {
    await this.#pause(this.#prng.next() * 10);
    const nodes = this.#hurtable('copy');
    if (this.#stopped || nodes.length === 0 || this.#watch.faults.length >= faultsMax) return;
    this.#hurt(this.#prng.pick(nodes), this.#prng.pick(this.#kinds), 0);
  }

  async #wipeShard(): Promise<void> {
    const { chain } = this.#prng.pick(this.#cluster.status().shards);
    for (const node of chain) this.#hurt(node, 'kill', 0);
  }

  /**
   * Draws a seat, then waits until it may be hurt; null if stopped before. The other way round, drawing from those that
   * may, would mostly hit nodes that were just started and hold nothing yet.
   */
  async #victim(): Promise<string | null> {
    const deadline = monotonicNs() + RESTORE_LIMIT_MS * 1e6;
    const seat = this.#prng.pick(this.#cluster.status().nodes).node;
    const least = this.#prng.chance(0.2) ? 'learner' : 'copy';
    while (!this.#stopped) {
      const node = this.#hurtable(least).find((name) => name.startsWith(`${seat}#`));
      if (node !== undefined) return node;
      if (monotonicNs() > deadline) {
        throw new Error(`${seat} could not be hurt for ${RESTORE_LIMIT_MS} ms: no redundancy`);
      }
      await this.#pause(POLL_MS);
    }
    return null;
  }

  /** The lives that may be hurt now and hold something: a copy in sync, or at least one in the making. */
  #hurtable(least: 'copy' | 'learner'): string[] {
    const status = this.#cluster.status();
    const up = status.nodes.filter(({ health }) => health === 'up').map((node) => `${node.node}#${node.incarnation}`);
    const holds = (node: string): boolean =>
      status.shards.some(({ chain, learner }) => chain.includes(node) || (learner === node && least === 'learner'));
    return up.filter((node) => holds(node) && this.#mayHurt(status, node));
  }

  #mayHurt({ shards }: ClusterStatus, node: string): boolean {
    if (this.#watch.isDoomed(node)) return false;
    if (this.#plan.beyond === true) return true;
    return shards
      .filter(({ chain }) => chain.includes(node))
      .every(({ chain }) => chain.some((other) => other !== node && !this.#watch.isDoomed(other)));
  }

  #hurt(node: string, kind: FaultKind, waitedMs: number): void {
    const slowness = kind === 'slow' ? { ms: 2 + this.#prng.below(20) } : {};
    try {
      const fault = inject(this.#cluster, this.#watch, { kind, node, waitedMs, ...slowness });
      if (kind === 'slow') this.#letGoLater(fault, 50 + this.#prng.next() * 250);
      this.#onFault(fault);
    } catch (error) {
      // It died of an earlier fault between being chosen and being hurt.
      if (!isGone(error)) throw error;
    }
  }

  #letGoLater(fault: Fault, ms: number): void {
    const ended = this.#letGo(fault, ms);
    // run() waits for it; until then its failure is not unhandled.
    ended.catch(() => undefined);
    this.#slowed.push(ended);
  }

  async #letGo(fault: Fault, ms: number): Promise<void> {
    await this.#pause(ms);
    this.#watch.endSlow(fault);
    try {
      this.#cluster.chaos.slow(fault.node, 0);
    } catch (error) {
      // It died meanwhile of the next fault: nothing to let go.
      if (!isGone(error)) throw error;
    }
  }

  /** Ends early when stopped. */
  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stopping.signal });
    } catch (error) {
      if (!this.#stopped) throw error;
    }
  }
}
