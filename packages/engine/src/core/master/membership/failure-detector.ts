/**
 * FailureDetector: which nodes hang, judged from a tick each of them advances while it runs.
 *
 * It samples the ticks every 30 ms by default: a node whose tick has not moved in sixteen samples in a row hangs. Time in which
 * the master itself did not run must not count: whatever stopped the master (a busy machine, a suspended process) most
 * likely stopped the nodes too.
 *
 * Owns      when to look, how long each node has stood still in time that counts, and how long is too long.
 * Does not  read a clock or a tick (the driver does), or act: the master declares dead whom it names.
 * Invariants
 *   FD1  a node is named only after `hangLimitMs` without a tick in time that counts. With long values, or the last copy of a
 *       shard, it is given longer (patience.ts).
 *   FD2  time between a late look and the one before counts for nobody; what was counted before it stays. A look that is
 *       merely slow counts for little more than one that is not: the machine is short of time, for nodes as for the master.
 *   FD3  a node seen for the first time has everything still before it; so has one that rested at the last look. It rests
 *       only if it has done all that was posted to it: who does not wake is no sleeper.
 *   FD4  while all nodes rest nobody looks; a post to any of them, or a new one, begins it again.
 *   FD5  time in which a node was ready to run and the system gave it no processor does not count, three quarters of all time
 *       at most: the thread of a busy node gets less than the master's, which sleeps most of the time.
 * Why ticks and not messages: a heartbeat message queues behind data, so load would look like death.
 */
import type { Heartbeat } from '../../protocol/heartbeat.ts';
import type { NodeId } from '../../protocol/ids.ts';
import { patienceMs } from './patience.ts';

/** A node that has stood still for the hang limit or longer. */
export interface Quiet {
  readonly node: NodeId;
  /** In time that counts. */
  readonly quietMs: number;
}

interface Watched {
  tick: number;
  waitedMs: number;
  quietMs: number;
}

/** Looks per hang limit: fewer judge coarsely, more cost wake-ups. */
const LOOKS_PER_LIMIT = 16;
/** A look that comes later than this part of the limit after the one before is no judge of the time between. */
const ON_TIME_PART = 3 / 8;
/** Planned intervals that one look counts for at most. */
const SLOW_LOOK = 1.5;
/** Of time in which a node waited for a processor this part counts all the same: a starved one that hangs is found, late. */
const LEAST_PART = 1 / 4;

export class FailureDetector {
  /** When to look, or Infinity. */
  nextLookAt = Number.POSITIVE_INFINITY;
  private readonly hangLimitMs: number;
  private readonly lookEveryMs: number;
  private watched = new Map<NodeId, Watched>();
  private lastLookAt = Number.NEGATIVE_INFINITY;

  constructor(hangLimitMs: number) {
    this.hangLimitMs = hangLimitMs;
    this.lookEveryMs = Math.max(1, hangLimitMs / LOOKS_PER_LIMIT);
  }

  /** Somebody may have something to do: a node is new, or something was posted to one. */
  begin(now: number): void {
    if (this.nextLookAt === Number.POSITIVE_INFINITY) this.nextLookAt = now + this.lookEveryMs;
  }

  /** One look at every live node; who is not among them is forgotten. Returns those that may hang (isHung). */
  look(now: number, heartbeats: readonly Heartbeat[]): Quiet[] {
    const counts = this.timeThatCounts(now - this.lastLookAt);
    this.lastLookAt = now;
    const allRest = heartbeats.every((heartbeat) => this.rests(heartbeat));
    this.nextLookAt = allRest ? Number.POSITIVE_INFINITY : now + this.lookEveryMs;
    const watched = new Map<NodeId, Watched>();
    const quiet: Quiet[] = [];
    for (const heartbeat of heartbeats) {
      const { node, tick, waitedMs } = heartbeat;
      const resting = this.rests(heartbeat);
      const before = this.watched.get(node);
      const moved = before === undefined || before.tick !== tick || resting;
      const quietMs = moved ? 0 : before.quietMs + this.timeAwake(counts, waitedMs - before.waitedMs);
      watched.set(node, { tick: resting ? Number.NaN : tick, waitedMs, quietMs });
      if (quietMs >= this.hangLimitMs) quiet.push({ node, quietMs });
    }
    this.watched = watched;
    return quiet;
  }

  /** Whether a node has been quiet for too long. `longestValueBytes`: of the values it may have to deal with. */
  isHung({ quietMs }: Quiet, holdsLastCopy: boolean, longestValueBytes = 0): boolean {
    return quietMs >= patienceMs(this.hangLimitMs, longestValueBytes, holdsLastCopy);
  }

  /** FD2 */
  private timeThatCounts(elapsedMs: number): number {
    if (elapsedMs > this.hangLimitMs * ON_TIME_PART) return 0;
    return Math.min(elapsedMs, this.lookEveryMs * SLOW_LOOK);
  }

  /** FD5 */
  private timeAwake(counts: number, waitedMs: number): number {
    return waitedMs > 0 ? Math.max(counts * LEAST_PART, counts - waitedMs) : counts;
  }

  /** FD3 */
  private rests({ posted, rested }: Heartbeat): boolean {
    return rested === posted;
  }
}
