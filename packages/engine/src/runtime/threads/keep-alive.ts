/**
 * KeepAlive: whether this runtime keeps the process alive.
 *
 * Owns      one timer that never matters but for being ref'd or not. Threads and all other timers are unref'd for good.
 * Invariant KA1  the timer is ref'd while anyone holds, and for at most one turn longer.
 * Why lazily released: a caller that awaits one call after the other would toggle it twice per call.
 */
const NEVER_MS = 2 ** 30;

export class KeepAlive {
  private readonly timer = setInterval(() => {}, NEVER_MS);
  private holds = 0;
  private held = false;

  constructor() {
    this.timer.unref();
  }

  hold(): void {
    this.holds += 1;
    if (this.held) return;
    this.held = true;
    this.timer.ref();
  }

  /** Takes effect at the next `settle`. */
  release(): void {
    this.holds -= 1;
  }

  /** Once a turn: lets go if nobody holds. */
  settle(): void {
    if (!this.held || this.holds > 0) return;
    this.held = false;
    this.timer.unref();
  }

  end(): void {
    clearInterval(this.timer);
  }
}
