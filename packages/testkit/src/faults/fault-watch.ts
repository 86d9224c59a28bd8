/**
 * FaultWatch: what became of each fault, from the cluster's events.
 *
 * Owns      the faults injected, who is doomed (hurt but not known to be dead), deaths nobody ordered.
 * Does not  choose faults (fault-schedule.ts) or inject them.
 * Restored  A fault is over when every shard its node held has all its copies again. That is per fault even where the
 *           next one begins earlier; the time counts from the node's death being noticed.
 */
import { type ClusterApi, type ClusterEvents, type DeathReason, KvError } from '@quintet/engine';
import { monotonicNs } from '../clock.ts';

/** Ways to hurt a node; `slow` is the only one it survives. */
export const FAULT_KINDS = ['kill', 'crash', 'exit', 'exhaustMemory', 'hang', 'slow'] as const;
/** See FAULT_KINDS. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault. Times are readings of the process's monotonic clock (`process.hrtime`), in nanoseconds. */
export interface Fault {
  readonly kind: FaultKind;
  /** The life that was hurt: `n3#2`. */
  readonly node: string;
  /** Just before it was hurt. */
  readonly at: number;
  /** How long a schedule had to wait for redundancy before it could hurt anyone, ms. */
  readonly waitedMs: number;
  /** When its death was noticed; null: not (yet). */
  downAt: number | null;
  reason: DeathReason | null;
  /** When every shard it held had all its copies again; for `slow`, when it was let go. */
  restoredAt: number | null;
  /** Shards it held copies of, and when each had all its copies again (null: not yet). */
  readonly held: Map<number, number | null>;
  /** Shards of those that were lost before they had all their copies again: they are not `held` any more. */
  readonly lost: Set<number>;
  /** Shards that had to do with it while it was not known to be dead: those it held, and those it was a learner of. */
  readonly touched: Set<number>;
}

/** The death of a node that no fault was meant for. */
export interface UnplannedDeath {
  readonly at: number;
  readonly node: string;
  readonly reason: DeathReason;
  readonly detail: string;
}

/** Follows the faults of one cluster. */
export class FaultWatch {
  readonly faults: Fault[] = [];
  readonly unplanned: UnplannedDeath[] = [];
  /** Shards lost, in order. */
  readonly lost: { readonly shard: number; readonly at: number }[] = [];
  readonly #cluster: ClusterApi;
  /** By life: the faults that will be, or were, the end of it. */
  readonly #deadly = new Map<string, Fault[]>();
  readonly #waiting = new Map<Fault, (() => void)[]>();
  #watching = true;

  constructor(cluster: ClusterApi) {
    this.#cluster = cluster;
    cluster.on('node-down', (event) => this.#onDown(event));
    cluster.on('shard-restored', ({ shard }) => this.#onRestored(shard));
    cluster.on('learner-started', ({ shard, node }) => {
      for (const { touched } of this.#deadly.get(node) ?? []) touched.add(shard);
    });
    cluster.on('shard-lost', ({ shard }) => this.#onLost(shard));
  }

  /** To be called just before the node is hurt: a kill is noticed at once. `node` is a life, `n3#2`. */
  begin(kind: FaultKind, node: string, waitedMs = 0): Fault {
    const { shards } = this.#cluster.status();
    const learns = shards.filter(({ learner }) => learner === node).map(({ shard }) => shard);
    const held = new Map(shards.filter(({ chain }) => chain.includes(node)).map(({ shard }) => [shard, null]));
    const touched = new Set([...held.keys(), ...learns]);
    const at = monotonicNs();
    const fates = { downAt: null, reason: null, restoredAt: null, lost: new Set<number>() };
    const fault: Fault = { kind, node, at, waitedMs, ...fates, held, touched };
    this.faults.push(fault);
    if (kind !== 'slow') this.#deadly.set(node, [...(this.#deadly.get(node) ?? []), fault]);
    return fault;
  }

  /** The node could not be hurt after all: there is no such life any more. */
  withdraw(fault: Fault): void {
    this.faults.splice(this.faults.indexOf(fault), 1);
    const others = (this.#deadly.get(fault.node) ?? []).filter((other) => other !== fault);
    if (others.length > 0) this.#deadly.set(fault.node, others);
    else this.#deadly.delete(fault.node);
  }

  /** A slow node was let go, or died of another fault. */
  endSlow(fault: Fault): void {
    this.#restore(fault, monotonicNs());
  }

  /** Hurt so that it will die, but perhaps not known to be dead. */
  isDoomed(node: string): boolean {
    return this.#deadly.has(node);
  }

  /** Faults whose node is not known to be dead yet. */
  get pending(): number {
    return this.faults.filter(({ kind, downAt }) => kind !== 'slow' && downAt === null).length;
  }

  /** Resolves when a fault is over (`restoredAt`). @throws {KvError} SHARD_LOST as a rejection: some copies never come back */
  restored(fault: Fault): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const { restoredAt, lost } = fault;
        if (lost.size > 0) reject(new KvError('SHARD_LOST', `shards ${[...lost].join(', ')}, with ${fault.node}`));
        else if (restoredAt !== null) resolve();
      };
      settle();
      this.#waiting.set(fault, [...(this.#waiting.get(fault) ?? []), settle]);
    });
  }

  /** From now on deaths are somebody else's. */
  end(): void {
    this.#watching = false;
  }

  #onDown({ node, reason, detail }: ClusterEvents['node-down']): void {
    if (!this.#watching) return;
    const at = monotonicNs();
    const faults = this.#deadly.get(node);
    if (faults === undefined) {
      this.unplanned.push({ at, node, reason, detail });
      return;
    }
    for (const fault of faults) {
      fault.downAt = at;
      fault.reason = reason;
    }
    // Not before the master is done with this death.
    setImmediate(() => {
      for (const fault of faults) this.#noteStillWhole(fault);
    });
  }

  /** A shard that was being moved had a copy to spare: it never lacked one, and will not be told of as restored. */
  #noteStillWhole(fault: Fault): void {
    if (!this.#watching) return;
    for (const { shard, health } of this.#cluster.status().shards) {
      if (health === 'ok' && fault.held.get(shard) === null) fault.held.set(shard, fault.downAt);
    }
    if (![...fault.held.values()].includes(null)) this.#restore(fault, fault.downAt!);
  }

  #onRestored(shard: number): void {
    const at = monotonicNs();
    for (const fault of this.faults) {
      if (fault.downAt === null || fault.held.get(shard) !== null) continue;
      fault.held.set(shard, at);
      if (![...fault.held.values()].includes(null)) this.#restore(fault, at);
    }
  }

  #restore(fault: Fault, at: number): void {
    fault.restoredAt ??= at;
    this.#tell(fault);
  }

  /** A lost shard never gets back what the fault took; that is told in other ways. */
  #onLost(shard: number): void {
    const at = monotonicNs();
    this.lost.push({ shard, at });
    for (const fault of this.faults.filter(({ held }) => held.get(shard) === null)) {
      fault.held.delete(shard);
      fault.lost.add(shard);
      this.#tell(fault);
    }
  }

  #tell(fault: Fault): void {
    for (const settle of this.#waiting.get(fault) ?? []) settle();
    this.#waiting.delete(fault);
  }
}
