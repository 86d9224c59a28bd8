/**
 * ErrorStatistics: how many replies to RESP clients were errors, by their first word, for INFO errorstats and /metrics.
 *
 * Does not  count what the engine refuses (ClusterCounters), whichever front asked for it.
 */

/** Errors are short; a long reply is not looked at, as that would have it put together before its time. */
const LONGEST = 1024;
const MINUS = '-'.charCodeAt(0);

export class ErrorStatistics {
  private readonly counts = new Map<string, number>();

  /** Counts an encoded reply if it is an error. */
  count(reply: string): void {
    if (reply.length > LONGEST || reply.charCodeAt(0) !== MINUS) return;
    const word = /^-([^\s]*)/.exec(reply)![1]!;
    this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
  }

  /** By first word: `ERR`, `WRONGTYPE` … in the order of the alphabet. */
  list(): readonly (readonly [word: string, count: number])[] {
    return [...this.counts].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** All of them. */
  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  reset(): void {
    this.counts.clear();
  }
}
