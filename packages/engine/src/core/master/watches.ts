/**
 * Watches: who wants to hear of which keys, and what they are told. Accepted answers are the log itself, in order and
 * without gap, across all failures (protocol §4.2); the answer to a watched write brings its effect along.
 *
 * | a watch is | while                                                                   | hears              |
 * |------------|-------------------------------------------------------------------------|--------------------|
 * | starting   | requests numbered before it came are unanswered (they were not marked)  | nothing            |
 * | started    | until it is ended                                                       | every change       |
 *
 * Owns      the filters, each shard's line of changes to tell, a bounded history of what was told.
 * Does not  buffer for slow watchers (client/): what is told is told.
 * Invariants
 *   K1  a watch hears each change of its keys once, in order of seq within a shard.
 *   K2  only committed changes are told.
 *   K3  the changes of a transaction over several shards are told together, when it is done; a shard's later changes
 *       wait in line behind them.
 *   K4  a write to a key nobody watches costs one look into a Map, and nothing at all while nobody watches anything.
 * Resuming  A filter stays marked for `watchLingerMs` after its last watcher has gone, so a watcher that comes back in time
 *           with its position misses nothing; if history no longer reaches back, it is told so (WATCH_LAGGED).
 */
import { type Change, changesOf } from '../change.ts';
import type { ShardId } from '../ids.ts';
import type { AnswerMessage } from '../messages.ts';
import { type Effect, type Operation, Watched } from '../operation.ts';
import type { MasterOutbox, WatchSink } from '../outbox.ts';
import type { MasterSettings } from '../settings.ts';
import { keysOf } from '../transaction.ts';
import { History } from './history.ts';
import { type Filter, FilterIndex, type WatchFilter } from './watch-filters.ts';

/** One watcher. Given back to end it. */
export class Watch {
  readonly sink: WatchSink;
  readonly filter: Filter;
  /** Shards whose earlier requests are still unanswered, with the last of them. */
  readonly waitsFor = new Map<ShardId, number>();
  readonly positions = new Map<ShardId, number>();
  started = false;

  constructor(filter: Filter, sink: WatchSink) {
    this.filter = filter;
    this.sink = sink;
  }
}

/** What Watches needs to know of a shard. */
export interface WatchedShard {
  readonly shard: ShardId;
  readonly committedSeq: number;
  readonly queue: { readonly lastRequest: number; readonly unanswered: { readonly length: number } };
}

/** A transaction over several shards, some of whose changes wait in line. */
interface Group {
  readonly mark: number;
  done: boolean;
}

/** Changes of one record, waiting in a shard's line. */
interface Lined {
  readonly changes: readonly Change[];
  readonly group: Group | null;
}

interface LinedRecord {
  readonly seq: number;
  readonly effect: Effect;
}

export class Watches {
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;
  private readonly shards: readonly WatchedShard[];
  private readonly filters = new FilterIndex();
  private readonly starting = new Set<Watch>();
  private readonly lines: Lined[][];
  private readonly histories: readonly History[];
  private readonly groups = new Map<object, Group>();
  private lastTransaction = 0;

  constructor(settings: MasterSettings, outbox: MasterOutbox, shards: readonly WatchedShard[]) {
    this.settings = settings;
    this.outbox = outbox;
    this.shards = shards;
    this.lines = shards.map(() => []);
    this.histories = shards.map(() => new History(settings.historyChanges, settings.historyBytes));
  }

  // ---- watchers -------------------------------------------------------------------------------------------------

  /** `from`: seq by shard to go on from, or null to begin now. */
  watch(wanted: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): Watch {
    const fresh = this.filters.find(wanted) === undefined;
    const filter = this.filters.open(wanted);
    const watch = new Watch(filter, sink);
    if (fresh) for (const shard of this.shardsOf(filter)) filter.markedSince.set(shard.shard, Number.POSITIVE_INFINITY);
    if (from === null) this.begin(watch);
    else this.resume(watch, from);
    return watch;
  }

  unwatch(watch: Watch, now: number): void {
    this.starting.delete(watch);
    if (!watch.filter.watches.delete(watch)) return;
    if (watch.filter.watches.size === 0) this.filters.linger(watch.filter, now + this.settings.watchLingerMs);
  }

  private shardsOf(filter: Filter): readonly WatchedShard[] {
    return filter.shard === null ? this.shards : [this.shards[filter.shard]!];
  }

  private begin(watch: Watch): void {
    watch.filter.watches.add(watch);
    for (const shard of this.shardsOf(watch.filter)) {
      if (shard.queue.unanswered.length > 0) watch.waitsFor.set(shard.shard, shard.queue.lastRequest);
      else this.startIn(watch, shard.shard, shard.committedSeq);
    }
    this.starting.add(watch);
    this.startIfReady(watch);
  }

  private startIn(watch: Watch, shard: ShardId, seq: number): void {
    watch.waitsFor.delete(shard);
    watch.positions.set(shard, seq);
    const { markedSince } = watch.filter;
    markedSince.set(shard, Math.min(seq, markedSince.get(shard) ?? seq));
  }

  private startIfReady(watch: Watch): void {
    if (watch.waitsFor.size > 0) return;
    this.starting.delete(watch);
    watch.started = true;
    // It was told nothing so far: in shards it waited for first, what came since is before its start.
    for (const { shard, committedSeq } of this.shardsOf(watch.filter)) watch.positions.set(shard, committedSeq);
    this.outbox.watchStarted(watch.sink, watch.positions);
  }

  private resume(watch: Watch, from: ReadonlyMap<ShardId, number>): void {
    const missed: Change[] = [];
    for (const shard of this.shardsOf(watch.filter)) {
      const position = from.get(shard.shard) ?? shard.committedSeq;
      const told = this.toldSince(watch.filter, shard, position);
      if (told === undefined) {
        const details = `nothing is remembered of shard ${shard.shard} since version ${position}`;
        if (watch.filter.watches.size === 0) this.filters.linger(watch.filter, 0);
        this.outbox.watchEnded(watch.sink, 'WATCH_LAGGED', details);
        return;
      }
      missed.push(...told);
      // What was told but is not of this filter counts too: what is still in line is later than all of it.
      watch.positions.set(shard.shard, Math.max(position, told.at(-1)?.version ?? 0));
      watch.filter.markedSince.set(shard.shard, Math.min(position, watch.filter.markedSince.get(shard.shard)!));
    }
    watch.filter.watches.add(watch);
    watch.started = true;
    this.outbox.watchStarted(watch.sink, from);
    if (missed.length > 0) this.outbox.changes(watch.sink, missed);
  }

  /** Changes after a position, or undefined if some may be unknown. */
  private toldSince(
    filter: Filter,
    { shard, committedSeq, queue }: WatchedShard,
    position: number,
  ): Change[] | undefined {
    if (filter.markedSince.get(shard)! <= position) return this.histories[shard]!.since(position, filter);
    return committedSeq === position && queue.unanswered.length === 0 ? [] : undefined;
  }

  // ---- requests and answers -------------------------------------------------------------------------------------

  /** Whether the effect of a request will be wanted. Asked for every write: K4. */
  watchedBy(operation: Operation): Watched {
    if (this.filters.isEmpty) return Watched.no;
    switch (operation.verb) {
      case 'transaction':
        return this.strongest(keysOf(operation));
      case 'install':
        return this.strongest(operation.effects.map(({ key }) => key));
      case 'clear':
        return Watched.yes;
      default:
        return this.filters.watched(operation.key);
    }
  }

  private strongest(keys: Iterable<string>): Watched {
    let strongest: Watched = Watched.no;
    for (const key of keys) {
      const watched = this.filters.watched(key);
      if (watched > strongest) strongest = watched;
    }
    return strongest;
  }

  /** An answer was accepted. `group`: the transaction over several shards it is part of. */
  onAnswer({ shard, seq, request, effect }: AnswerMessage, group: object | null): void {
    if (effect !== null && !this.filters.isEmpty) this.line(shard, { seq, effect }, group);
    if (this.starting.size > 0) this.passBarriers(shard, seq, request);
  }

  private passBarriers(shard: ShardId, seq: number, request: number): void {
    for (const watch of this.starting) {
      const barrier = watch.waitsFor.get(shard);
      if (barrier === undefined || request < barrier) continue;
      this.startIn(watch, shard, seq);
      this.startIfReady(watch);
    }
  }

  /** A shard was lost or begins anew: what a watch waited for there will not come. */
  onReset(shard: ShardId, seq: number): void {
    for (const watch of this.starting) {
      if (!watch.waitsFor.has(shard)) continue;
      this.startIn(watch, shard, seq);
      this.startIfReady(watch);
    }
  }

  // ---- telling --------------------------------------------------------------------------------------------------

  private line(shard: ShardId, record: LinedRecord, of: object | null): void {
    const group = of === null ? null : this.groupOf(of);
    const alone = record.effect.type === 'many' && group === null;
    const changes = changesOf(shard, record, group?.mark ?? (alone ? this.nextMark() : 0));
    if (changes.length === 0) return;
    this.lines[shard]!.push({ changes, group });
    if (this.groups.size === 0) this.deliver(this.lines[shard]!.splice(0));
    else if (group === null) this.tell();
  }

  private groupOf(of: object): Group {
    let group = this.groups.get(of);
    if (group === undefined) {
      group = { mark: this.nextMark(), done: false };
      this.groups.set(of, group);
    }
    return group;
  }

  private nextMark(): number {
    this.lastTransaction += 1;
    return this.lastTransaction;
  }

  /** A transaction over several shards is done: its changes may be told. */
  groupDone(of: object): void {
    const group = this.groups.get(of);
    if (group === undefined) return;
    this.groups.delete(of);
    group.done = true;
    this.tell();
  }

  /**
   * Tells what stands at the front of the lines, up to the first change whose transaction is not done, or is done but
   * has a part further back in another line (K3). Two transactions may stand in opposite order in two lines (they share no
   * key): they are told in one go.
   */
  private tell(): void {
    const ready = this.lines.map((line) => {
      const end = line.findIndex(({ group }) => group !== null && !group.done);
      return end < 0 ? line.length : end;
    });
    for (let cut = true; cut; ) {
      cut = false;
      const behind = new Set<Group>();
      for (const [shard, line] of this.lines.entries()) {
        for (const { group } of line.slice(ready[shard])) if (group !== null) behind.add(group);
      }
      for (const [shard, line] of this.lines.entries()) {
        const end = line.findIndex(({ group }) => group !== null && behind.has(group));
        if (end < 0 || end >= ready[shard]!) continue;
        ready[shard] = end;
        cut = true;
      }
    }
    this.deliver(this.lines.flatMap((line, shard) => line.splice(0, ready[shard])));
  }

  private deliver(lined: readonly Lined[]): void {
    const byWatch = new Map<Watch, Change[]>();
    for (const change of lined.flatMap(({ changes }) => changes)) {
      const filters = this.filters.matching(change.key, change.type === 'clear' ? change.shard : null);
      if (filters.length > 0) this.histories[change.shard]!.add(change);
      for (const filter of filters) {
        for (const watch of filter.watches) {
          if (!watch.started || (watch.positions.get(change.shard) ?? 0) >= change.version) continue;
          const list = byWatch.get(watch);
          if (list === undefined) byWatch.set(watch, [change]);
          else list.push(change);
        }
      }
    }
    for (const [watch, list] of byWatch) this.outbox.changes(watch.sink, list);
  }

  // ---- time -----------------------------------------------------------------------------------------------------

  tick(now: number): void {
    this.filters.forget(now);
  }

  close(): void {
    for (const filter of this.filters.all()) {
      for (const watch of filter.watches) this.outbox.watchEnded(watch.sink, 'CLOSED', '');
      filter.watches.clear();
    }
    this.starting.clear();
  }
}
