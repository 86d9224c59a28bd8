/**
 * MemoryWatch: looks once a second at what the nodes hold: for the peak, and to give memory back after much was removed.
 *
 * Owns      the peak, and when this process gives memory back by itself.
 * Does not  collect (the engine does), or bound what clients hold (memory-holders.ts).
 * Why       Nodes give back by themselves. What went through the heap of this thread, a V8 that is left in peace keeps: 45 MB
 *           after 800,000 writes.
 * Invariant MM1  the heap of this thread is collected only after nodes let go of `GIVE_BACK_BYTES`, and while little is asked; then
 *               once more, for a heap gives up the room it keeps only after a while without work.
 */
import type { ClusterApi } from '@quintet/engine';

const GIVE_BACK_BYTES = 16 * 1024 * 1024;
/** Commands, and bytes of them, since the last look that a collection, of some milliseconds, may keep waiting. */
const QUIET_COMMANDS = 100;
const QUIET_BYTES = 64 * 1024;
const TIMES = 2;

/** Whose memory it is. */
interface Watched {
  readonly cluster: Pick<ClusterApi, 'memoryBytes' | 'releaseMemory'>;
  readonly counters: { readonly commands: number; readonly inputBytes: number };
}

export class MemoryWatch {
  /** The most bytes the nodes were seen to use. */
  peak = 0;
  private readonly context: Watched;
  /** The most since memory was given back. */
  private most = 0;
  private commands = 0;
  private inputBytes = 0;
  /** Collections to do. */
  private left = 0;

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
    const commands = Math.abs(counters.commands - this.commands);
    const bytes = Math.abs(counters.inputBytes - this.inputBytes);
    this.commands = counters.commands;
    this.inputBytes = counters.inputBytes;
    const used = this.used();
    if (commands > QUIET_COMMANDS || bytes > QUIET_BYTES) return;
    if (this.most - used >= GIVE_BACK_BYTES) {
      this.most = used;
      this.left = TIMES;
    }
    if (this.left === 0) return;
    this.left -= 1;
    cluster.releaseMemory();
  }
}
