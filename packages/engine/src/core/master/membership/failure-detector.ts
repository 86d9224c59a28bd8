/**
 * FailureDetector: which nodes hang, judged from a tick each of them advances while it runs.
 *
 * It samples the ticks every 30 ms by default: a node whose tick has not moved in sixteen samples in a row hangs. Time in which
 * the master itself did not run must not count: whatever stopped the master (a busy machine, a suspended process) most
 * likely stopped the nodes too.
 *
 * Owns      when each node was last seen to move, in time the master itself was awake.
 * Does not  read a clock or a tick, or act: the driver samples, and notifies the master machine of nodes that hang.
 * Invariants
 *   F1  a node is reported only after `hangLimitMs` without a tick, all of it between samples that were on time.
 *   F2  time between a late sample and the one before counts for no node; what was counted before it stays.
 *   F3  a node seen for the first time has everything still before it; so has one that rested at the last sample.
 * Why ticks and not messages: a heartbeat message queues behind data, so load would look like death.
 */
import type { NodeId } from '../../protocol/ids.ts';

/** A node's tick now. Only a change means something. */
export interface Heartbeat {
  readonly node: NodeId;
  readonly tick: number;
  /** It has done all it was sent, and its tick stands still until something arrives. */
  readonly resting?: boolean;
}

interface Watched {
  tick: number;
  quietMs: number;
}

/** Looks per hang limit: fewer judge coarsely, more cost wake-ups. */
const SAMPLES_PER_LIMIT = 16;
/** A sample that comes later than this part of the limit after the one before is no judge of the time between. */
const ON_TIME_PART = 3 / 8;

export class FailureDetector {
  /** How often `sample` should be called. */
  readonly sampleEveryMs: number;
  private readonly hangLimitMs: number;
  private watched = new Map<NodeId, Watched>();
  private lastSampleAt = Number.NEGATIVE_INFINITY;

  constructor(hangLimitMs: number) {
    this.hangLimitMs = hangLimitMs;
    this.sampleEveryMs = Math.max(1, hangLimitMs / SAMPLES_PER_LIMIT);
  }

  /** How long a node of the last sample has shown no sign of life, in time that counts. */
  quietMs(node: NodeId): number {
    return this.watched.get(node)?.quietMs ?? 0;
  }

  /** One look at every live node; who is not among them is forgotten. Returns those that hang. */
  sample(now: number, heartbeats: readonly Heartbeat[]): NodeId[] {
    const elapsedMs = now - this.lastSampleAt;
    const onTime = elapsedMs <= this.hangLimitMs * ON_TIME_PART;
    this.lastSampleAt = now;
    const watched = new Map<NodeId, Watched>();
    const hung: NodeId[] = [];
    for (const { node, tick, resting } of heartbeats) {
      const before = this.watched.get(node);
      const moved = before === undefined || before.tick !== tick || resting === true;
      const quietMs = moved ? 0 : before.quietMs + (onTime ? elapsedMs : 0);
      watched.set(node, { tick: resting === true ? Number.NaN : tick, quietMs });
      if (quietMs >= this.hangLimitMs) hung.push(node);
    }
    this.watched = watched;
    return hung;
  }
}
