/**
 * OutputGuard: decides when a client that does not take its output is cut off.
 *
 *   what it asked for    However slowly it reads, it is left alone: no further command is begun meanwhile (request-reader.ts). Only a
 *                        client that takes nothing at all for `outputStallMs`, while much waits for it, has stopped reading.
 *   what is pushed       Nothing holds back what others publish. So a subscriber is under a soft and a hard limit too, as
 *                        the class `pubsub` of Redis's client-output-buffer-limit: GRACE_MS above the one, never CEILING
 *                        times as much.
 */
import type { ServerLimits } from './limits.ts';

const GRACE_MS = 10_000;
const CEILING = 4;
/** Share of `outputSoftBytes` from which a client that takes nothing is counted as one that does not read. */
const STALL_SHARE = 0.5;
/** How often in `outputStallMs` it is looked whether something was taken. */
const LOOKS = 4;

/** A timer of more fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The output of one client, as it is now. */
export interface Output {
  /** Bytes not sent yet. */
  readonly bytes: number;
  /** Any number that is another one once the client has taken something. */
  readonly taken: number;
}

export class OutputGuard {
  private readonly limits: ServerLimits;
  private readonly output: () => Output;
  private readonly cutOff: () => void;
  private grace: NodeJS.Timeout | undefined;
  private looking: NodeJS.Timeout | undefined;
  private taken = 0;
  private looks = 0;

  /** `output` measures anew; `cutOff` is called at most once. */
  constructor(limits: ServerLimits, output: () => Output, cutOff: () => void) {
    this.limits = limits;
    this.output = output;
    this.cutOff = cutOff;
  }

  /** To be called with the bytes of output whenever they may have grown much. `pushed`: others may add to them. */
  check(bytes: number, pushed: boolean): void {
    if (bytes >= this.stallBytes) this.lookOn();
    if (!pushed || bytes <= this.limits.outputHardBytes) return;
    if (bytes > this.limits.outputHardBytes * CEILING) this.end();
    else this.grace ??= setTimeout(() => this.onGraceOver(), GRACE_MS).unref();
  }

  stop(): void {
    clearTimeout(this.grace);
    clearTimeout(this.looking);
    this.grace = this.looking = undefined;
  }

  private get stallBytes(): number {
    return this.limits.outputSoftBytes * STALL_SHARE;
  }

  private onGraceOver(): void {
    this.grace = undefined;
    if (this.output().bytes > this.limits.outputHardBytes) this.end();
  }

  private lookOn(): void {
    if (this.looking !== undefined) return;
    this.looks = 0;
    this.taken = this.output().taken;
    this.lookLater();
  }

  private lookLater(): void {
    this.looking = setTimeout(() => this.look(), Math.min(this.limits.outputStallMs / LOOKS, TIMER_MS_MAX)).unref();
  }

  private look(): void {
    this.looking = undefined;
    const { bytes, taken } = this.output();
    if (bytes < this.stallBytes) return;
    this.looks = taken === this.taken ? this.looks + 1 : 0;
    this.taken = taken;
    if (this.looks >= LOOKS) this.end();
    else this.lookLater();
  }

  private end(): void {
    this.stop();
    this.cutOff();
  }
}
