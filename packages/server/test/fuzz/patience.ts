/**
 * Patience: how long to wait for somebody, on a machine that may stand still meanwhile.
 *
 * The rule   Waiting is counted in beats of the event loop of who waits, never by a clock. While the machine stands still,
 *            or has no time for this process, there are no beats; afterwards the late one counts once. So whoever is waited
 *            for is given up only after as many beats as were promised: after as many chances to be heard.
 * In one     Who waits for something of its own process waits by the beats of the very loop that has to bring it.
 * Of another An endless loop over there leaves our beats alone. Each side sees to what the other cannot: a process that can
 *            still beat says so now and then, and judges its own work (child.ts); whose beats end is judged by its parent's.
 */

/** A beat every so often; stops when what it returns is called. */
export type Pulse = (beat: () => void) => () => void;

const BEAT_MS = 100;
/** Taken now: the fuzzer of RESP puts others in their place. */
const { setInterval, clearInterval } = globalThis;

/** The beats of this process. They keep it alive: what is waited for may be all that is left. */
export const pulse: Pulse = (beat) => {
  const timer = setInterval(beat, BEAT_MS);
  return () => clearInterval(timer);
};

export class Patience {
  private readonly beats: number;
  private readonly stop: () => void;
  private left: number;

  /** Calls `onLost` once, after beats that take `ms` on a machine at rest. */
  constructor(ms: number, onLost: () => void, start: Pulse = pulse) {
    this.beats = Math.ceil(ms / BEAT_MS);
    this.left = this.beats;
    this.stop = start(() => {
      if (--this.left > 0) return;
      this.stop();
      onLost();
    });
  }

  /** There was something: begins anew. */
  renew(): void {
    this.left = this.beats;
  }

  /** It is over: nothing is waited for any more. */
  end(): void {
    this.stop();
  }
}

/** What `wait` comes to; its signal is aborted when patience is lost. */
export async function patiently<T>(ms: number, wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const patience = new Patience(ms, () => controller.abort(new Error(`nothing came in ${ms / 1000} s of beats`)));
  try {
    return await wait(controller.signal);
  } finally {
    patience.end();
  }
}
