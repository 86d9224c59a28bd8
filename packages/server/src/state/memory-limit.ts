/**
 * ServerMemoryLimit: `maxmemory` as clients of Redis mean it: what the server may hold, all nodes and copies together, as
 * `used_memory` counts it. The engine's limit is that of one node, and so is `--max-memory`: each gets an equal part.
 *
 * Owns      the number of bytes last asked for, which need not be a multiple of the nodes.
 * Does not  check values (commands/server/config.ts), or judge memory (the engine).
 */
import type { ClusterApi, EvictionPolicy, MemoryLimitOptions } from '@quintet/engine';

/** What is to be changed. */
export interface MemoryChange {
  total?: number;
  policy?: EvictionPolicy;
}

export class ServerMemoryLimit {
  private readonly cluster: ClusterApi;
  private asked = 0;
  private seats: number | undefined;

  constructor(cluster: ClusterApi) {
    this.cluster = cluster;
  }

  /** Bytes; 0 = unlimited. As it was asked for, unless the limit was changed elsewhere. */
  get total(): number {
    const { maxMemory } = this.cluster.memoryLimit;
    return this.partOf(this.asked) === maxMemory ? this.asked : maxMemory * this.nodes;
  }

  get isUnlimited(): boolean {
    return this.cluster.memoryLimit.maxMemory === 0;
  }

  get policy(): EvictionPolicy {
    return this.cluster.memoryLimit.eviction;
  }

  /** Resolves when all nodes work by it. */
  change({ total, policy }: MemoryChange): Promise<void> {
    const limit: MemoryLimitOptions = {};
    if (policy !== undefined) limit.eviction = policy;
    if (total !== undefined) {
      limit.maxMemory = this.partOf(total);
      this.asked = total;
    }
    return this.cluster.setMemoryLimit(limit);
  }

  /** Seats neither come nor go: the cluster is asked once. */
  private get nodes(): number {
    this.seats ??= Math.max(1, this.cluster.status().nodes.length);
    return this.seats;
  }

  /** Rounded up: a limit of one byte is not none. */
  private partOf(total: number): number {
    return Math.ceil(total / this.nodes);
  }
}
