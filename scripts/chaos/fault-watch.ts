/**
 * FaultWatch: what became of each fault, from the cluster's events.
 *
 * Owns      the faults injected, who is doomed (hurt but not known to be dead), deaths nobody ordered.
 * Does not  choose faults (schedule.ts).
 * Restored  A fault is over when every shard its node held has all its copies again. That is per fault even where the
 *           next one begins earlier; the time counts from the node's death being noticed.
 */
import type { Cluster, ClusterEvents, DeathReason } from '@quintet/engine';
import { clockNs } from './caller.ts';

export const KINDS = ['kill', 'crash', 'exit', 'exhaustMemory', 'hang', 'slow'] as const;
export type FaultKind = (typeof KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The life that was hurt: `n3#2`. */
  readonly node: string;
  readonly at: number;
  /** How long the schedule had to wait for redundancy before it could hurt anyone. */
  readonly waitedMs: number;
  downAt: number | null;
  reason: DeathReason | null;
  /** When every shard it held had all its copies again; for `slow`, when it was let go. */
  restoredAt: number | null;
  /** Shards it held copies of, and when each had all its copies again (null: not yet). */
  readonly held: Map<number, number | null>;
  /** Shards that had to do with it while it was not known to be dead: those it held, and those it was a learner of. */
  readonly touched: Set<number>;
}

export interface UnplannedDeath {
  readonly at: number;
  readonly node: string;
  readonly reason: DeathReason;
  readonly detail: string;
}

export class FaultWatch {
  readonly faults: Fault[] = [];
  readonly unplanned: UnplannedDeath[] = [];
  /** Shards lost, in order. */
  readonly lost: { readonly shard: number; readonly at: number }[] = [];
  readonly #cluster: Cluster;
  readonly #open = new Map<string, Fault>();
  #watching = true;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.on('node-down', (event) => this.#onDown(event));
    cluster.on('shard-restored', ({ shard }) => this.#onRestored(shard));
    cluster.on('learner-started', ({ shard, node }) => this.#open.get(node)?.touched.add(shard));
    cluster.on('shard-lost', ({ shard }) => this.#onLost(shard));
  }

  /** To be called just before the node is hurt: a kill is noticed at once. */
  begin(kind: FaultKind, node: string, waitedMs: number): Fault {
    const { shards } = this.#cluster.status();
    const learns = shards.filter(({ learner }) => learner === node).map(({ shard }) => shard);
    const held = new Map(shards.filter(({ chain }) => chain.includes(node)).map(({ shard }) => [shard, null]));
    const touched = new Set([...held.keys(), ...learns]);
    const at = clockNs();
    const fault: Fault = { kind, node, at, waitedMs, downAt: null, reason: null, restoredAt: null, held, touched };
    this.faults.push(fault);
    if (kind !== 'slow') this.#open.set(node, fault);
    return fault;
  }

  /** The node could not be hurt after all: there is no such life any more. */
  withdraw(fault: Fault): void {
    this.faults.splice(this.faults.indexOf(fault), 1);
    this.#open.delete(fault.node);
  }

  /** Hurt so that it will die, but perhaps not known to be dead. */
  isDoomed(node: string): boolean {
    return this.#open.has(node);
  }

  /** Faults whose node is not known to be dead yet. */
  get pending(): number {
    return [...this.#open.values()].filter(({ downAt }) => downAt === null).length;
  }

  /** From now on deaths are somebody else's. */
  end(): void {
    this.#watching = false;
  }

  #onDown({ node, reason, detail }: ClusterEvents['node-down']): void {
    if (!this.#watching) return;
    const at = clockNs();
    const fault = this.#open.get(node);
    if (fault === undefined) {
      this.unplanned.push({ at, node, reason, detail });
      return;
    }
    fault.downAt = at;
    fault.reason = reason;
    // Not before the master is done with this death.
    setImmediate(() => this.#noteStillWhole(fault));
  }

  /** A shard that was being moved had a copy to spare: it never lacked one, and will not be told of as restored. */
  #noteStillWhole(fault: Fault): void {
    for (const { shard, health } of this.#cluster.status().shards) {
      if (health === 'ok' && fault.held.get(shard) === null) fault.held.set(shard, fault.downAt);
    }
    if (![...fault.held.values()].includes(null)) fault.restoredAt ??= fault.downAt;
  }

  #onRestored(shard: number): void {
    const at = clockNs();
    for (const fault of this.faults) {
      if (fault.downAt === null || fault.held.get(shard) !== null) continue;
      fault.held.set(shard, at);
      if (![...fault.held.values()].includes(null)) fault.restoredAt = at;
    }
  }

  /** A lost shard never gets back what the fault took; that is told in other ways. */
  #onLost(shard: number): void {
    const at = clockNs();
    this.lost.push({ shard, at });
    for (const { held } of this.faults) if (held.get(shard) === null) held.delete(shard);
  }
}
