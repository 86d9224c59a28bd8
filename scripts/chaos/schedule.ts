/**
 * Schedule: which node is hurt when and how, all from the seed.
 *
 * Owns      the choice, and the one rule: as long as `beyond` is not asked for, no fault may leave a shard without a
 *           surviving copy. It waits until some node may be hurt, and notes how long.
 * Does not  look at answers. What the seed cannot fix is when things happen: threads are not simulated.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, type ClusterStatus, KvError } from '@quintet/engine';
import type { Prng } from '@quintet/testkit';
import type { Beyond } from './beyond.ts';
import { clockNs } from './caller.ts';
import type { Fault, FaultKind, FaultWatch } from './fault-watch.ts';

export interface ScheduleOptions {
  readonly faults: number;
  /** No new fault after so long. */
  readonly seconds: number;
  readonly kinds: readonly FaultKind[];
  readonly replicas: number;
  /** Given with --beyond: no rule any more, and now and then all copies of a shard at once. */
  readonly beyond?: Beyond | undefined;
}

/** Longest pause before a fault. */
const GAP_MS_MAX = 150;
const POLL_MS = 2;
/**
 * Without end, as far as a run can tell. A hang that ends by itself before anyone noticed is possible too (a master that
 * is itself starved blames nobody), but it proves nothing.
 */
const HANG_MS = 60_000;
/** Redundancy that takes longer than this to come back is a failure of its own. */
export const RESTORE_LIMIT_MS = 20_000;

export class Schedule {
  readonly #cluster: Cluster;
  readonly #watch: FaultWatch;
  readonly #prng: Prng;
  readonly #options: ScheduleOptions;

  constructor(parts: { cluster: Cluster; watch: FaultWatch; prng: Prng; options: ScheduleOptions }) {
    this.#cluster = parts.cluster;
    this.#watch = parts.watch;
    this.#prng = parts.prng;
    this.#options = parts.options;
  }

  /** Injects all faults; `onFault` after each. Rejects if redundancy does not come back. */
  async run(onFault: (fault: Fault) => void): Promise<void> {
    const deadline = clockNs() + this.#options.seconds * 1e9;
    while (this.#watch.faults.length < this.#options.faults) {
      await delay(this.#prng.next() * GAP_MS_MAX);
      if (clockNs() > deadline) break;
      const { beyond } = this.#options;
      if (beyond !== undefined && this.#prng.chance(0.15)) {
        await beyond.wipe(onFault);
        continue;
      }
      const asked = clockNs();
      const node = await this.#victim();
      this.#hurt(node, (clockNs() - asked) / 1e6, onFault);
      if (this.#options.replicas >= 2 && this.#prng.chance(0.3)) await this.#hurtAnother(onFault);
    }
  }

  /** A second fault right behind the first, if one is allowed without waiting. */
  async #hurtAnother(onFault: (fault: Fault) => void): Promise<void> {
    await delay(this.#prng.next() * 10);
    const nodes = this.#hurtable('copy');
    if (nodes.length === 0 || this.#watch.faults.length >= this.#options.faults) return;
    this.#hurt(this.#prng.pick(nodes), 0, onFault);
  }

  /**
   * Draws a seat, then waits until it may be hurt. The other way round, drawing from those that may, would mostly hit
   * nodes that were just started and hold nothing yet.
   */
  async #victim(): Promise<string> {
    const deadline = clockNs() + RESTORE_LIMIT_MS * 1e6;
    const seat = this.#prng.pick(this.#cluster.status().nodes).node;
    const least = this.#prng.chance(0.2) ? 'learner' : 'copy';
    for (;;) {
      const node = this.#hurtable(least).find((name) => name.startsWith(`${seat}#`));
      if (node !== undefined) return node;
      if (clockNs() > deadline) throw new Error(`${seat} could not be hurt for ${RESTORE_LIMIT_MS} ms: no redundancy`);
      await delay(POLL_MS);
    }
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
    if (this.#options.beyond !== undefined) return true;
    return shards
      .filter(({ chain }) => chain.includes(node))
      .every(({ chain }) => chain.some((other) => other !== node && !this.#watch.isDoomed(other)));
  }

  #hurt(node: string, waitedMs: number, onFault: (fault: Fault) => void): void {
    const kind = this.#prng.pick(this.#options.kinds);
    const fault = this.#watch.begin(kind, node, waitedMs);
    try {
      this.#inject(kind, node, fault);
      onFault(fault);
    } catch (error) {
      if (!(error instanceof KvError && error.code === 'UNKNOWN_NODE')) throw error;
      this.#watch.withdraw(fault);
    }
  }

  #inject(kind: FaultKind, node: string, fault: Fault): void {
    const { chaos } = this.#cluster;
    if (kind === 'hang') chaos.hang(node, HANG_MS);
    else if (kind === 'slow') this.#slow(node, fault);
    else chaos[kind](node);
  }

  #slow(node: string, fault: Fault): void {
    const { chaos } = this.#cluster;
    chaos.slow(node, 2 + this.#prng.below(20));
    setTimeout(
      () => {
        fault.restoredAt = clockNs();
        try {
          chaos.slow(node, 0);
        } catch {
          // It died meanwhile of the next fault: nothing to let go.
        }
      },
      50 + this.#prng.next() * 250,
    );
  }
}
