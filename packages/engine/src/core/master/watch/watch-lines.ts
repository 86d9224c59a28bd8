/**
 * WatchLines: per shard, a queue (line) of the changes that may not be delivered yet because a transaction over several shards is
 * not done.
 *
 * A line holds a shard's changes in order of seq, from the first blocked one on. A transaction is blocked while it is not
 * done, or while a change ahead of one of its parts is; the changes behind it are blocked with it.
 *
 * Owns      the lines, the transactions that have a part in them, and how much they hold.
 * Does not  know watchers or deliver anything (watches.ts).
 * Invariants
 *   WL1  the changes released of one shard are in order of seq, without gap.
 *   WL2  all parts of a transaction are released at once, in one piece. Two may be in opposite order in two lines (they share
 *       no key): they are released together, and one of them is in pieces, as WL1 outranks this.
 *   WL3  every non-empty line is blocked by exactly one transaction that is not done (its keeper), which must be delivered
 *       before the line's first change or with it. Only when its keeper is done can a line release anything.
 * Cost      WL3 is why a change costs the same however much is queued: a change in a line is examined again only when it is
 *           released, and a transaction that is done but blocks no line costs one look at each line.
 */
import { bytesOfChange, type Change } from '../../data/change.ts';
import { Deque } from '../../deque.ts';
import type { ShardId } from '../../protocol/ids.ts';

/** A transaction over several shards, some of whose changes may wait. */
export interface Group {
  /** What its changes are marked with. */
  readonly mark: number;
  done: boolean;
  /** By shard: its place in that line. */
  readonly places: Map<ShardId, number>;
}

/** The changes of one record. */
interface Lined {
  readonly changes: readonly Change[];
  readonly group: Group | null;
}

class Line {
  readonly shard: ShardId;
  readonly waiting = new Deque<Lined>();
  /** Place of the first that waits: how many have left. */
  begin = 0;
  /** Everything before this place may be delivered. */
  end = 0;
  /** WL3; null = the line is empty, or has not been looked at since its keeper was done. */
  keeper: Group | null = null;

  constructor(shard: ShardId) {
    this.shard = shard;
  }

  at(place: number): Lined | undefined {
    return this.waiting.at(place - this.begin);
  }
}

export class WatchLines {
  /** Of all that waits: keys, values, and something for each change. */
  heldBytes = 0;
  private readonly lines: readonly Line[];
  private readonly groups = new Map<object, Group>();
  private lastMark = 0;

  constructor(shards: number) {
    this.lines = Array.from({ length: shards }, (_, shard) => new Line(shard));
  }

  /** A mark no transaction has had. */
  nextMark(): number {
    this.lastMark += 1;
    return this.lastMark;
  }

  /** The group of a transaction over several shards that is not done. */
  groupOf(transaction: object): Group {
    let group = this.groups.get(transaction);
    if (group === undefined) {
      group = { mark: this.nextMark(), done: false, places: new Map() };
      this.groups.set(transaction, group);
    }
    return group;
  }

  /** The next changes of a shard; true if nothing blocks them, and they may be delivered at once. */
  passes(shard: ShardId, changes: readonly Change[], group: Group | null): boolean {
    const line = this.lines[shard]!;
    if (group === null && line.waiting.length === 0) return true;
    group?.places.set(shard, line.begin + line.waiting.length);
    line.keeper ??= group;
    line.waiting.push({ changes, group });
    for (const change of changes) this.heldBytes += bytesOfChange(change);
    return false;
  }

  /** The version of the first queued change of a shard, if there is one: everything before it was released. */
  firstWaiting(shard: ShardId): number | undefined {
    return this.lines[shard]!.waiting.first()?.changes[0]?.version;
  }

  /** A transaction is done, or failed: what may be delivered now, in order (WL1, WL2). */
  groupDone(transaction: object): Change[] {
    const group = this.groups.get(transaction);
    if (group === undefined) return [];
    this.groups.delete(transaction);
    group.done = true;
    const freed = this.lines.filter(({ keeper }) => keeper === group);
    if (freed.length === 0) return [];
    for (const line of freed) line.keeper = null;
    for (const line of freed) this.advance(line);
    return this.letGo();
  }

  /** Moves a line's end as far as it may, and finds who keeps the rest. */
  private advance(line: Line): void {
    for (let next = line.at(line.end); next !== undefined; next = line.at(line.end)) {
      if (next.group === null) line.end += 1;
      else {
        line.keeper = this.admit(next.group);
        if (line.keeper !== null) return;
      }
    }
  }

  /**
   * Releases a group, with all that must be delivered before it: moves the end of every line concerned. Or moves none, and
   * answers who is not done.
   */
  private admit(wanted: Group): Group | null {
    const admitted = new Set<Group>();
    const ends = new Map<Line, number>();
    // How far lines must be followed. One that was put aside for a group met in it is come back to when that one is through.
    const needs: { readonly line: Line; readonly place: number }[] = [];
    const meet = (group: Group): Group | null => {
      if (!group.done) return group;
      if (!admitted.has(group)) {
        admitted.add(group);
        for (const [shard, place] of group.places) needs.push({ line: this.lines[shard]!, place });
      }
      return null;
    };
    let keeper = meet(wanted);
    for (let need = needs.pop(); need !== undefined && keeper === null; need = needs.pop()) {
      const { line, place } = need;
      const end = ends.get(line) ?? line.end;
      if (place < end) continue;
      const { group } = line.at(end)!;
      ends.set(line, end + 1);
      needs.push(need);
      if (group !== null) keeper = meet(group);
    }
    if (keeper === null) for (const [line, end] of ends) line.end = end;
    return keeper;
  }

  /** Takes off the lines what is before their ends. */
  private letGo(): Change[] {
    const told: Change[] = [];
    let lines = this.lines.filter(leaves);
    while (lines.length > 0) {
      let moved = false;
      for (const line of lines) {
        for (let together = this.leavingWith(line); together !== null; together = this.leavingWith(line)) {
          moved = true;
          for (const one of together) this.takeFirst(one, told);
        }
      }
      // Each is kept by a transaction with another before one of its parts: they stand crosswise.
      if (!moved) this.takeFirst(lines[0]!, told);
      lines = lines.filter(leaves);
    }
    return told;
  }

  /** The lines whose first changes leave together; null if none may leave, or a part of the transaction is not the first. */
  private leavingWith(line: Line): readonly Line[] | null {
    if (!leaves(line)) return null;
    const { group } = line.waiting.first()!;
    if (group === null) return [line];
    const parts: Line[] = [];
    for (const [shard, place] of group.places) {
      const part = this.lines[shard]!;
      if (place > part.begin) return null;
      if (place === part.begin) parts.push(part);
    }
    return parts.sort((one, other) => one.shard - other.shard);
  }

  private takeFirst(line: Line, told: Change[]): void {
    line.begin += 1;
    for (const change of line.waiting.shift()!.changes) {
      told.push(change);
      this.heldBytes -= bytesOfChange(change);
    }
  }

  /** Lets everything that waits be forgotten: the last version forgotten of each shard that held anything. */
  drop(): Map<ShardId, number> {
    const dropped = new Map<ShardId, number>();
    for (const line of this.lines) {
      if (line.waiting.length === 0) continue;
      dropped.set(line.shard, line.waiting.at(line.waiting.length - 1)!.changes[0]!.version);
      line.begin += line.waiting.length;
      line.end = line.begin;
      line.waiting.clear();
      line.keeper = null;
    }
    // Parts that come later stand alone.
    for (const { places } of this.groups.values()) places.clear();
    this.heldBytes = 0;
    return dropped;
  }
}

function leaves({ begin, end }: Line): boolean {
  return begin < end;
}
