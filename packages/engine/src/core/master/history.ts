/**
 * History: the last changes told of one shard, bounded in number and bytes, for watchers that come back.
 *
 * Invariant H1  it holds every change told with a version above `forgotten`.
 */
import type { Change } from '../change.ts';
import { Deque } from '../deque.ts';

const CHANGE_BYTES = 100;

export class History {
  private readonly changes = new Deque<Change>();
  private readonly changesMax: number;
  private readonly bytesMax: number;
  private bytes = 0;
  private forgotten = 0;

  constructor(changesMax: number, bytesMax: number) {
    this.changesMax = changesMax;
    this.bytesMax = bytesMax;
  }

  add(change: Change): void {
    this.changes.push(change);
    this.bytes += bytesOf(change);
    while (this.changes.length > this.changesMax || this.bytes > this.bytesMax) {
      const first = this.changes.shift()!;
      this.bytes -= bytesOf(first);
      this.forgotten = first.version;
    }
  }

  /** Changes after `version` that a filter meets; undefined if some may be forgotten. */
  since(version: number, filter: { matches(key: string): boolean }): Change[] | undefined {
    if (version < this.forgotten) return undefined;
    const found: Change[] = [];
    for (const change of this.changes) {
      if (change.version > version && (change.type === 'clear' || filter.matches(change.key))) found.push(change);
    }
    return found;
  }
}

function bytesOf({ key, value, previous }: Change): number {
  return CHANGE_BYTES + key.length + value.length + (previous?.value.length ?? 0);
}
