/**
 * CommandStatistics: how often each command was called and refused, and how long it took, for INFO commandstats and LATENCY
 * HISTOGRAM. Flat arrays by the commands' index, because one of them is counted up for every request.
 */
import { Command } from '../command/command.ts';

export interface CommandCounts {
  readonly fullName: string;
  readonly calls: number;
  readonly rejected: number;
  /** Milliseconds from the beginning of a command to its reply, all together; commands answered at once count none. */
  readonly totalMs: number;
}

/** Calls by the time they took, in powers of two microseconds: [0] up to 1 µs, [1] up to 2 µs, [n] up to 2^n µs. */
export type LatencyHistogram = readonly number[];

/** The last one holds all that took longer than 2^30 µs, a quarter of an hour. */
const BUCKETS = 31;

export class CommandStatistics {
  private readonly calls = new Float64Array(Command.all.length);
  private readonly totalMs = new Float64Array(Command.all.length);
  private readonly rejections = new Float64Array(Command.all.length);
  private readonly buckets = new Float64Array(Command.all.length * BUCKETS);

  called(command: Command): void {
    this.calls[command.index]!++;
  }

  took(command: Command, milliseconds: number): void {
    this.totalMs[command.index]! += milliseconds;
    this.buckets[command.index * BUCKETS + bucketOf(milliseconds)]!++;
  }

  /** It was not run: a wrong number of arguments, or no password given. */
  rejected(command: Command): void {
    this.rejections[command.index]!++;
  }

  /** The commands that were asked for at all. */
  list(): readonly CommandCounts[] {
    return Command.all
      .map(({ index, fullName }) => ({
        fullName,
        calls: this.calls[index]!,
        rejected: this.rejections[index]!,
        totalMs: this.totalMs[index]!,
      }))
      .filter(({ calls, rejected }) => calls + rejected > 0);
  }

  /** How long calls took; those answered at once count as the shortest. */
  histogram({ index }: Command): LatencyHistogram {
    const buckets = [...this.buckets.subarray(index * BUCKETS, (index + 1) * BUCKETS)];
    const timed = buckets.reduce((total, count) => total + count, 0);
    buckets[0]! += Math.max(0, this.calls[index]! - timed);
    return buckets;
  }

  reset(): void {
    this.buckets.fill(0);
    this.calls.fill(0);
    this.rejections.fill(0);
    this.totalMs.fill(0);
  }
}

function bucketOf(milliseconds: number): number {
  const microseconds = Math.ceil(milliseconds * 1000);
  return microseconds <= 1 ? 0 : Math.min(BUCKETS - 1, 32 - Math.clz32(microseconds - 1));
}
