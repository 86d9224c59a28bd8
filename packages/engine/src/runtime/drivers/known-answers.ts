/**
 * KnownAnswers: answers that need no node, on their way to the callers.
 *
 * Owns      how many there may be in one turn of the event loop, and those that were not delivered yet.
 * Does not  know what is known (the machine does).
 * Invariants
 *   KN1  at most AT_ONCE_MAX reads are answered at once in a turn of the event loop, in a microtask; others wait for the end of the
 *        turn. So no sink is called within its submit, and a caller that reads in a loop (until something changes, say) lets the
 *        event loop go on, without which nothing would change.
 *   KN2  what a sink throws reaches the process as an uncaught exception and disturbs nobody else's answer.
 */
import type { Result } from '../../core/data/result.ts';
import type { Sink } from '../../core/protocol/outbox.ts';

/** Some milliseconds of them. */
const AT_ONCE_MAX = 8192;

const SOON = Promise.resolve();

export class KnownAnswers {
  private sinks: Sink[] = [];
  private results: Result[] = [];
  /** How many more there may be in this turn. */
  private left = AT_ONCE_MAX;

  /** Whether one more may be answered in this turn, which then counts. */
  mayAnswer(): boolean {
    if (this.left === AT_ONCE_MAX) setImmediate(this.turnOver);
    if (this.left === 0) return false;
    this.left -= 1;
    return true;
  }

  private readonly turnOver = (): void => {
    this.left = AT_ONCE_MAX;
  };

  /** Soon, and not within this call. */
  tell(sink: Sink, result: Result): void {
    this.results.push(result);
    if (this.sinks.push(sink) > 1) return;
    if (this.mayAnswer()) void SOON.then(this.tellAll);
    else setImmediate(this.tellAll);
  }

  private readonly tellAll = (): void => {
    const { sinks, results } = this;
    this.sinks = [];
    this.results = [];
    for (let i = 0; i < sinks.length; i++) {
      try {
        sinks[i]!.onResult(results[i]!);
      } catch (error) {
        throwLater(error);
      }
    }
  };
}

/** It reaches the process as an uncaught exception, outside of whoever noticed it. */
export function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
