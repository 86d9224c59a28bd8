/**
 * History: the last changes delivered of one shard, bounded in number and bytes, for watchers that resume.
 *
 * Invariants
 *   HI1  it holds every change delivered with a version above `forgotten`.
 *   HI2  versions never decrease: the position to resume from is found by binary search, so resuming costs what is delivered, not
 *       what is held.
 */
import { bytesOfChange, type Change } from '../../data/change.ts';
import { Deque } from '../../deque.ts';

/** A change as it was told; `order` grows over all shards. */
export interface Told {
  readonly order: number;
  readonly change: Change;
}

export class History {
  private readonly told = new Deque<Told>();
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

  add(change: Change, order: number): void {
    const bytes = bytesOfChange(change);
    this.told.push({ order, change });
    this.bytes += bytes;
    this.addedChanges += 1;
    this.addedBytes += bytes;
    while (this.told.length > this.changesMax || this.bytes > this.bytesMax) this.forgetFirst();
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
    while ((this.told.first()?.change.version ?? Number.POSITIVE_INFINITY) <= version) this.forgetFirst();
    this.forgotten = Math.max(this.forgotten, version);
  }

  private forgetFirst(): void {
    const { change } = this.told.shift()!;
    this.bytes -= bytesOfChange(change);
    this.forgotten = change.version;
  }

  /** Changes after `version` that a filter meets; undefined if some may be forgotten. */
  since(version: number, filter: { matches(key: string): boolean }): Told[] | undefined {
    if (version < this.forgotten) return undefined;
    const found: Told[] = [];
    for (let at = this.firstAfter(version); at < this.told.length; at++) {
      const told = this.told.at(at)!;
      if (told.change.type === 'clear' || filter.matches(told.change.key)) found.push(told);
    }
    return found;
  }

  private firstAfter(version: number): number {
    let [from, until] = [0, this.told.length];
    while (from < until) {
      const middle = (from + until) >> 1;
      if (this.told.at(middle)!.change.version <= version) from = middle + 1;
      else until = middle;
    }
    return from;
  }
}
