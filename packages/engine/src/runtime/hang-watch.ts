/**
 * HangWatch: looks at the nodes' heartbeats at even intervals and tells which hang. The judgement is the failure
 * detector's; here is only its timer.
 */
import type { NodeId } from '../core/ids.ts';
import { FailureDetector, type Heartbeat } from '../core/master/failure-detector.ts';

export interface HangWatchParts {
  readonly hangLimitMs: number;
  readonly heartbeats: () => readonly Heartbeat[];
  /** At every look, until it is gone or moves again. */
  readonly onHung: (node: NodeId, quietMs: number) => void;
}

export class HangWatch {
  private readonly timer: NodeJS.Timeout;

  constructor({ hangLimitMs, heartbeats, onHung }: HangWatchParts) {
    const detector = new FailureDetector(hangLimitMs);
    const look = (): void => {
      for (const node of detector.sample(performance.now(), heartbeats())) onHung(node, detector.quietMs(node));
    };
    this.timer = setInterval(look, detector.sampleEveryMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
