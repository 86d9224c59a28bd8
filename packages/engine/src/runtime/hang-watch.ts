/**
 * HangWatch: looks at the nodes' heartbeats at even intervals and tells which hang. The judgement is the failure
 * detector's; here is only its timer.
 */
import type { NodeId } from '../core/ids.ts';
import { FailureDetector, type Heartbeat } from '../core/master/failure-detector.ts';

export interface HangWatchParts {
  readonly hangLimitMs: number;
  readonly heartbeats: () => readonly Heartbeat[];
  readonly onHung: (node: NodeId) => void;
}

export class HangWatch {
  private readonly timer: NodeJS.Timeout;

  constructor({ hangLimitMs, heartbeats, onHung }: HangWatchParts) {
    const detector = new FailureDetector(hangLimitMs);
    const look = (): void => {
      for (const node of detector.sample(performance.now(), heartbeats())) onHung(node);
    };
    this.timer = setInterval(look, detector.sampleEveryMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
