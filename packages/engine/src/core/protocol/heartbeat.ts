/** Heartbeats: what the driver shows the master of each node. */
import type { NodeId } from './ids.ts';

/** A node as the driver sees it from outside. */
export interface Heartbeat {
  readonly node: NodeId;
  /** Only a change means something. It stands still while the node rests. */
  readonly tick: number;
  /** Posts made to it so far; counted as `rested` is. */
  readonly posted: number;
  /** Ms its thread was ready to run and had no processor; NaN = not known, or one that rests, or has moved since the last look. */
  readonly waitedMs: number;
  /** After how many posts it came to rest, with nothing left to do; AWAKE if it does not rest. */
  readonly rested: number;
}

/** In Heartbeat.rested. No count of posts is negative. */
export const AWAKE = -1;
