/**
 * FaultRun: a schedule of faults that runs beside a test.
 *
 * Owns      its end: it is over when the last node it hurt is known to be dead and all copies are back.
 * Does not  choose or inject (faults/).
 */
import type { Cluster } from '@quintet/engine';
import type { FaultSchedule } from '../faults/fault-schedule.ts';
import type { Fault } from '../faults/fault-watch.ts';
import type { EventLog } from './event-log.ts';

/** What a run of faults needs of its cluster. */
export interface FaultRunParts {
  readonly cluster: Cluster;
  readonly log: EventLog;
  readonly schedule: FaultSchedule;
  /** Shards may be lost: then no copies need come back. */
  readonly beyond: boolean;
  readonly timeoutMs: number;
}

/** Faults in flight. `await using` stops them at the end of the block. */
export class FaultRun implements AsyncDisposable {
  /**
   * Resolves when all faults were injected (or stop() was called), every node hurt is known to be dead, and, unless the run
   * is `beyond`, all copies are back. Rejects with an Error if redundancy did not come back in time.
   */
  readonly done: Promise<void>;
  readonly #parts: FaultRunParts;
  readonly #faults: Fault[] = [];
  #ended = false;

  constructor(parts: FaultRunParts) {
    this.#parts = parts;
    this.done = this.#run().finally(() => {
      this.#ended = true;
    });
    // stop() and dispose tell of a failure; a test that never asks hears of it when its cluster is closed.
    this.done.catch(() => undefined);
  }

  /** Those injected so far. */
  get faults(): readonly Fault[] {
    return this.#faults;
  }

  /** Whether `done` has settled: `while (!run.ended) await work();` */
  get ended(): boolean {
    return this.#ended;
  }

  /** No new faults; resolves and rejects as `done`. Idempotent. */
  stop(): Promise<void> {
    this.#parts.schedule.stop();
    return this.done;
  }

  /** As stop(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    const { cluster, log, schedule, beyond, timeoutMs } = this.#parts;
    await schedule.run((fault) => this.#faults.push(fault));
    for (const { node, at } of this.#faults.filter(({ kind }) => kind !== 'slow')) {
      await log.wait('node-down', { since: { at }, where: (down) => down.node === node, timeoutMs });
    }
    if (!beyond) await cluster.settled({ timeoutMs });
  }
}
