/**
 * Pool: many seeds on all processors.
 *
 * Owns      the threads (piscina), how seeds are dealt out, and the order of reports (by arrival, not by seed).
 * Does not  run anything itself (seed-worker.ts) or print.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { Report } from './run.ts';
import type { SeedTask } from './seed-worker.ts';

/** Seeds a thread takes at once. */
const SEEDS_PER_TASK = 10;

const WORKER_FILE = import.meta.url.endsWith('.ts') ? './seed-worker-boot.mjs' : './seed-worker.js';

export class SeedPool {
  private readonly pool: Piscina<SeedTask, Report[]>;
  readonly threads: number;

  constructor(threads = availableParallelism()) {
    this.threads = threads;
    const filename = new URL(WORKER_FILE, import.meta.url).href;
    this.pool = new Piscina<SeedTask, Report[]>({ filename, minThreads: 1, maxThreads: threads });
  }

  /** Runs seeds `from`, `from + 1`, … `from + count - 1`. */
  async run(from: number, count: number, onReport: (report: Report) => boolean): Promise<void> {
    let next = from;
    let going = true;
    const drain = async (): Promise<void> => {
      while (going && next < from + count) {
        const seeds = numbers(next, Math.min(SEEDS_PER_TASK, from + count - next));
        next += seeds.length;
        const reports = await this.pool.run({ seeds, planted: null, untilFailure: false });
        for (const report of reports) if (!onReport(report)) going = false;
      }
    };
    await Promise.all(Array.from({ length: this.threads }, drain));
  }

  /** Runs seeds from 1 on with a bug planted, on one thread, until one fails; null if none of `count` does. */
  async hunt(planted: string, count: number): Promise<{ seeds: number; report: Report } | null> {
    for (let from = 1; from <= count; from += SEEDS_PER_TASK) {
      const seeds = numbers(from, Math.min(SEEDS_PER_TASK, count - from + 1));
      const reports = await this.pool.run({ seeds, planted, untilFailure: true });
      const report = reports[reports.length - 1]!;
      if (report.failure !== null) return { seeds: from + reports.length - 1, report };
    }
    return null;
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(from + at));
}
