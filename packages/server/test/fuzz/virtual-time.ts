/**
 * Timers and a clock that move only when told to: a fuzzed DEBUG SLEEP 1000 costs nothing, and a session that waits for no
 * timer and answers nothing hangs for certain.
 */
interface Timer {
  at: number;
  readonly run: () => void;
  /** 0: runs once. */
  readonly everyMs: number;
}

type Handle = { unref(): Handle; ref(): Handle; refresh(): Handle };

const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  now: Date.now,
};

export class VirtualTime {
  private readonly timers = new Map<object, Timer>();
  private now = 1_700_000_000_000;

  /** From here on until {@link restore} the whole process is in this time. */
  constructor() {
    const clear = (handle: object): void => void this.timers.delete(handle);
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 1) => this.add(run, ms, false),
      setInterval: (run: () => void, ms = 1) => this.add(run, ms, true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Date.now = () => this.now;
  }

  private add(run: () => void, milliseconds: number, repeats: boolean): Handle {
    const wait = Math.max(1, milliseconds);
    const start = (): Handle => {
      this.timers.set(handle, { at: this.now + wait, run, everyMs: repeats ? wait : 0 });
      return handle;
    };
    const handle: Handle = { unref: () => handle, ref: () => handle, refresh: start };
    return start();
  }

  /** Runs the timer that is due first. False if there is none. */
  advance(): boolean {
    let first: [handle: object, timer: Timer] | undefined;
    for (const entry of this.timers) if (first === undefined || entry[1].at < first[1].at) first = entry;
    if (first === undefined) return false;
    const [handle, timer] = first;
    this.now = timer.at;
    if (timer.everyMs === 0) this.timers.delete(handle);
    else timer.at += timer.everyMs;
    timer.run();
    return true;
  }

  restore(): void {
    const { now, ...timers } = REAL;
    Object.assign(globalThis, timers);
    Date.now = now;
  }
}
