/**
 * Watches: who watches which keys, and what is delivered to them. Accepted answers are the log itself, in order and
 * without gap, across all failures (protocol §4.2); the answer to a watched write carries its effect.
 *
 * | a watch is | while                                                                   | receives           |
 * |------------|-------------------------------------------------------------------------|--------------------|
 * | starting   | requests numbered before it are unanswered (they were not marked)       | nothing            |
 * | started    | until it is ended                                                       | every change       |
 *
 * Owns      the filters, a bounded history of what was delivered, where shards were lost.
 * Does not  buffer for slow watchers (client/): delivery is final, nothing is resent. Decide which changes must wait
 *           (watch-lines.ts).
 * Invariants
 *   WA1  a watch receives each change of its keys once, in order of seq within a shard.
 *   WA2  only committed changes are delivered.
 *   WA3  the changes of a transaction over several shards are delivered together, when it is done; a shard's later changes
 *       are queued behind them.
 *   WA4  a write to an unwatched key costs one look into an array and seldom one into a Map, and nothing at all while
 *       there are no watches.
 *   WA5  queued changes take at most `watchHeldBytes` and one record: beyond, they are dropped, and every watch they may
 *       belong to ends with WATCH_LAGGED.
 *   WA6  no watch stays silent about a lost shard: one that began before the loss ends with SHARD_LOST, and one that resumes from a
 *       position before it gets WATCH_LAGGED. So a watch that receives changes of a shard that was reset began after its loss.
 *   WA7  a watch is notified of a place only after every change of its filter up to there: up to what is committed, or to
 *       just before the first queued change of the shard's line. So parts of a transaction are all before a place, or all after.
 *   WA8  a watch with `previous` receives the value before of every request's change, or ends with WATCH_LAGGED: what an
 *       install overwrites that was decided before the watch came may be more than a record can carry (node/primary.ts).
 * Progress  A watch whose keys are quiet would keep its place while history turns over for others, and could not resume. So
 *           started watches are notified of their progress (the bookmarks of Kubernetes, the progress notifications of etcd): when
 *           half of a shard's history is new, else at most every `watchProgressEveryMs` and only if anything was accepted. A write
 *           pays one flag for it; a round costs one output per watch, and all share one map of places.
 * Resuming  A filter stays marked for `watchLingerMs` after its last watcher has ended, so a watcher that resumes in time
 *           from its position misses nothing, also one of fewer keys; if history no longer reaches back, it gets WATCH_LAGGED.
 * Why not a `clear` at the reset: data was lost, not removed; a mirror of the shard must not confuse the two.
 */
import { type Change, changesOf } from '../../data/change.ts';
import { type ManyEffect, type Record, Watched } from '../../data/record.ts';
import type { WatchFilter } from '../../data/watch-filter.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { ShardId } from '../../protocol/ids.ts';
import type { AnswerMessage } from '../../protocol/messages.ts';
import type { MasterOutbox, WatchSink } from '../../protocol/outbox.ts';
import type { MasterSettings } from '../../protocol/settings.ts';
import type { Call } from '../shard/call.ts';
import { History, type Told } from './history.ts';
import { type Filter, Watch } from './watch.ts';
import { WatchFilters } from './watch-filters.ts';
import { WatchLines } from './watch-lines.ts';

/** What Watches needs to know of a shard. */
export interface WatchedShard {
  readonly shard: ShardId;
  readonly committedSeq: number;
  readonly queue: { readonly lastRequest: number; readonly unanswered: { readonly length: number } };
}

/** Before any loss: no position is so early. */
const NEVER = -1;

export class Watches {
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;
  private readonly shards: readonly WatchedShard[];
  private readonly filters: WatchFilters;
  private readonly starting = new Set<Watch>();
  private readonly lines: WatchLines;
  private readonly histories: readonly History[];
  /** By shard: its last committed seq when it was last lost. */
  private readonly lostAt: number[];
  /** By shard: the place of the last progress notification. */
  private readonly toldPlaces: number[];
  /** Something was accepted or released since, so there may be progress to send, and when it is due. */
  private accepted = false;
  private progressAt = 0;
  private turningOver = false;
  /** Changes told to anybody. */
  private toldCount = 0;

  constructor(settings: MasterSettings, outbox: MasterOutbox, shards: readonly WatchedShard[]) {
    this.settings = settings;
    this.outbox = outbox;
    this.shards = shards;
    this.filters = new WatchFilters(shards.length, settings.filterSlots);
    this.lines = new WatchLines(shards.length);
    this.lostAt = shards.map(() => NEVER);
    this.toldPlaces = shards.map(() => 0);
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
    // Nothing was delivered to it so far: in shards it waited for first, later changes are before its start.
    for (const { shard, committedSeq } of this.shardsOf(watch.filter)) watch.positions.set(shard, committedSeq);
    this.outbox.watchStarted(watch.sink, watch.positions);
  }

  private resume(watch: Watch, from: ReadonlyMap<ShardId, number>): void {
    const missed: Told[] = [];
    for (const shard of this.shardsOf(watch.filter)) {
      const position = from.get(shard.shard) ?? shard.committedSeq;
      const told = this.toldSince(watch.filter, shard, position);
      if (told === undefined) {
        if (watch.filter.watches.size === 0) this.filters.linger(watch.filter, 0);
        this.outbox.watchEnded(watch.sink, 'WATCH_LAGGED', this.whyUnknown(shard.shard, position));
        return;
      }
      for (const one of told) missed.push(one);
      // What was delivered to other filters counts too: queued changes are later than all of it.
      watch.positions.set(shard.shard, Math.max(position, told.at(-1)?.change.version ?? 0));
      watch.filter.markedSince.set(shard.shard, Math.min(position, watch.filter.markedSince.get(shard.shard)!));
    }
    watch.filter.watches.add(watch);
    watch.started = true;
    this.outbox.watchStarted(watch.sink, from);
    missed.sort((one, other) => one.order - other.order);
    if (missed.length > 0)
      this.outbox.changes(
        watch.sink,
        missed.map(({ change }) => change),
      );
    this.outbox.watchProgress(watch.sink, this.placesOf(this.shardsOf(watch.filter)));
  }

  /** Changes after a position, or undefined if some may be unknown. */
  private toldSince(
    filter: Filter,
    { shard, committedSeq, queue }: WatchedShard,
    position: number,
  ): Told[] | undefined {
    // A position that was never sent is of another life of the cluster: waiting for it would be silence about all before.
    if (position <= this.lostAt[shard]! || position > committedSeq) return undefined;
    const isMarked = this.filters.covering(filter).some(({ markedSince }) => markedSince.get(shard)! <= position);
    if (isMarked) return this.histories[shard]!.since(position, filter);
    return committedSeq === position && queue.unanswered.length === 0 ? [] : undefined;
  }

  private whyUnknown(shard: ShardId, position: number): string {
    if (position <= this.lostAt[shard]!)
      return `shard ${shard} was lost with all it held, at version ${this.lostAt[shard]}`;
    const { committedSeq } = this.shards[shard]!;
    if (position > committedSeq) return `shard ${shard} has come to version ${committedSeq}, and not to ${position}`;
    return `nothing is remembered of shard ${shard} since version ${position}`;
  }

  // ---- requests and answers -------------------------------------------------------------------------------------

  /** Whether the effect of a request will be needed. Called for every write: WA4. */
  watchedBy({ operation, row, shard, slot, slots }: Call): Watched {
    if (this.filters.isEmpty) return Watched.no;
    if (slot >= 0 && slots === null && !this.filters.mayMeet(shard, slot)) return Watched.no;
    if (row.scope === 'key') return this.filters.watched(operation.key);
    return row.scope === 'everything' ? Watched.yes : this.watchedKeys(row.keys(operation));
  }

  /** The most that is wanted to be known of changes of any of these keys. */
  watchedKeys(keys: Iterable<string>): Watched {
    if (this.filters.isEmpty) return Watched.no;
    let strongest: Watched = Watched.no;
    for (const key of keys) {
      const watched = this.filters.watched(key);
      if (watched > strongest) strongest = watched;
    }
    return strongest;
  }

  /** An answer was accepted. `group`: the transaction over several shards it is part of. */
  onAnswer({ shard, seq, request, effect }: AnswerMessage, group: object | null): void {
    if (effect !== null && !this.filters.isEmpty) {
      if (group !== null && effect.type === 'many') this.endUntold(shard, seq, effect);
      this.line(shard, { seq, effect }, group);
    }
    if (this.starting.size > 0) this.passBarriers(shard, seq, request);
    this.accepted = true;
  }

  private passBarriers(shard: ShardId, seq: number, request: number): void {
    for (const watch of this.starting) {
      const barrier = watch.waitsFor.get(shard);
      if (barrier === undefined || request < barrier) continue;
      this.startIn(watch, shard, seq);
      this.startIfReady(watch);
    }
  }

  /** A shard was lost with all it held, when `seq` was its last committed: WA6. (Its reset needs nothing more.) */
  onReset(shard: ShardId, seq: number): void {
    this.lostAt[shard] = seq;
    this.endWatchesOf(new Set([shard]), 'SHARD_LOST', `shard ${shard}, with all it held; begin anew`);
  }

  /** Ends every watch that may be of keys in these shards. Nothing need be remembered for those who come back. */
  private endWatchesOf(shards: ReadonlySet<ShardId>, code: ErrorCode, details: string): void {
    for (const filter of this.filters.all()) {
      if (filter.watches.size === 0 || (filter.shard !== null && !shards.has(filter.shard))) continue;
      this.endWatches(filter, [...filter.watches], code, details);
    }
  }

  private endWatches(filter: Filter, watches: readonly Watch[], code: ErrorCode, details: string): void {
    for (const watch of watches) {
      filter.watches.delete(watch);
      this.starting.delete(watch);
    }
    if (filter.watches.size === 0) this.filters.linger(filter, 0);
    for (const { sink } of watches) this.outbox.watchEnded(sink, code, details);
  }

  /** Ends the watches that asked for what these effects do not bring: WA8. */
  private endUntold(shard: ShardId, seq: number, { effects }: ManyEffect): void {
    const untold = effects.filter((effect) => effect.type !== 'deadline' && effect.previous === undefined);
    const concerned = new Set(untold.flatMap(({ key }) => this.filters.matching(key, null)));
    for (const filter of concerned) {
      if (!filter.previous) continue;
      this.histories[shard]!.forget(seq);
      const missed = ({ started, positions }: Watch) => started && (positions.get(shard) ?? 0) < seq;
      const details = `what was there before version ${seq} of shard ${shard} is more than can be told`;
      this.endWatches(filter, [...filter.watches].filter(missed), 'WATCH_LAGGED', details);
    }
  }

  // ---- telling --------------------------------------------------------------------------------------------------

  private line(shard: ShardId, record: Pick<Record, 'seq' | 'effect'>, of: object | null): void {
    const group = of === null ? null : this.lines.groupOf(of);
    const alone = record.effect.type === 'many' && group === null;
    const changes = changesOf(shard, record, group?.mark ?? (alone ? this.lines.nextMark() : 0));
    if (changes.length === 0) return;
    if (this.lines.passes(shard, changes, group)) this.deliver(changes);
    else if (this.lines.heldBytes > this.settings.watchHeldBytes) this.dropLines();
  }

  /** A transaction over several shards is done: its changes may be delivered, and those queued behind them. */
  groupDone(of: object): void {
    this.deliver(this.lines.groupDone(of));
    this.accepted = true;
  }

  private dropLines(): void {
    const dropped = this.lines.drop();
    for (const [shard, version] of dropped) this.histories[shard]!.forget(version);
    const details = `more than ${this.settings.watchHeldBytes} bytes waited for a transaction`;
    this.endWatchesOf(new Set(dropped.keys()), 'WATCH_LAGGED', details);
  }

  private deliver(changes: readonly Change[]): void {
    const byWatch = new Map<Watch, Change[]>();
    for (const change of changes) {
      const filters = this.filters.matching(change.key, change.type === 'clear' ? change.shard : null);
      if (filters.length > 0) this.remember(change);
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

  private remember(change: Change): void {
    const history = this.histories[change.shard]!;
    history.add(change, ++this.toldCount);
    if (history.isTurningOver) this.turningOver = true;
  }

  // ---- progress -------------------------------------------------------------------------------------------------

  /** How far everything is delivered: WA7. */
  private placesOf(shards: readonly WatchedShard[]): Map<ShardId, number> {
    const places = new Map<ShardId, number>();
    for (const { shard, committedSeq } of shards) {
      const waiting = this.lines.firstWaiting(shard);
      places.set(shard, waiting === undefined ? committedSeq : waiting - 1);
    }
    return places;
  }

  private tellProgress(now: number): void {
    this.progressAt = now + this.settings.watchProgressEveryMs;
    this.accepted = false;
    this.turningOver = false;
    for (const history of this.histories) history.progressTold();
    const places = this.placesOf(this.shards);
    for (const [shard, place] of places) {
      if (place > this.toldPlaces[shard]!) this.toldPlaces[shard] = place;
      else places.delete(shard);
    }
    if (places.size === 0) return;
    for (const filter of this.filters.all()) {
      for (const watch of filter.watches) if (watch.started) this.outbox.watchProgress(watch.sink, places);
    }
  }

  // ---- time -----------------------------------------------------------------------------------------------------

  /** Between inputs, when everything accepted is delivered or queued. */
  endTurn(now: number): void {
    if (this.turningOver || now >= this.nextDeadline()) this.tellProgress(now);
  }

  nextDeadline(): number {
    return this.accepted && !this.filters.isEmpty ? this.progressAt : Number.POSITIVE_INFINITY;
  }

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
