/**
 * HangWatch: looks at the nodes' heartbeats at even intervals and tells which hang; while all of them rest, it sleeps until
 * something is sent (`wake`). The judgement is the failure detector's; here is only its timer.
 */

import { FailureDetector, type Heartbeat } from '../../core/master/membership/failure-detector.ts';
import type { NodeId } from '../../core/protocol/ids.ts';

export interface HangWatchParts {
  readonly hangLimitMs: number;
  readonly heartbeats: () => readonly Heartbeat[];
  /** At every look, until it is gone or moves again. */
  readonly onHung: (node: NodeId, quietMs: number) => void;
}

export class HangWatch {
  private readonly look: () => void;
  private readonly everyMs: number;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor({ hangLimitMs, heartbeats, onHung }: HangWatchParts) {
    const detector = new FailureDetector(hangLimitMs);
    this.everyMs = detector.sampleEveryMs;
    this.look = () => {
      const beats = heartbeats();
      for (const node of detector.sample(performance.now(), beats)) onHung(node, detector.quietMs(node));
      if (beats.every(({ resting }) => resting === true)) this.sleep();
    };
    this.wake();
  }

  /** Something was sent to a node, or one came up. */
  wake(): void {
    if (this.timer !== undefined || this.stopped) return;
    this.timer = setInterval(this.look, this.everyMs).unref();
  }

  private sleep(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  stop(): void {
    this.stopped = true;
    this.sleep();
  }
}
