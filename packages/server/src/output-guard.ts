/**
 * OutputGuard: decides when a client that does not take its replies is cut off, as Redis's client-output-buffer-limit
 * does with a soft and a hard limit.
 *
 * A session stops beginning commands long before (outputSoftBytes), so what can pass the limit is what was under way by
 * then. A client that pipelined many large reads and is reading them does no wrong: it has GRACE_MS to come below the
 * limit again. Nobody has more than CEILING times the limit.
 */

const GRACE_MS = 10_000;
const CEILING = 4;

export class OutputGuard {
  private readonly limitBytes: number;
  private readonly outputBytes: () => number;
  private readonly cutOff: () => void;
  private timer: NodeJS.Timeout | undefined;

  /** `outputBytes` measures anew; `cutOff` is called at most once. */
  constructor(limitBytes: number, outputBytes: () => number, cutOff: () => void) {
    this.limitBytes = limitBytes;
    this.outputBytes = outputBytes;
    this.cutOff = cutOff;
  }

  /** To be called with the bytes of output whenever they may have grown much. */
  check(bytes: number): void {
    if (bytes <= this.limitBytes) return;
    if (bytes > this.limitBytes * CEILING) this.end();
    else this.timer ??= setTimeout(() => this.onGraceOver(), GRACE_MS).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private onGraceOver(): void {
    this.timer = undefined;
    if (this.outputBytes() > this.limitBytes) this.end();
  }

  private end(): void {
    this.stop();
    this.cutOff();
  }
}
