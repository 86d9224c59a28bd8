/**
 * MemoryWatch: looks once a second at what the nodes hold: for the peak, and to give memory back after much was removed.
 *
 * Owns      the peak, and when this process gives memory back by itself.
 * Does not  collect (the engine does), or bound what clients hold (memory-holders.ts).
 * Why       Nodes give back by themselves. What went through the heap of this thread, a V8 that is left in peace keeps: 45 MB
 *           after 800,000 writes.
 * Invariant W1  the heap of this thread is collected only after nodes let go of `GIVE_BACK_BYTES`, and while little is asked.
 */
import type { ClusterApi } from '@quintet/engine';

const GIVE_BACK_BYTES = 16 * 1024 * 1024;
/** Commands since the last look that a collection, of some milliseconds, may keep waiting. */
const QUIET_COMMANDS = 100;

/** Whose memory it is. */
interface Watched {
  readonly cluster: Pick<ClusterApi, 'memoryBytes' | 'releaseMemory'>;
  readonly counters: { readonly commands: number };
}

export class MemoryWatch {
  /** The most bytes the nodes were seen to use. */
  peak = 0;
  private readonly context: Watched;
  /** The most since memory was given back. */
  private most = 0;
  private commands = 0;

  constructor(context: Watched) {
    this.context = context;
  }

  /** Bytes the nodes use now; keeps the peak. */
  used(): number {
    const used = this.context.cluster.memoryBytes();
    this.peak = Math.max(this.peak, used);
    this.most = Math.max(this.most, used);
    return used;
  }

  /** Once a second. */
  look(): void {
    const { cluster, counters } = this.context;
    const quiet = Math.abs(counters.commands - this.commands) <= QUIET_COMMANDS;
    this.commands = counters.commands;
    const used = this.used();
    if (!quiet || this.most - used < GIVE_BACK_BYTES) return;
    this.most = used;
    cluster.releaseMemory();
  }
}
