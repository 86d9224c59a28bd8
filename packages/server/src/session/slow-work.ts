/**
 * SlowWork: replies whose making takes long, in slices, so that the thread that serves everybody is not kept from it.
 *
 * Owns      the queue of such work, first come, first served: the memory that one piece takes is not taken many times.
 * Does not  know what is computed: each piece is a generator that yields now and then, and before its first step.
 */

/** Computes something; yields wherever it may be interrupted, every fraction of a millisecond. */
export type Slow<T> = Generator<void, T>;
export type SlowReply = Slow<string>;

/** Whose work it is. */
interface Owner {
  readonly isClosed: boolean;
  onBug(thrown: unknown): void;
}

interface Job {
  readonly session: Owner;
  /** Goes on for a step; true when it is done with. */
  readonly step: () => boolean;
}

/** What of a turn of the event loop goes to slow work. */
const SLICE_MS = 4;

export class SlowWork {
  private readonly queue: Job[] = [];
  private scheduled = false;

  /** Calls `onDone` with what `work` comes to, unless the session is closed by then. An error is a bug of the session's. */
  add<T>(session: Owner, work: Slow<T>, onDone: (value: T) => void): void {
    const step = (): boolean => {
      const { done, value } = work.next();
      if (done === true) onDone(value);
      return done === true;
    };
    this.queue.push({ session, step });
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.queue.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.runSlice();
      this.schedule();
    });
  }

  private runSlice(): void {
    const until = performance.now() + SLICE_MS;
    while (this.queue.length > 0 && performance.now() < until) {
      if (isOver(this.queue[0]!)) this.queue.shift();
    }
  }
}

function isOver({ session, step }: Job): boolean {
  try {
    return session.isClosed || step();
  } catch (thrown) {
    session.onBug(thrown);
    return true;
  }
}
