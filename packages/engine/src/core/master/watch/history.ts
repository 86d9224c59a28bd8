/**
 * History: the last changes delivered of one shard, bounded in number and bytes, for watchers that resume.
 *
 * Invariants
 *   H1  it holds every change delivered with a version above `forgotten`.
 *   H2  versions never decrease: the position to resume from is found by binary search, so resuming costs what is delivered, not
 *       what is held.
 */
import { bytesOfChange, type Change } from '../../data/change.ts';
import { Deque } from '../../deque.ts';

export class History {
  private readonly changes = new Deque<Change>();
  private readonly changesMax: number;
  private readonly bytesMax: number;
  private bytes = 0;
  private forgotten = 0;
  /** Added since the last progress notification: how many, and their bytes. */
  private addedChanges = 0;
  private addedBytes = 0;

  constructor(changesMax: number, bytesMax: number) {
    this.changesMax = changesMax;
    this.bytesMax = bytesMax;
  }

  add(change: Change): void {
    const bytes = bytesOfChange(change);
    this.changes.push(change);
    this.bytes += bytes;
    this.addedChanges += 1;
    this.addedBytes += bytes;
    while (this.changes.length > this.changesMax || this.bytes > this.bytesMax) this.forgetFirst();
  }

  /** So much was added since progressTold() that a watch notified then could soon not resume from there. */
  get isTurningOver(): boolean {
    return this.addedChanges * 2 > this.changesMax || this.addedBytes * 2 > this.bytesMax;
  }

  /** All watches were notified of their progress. */
  progressTold(): void {
    this.addedChanges = 0;
    this.addedBytes = 0;
  }

  /** Forgets everything up to a version, what it was never given too. */
  forget(version: number): void {
    while ((this.changes.first()?.version ?? Number.POSITIVE_INFINITY) <= version) this.forgetFirst();
    this.forgotten = Math.max(this.forgotten, version);
  }

  private forgetFirst(): void {
    const first = this.changes.shift()!;
    this.bytes -= bytesOfChange(first);
    this.forgotten = first.version;
  }

  /** Changes after `version` that a filter meets; undefined if some may be forgotten. */
  since(version: number, filter: { matches(key: string): boolean }): Change[] | undefined {
    if (version < this.forgotten) return undefined;
    const found: Change[] = [];
    for (let at = this.firstAfter(version); at < this.changes.length; at++) {
      const change = this.changes.at(at)!;
      if (change.type === 'clear' || filter.matches(change.key)) found.push(change);
    }
    return found;
  }

  private firstAfter(version: number): number {
    let [from, until] = [0, this.changes.length];
    while (from < until) {
      const middle = (from + until) >> 1;
      if (this.changes.at(middle)!.version <= version) from = middle + 1;
      else until = middle;
    }
    return from;
  }
}
