/**
 * WatchFilters: which filters a key matches. Exact keys by one Map look-up; prefixes by one look-up for each distinct
 * length of prefix, however many prefixes there are.
 *
 * Owns      the filters in force: watched, or kept for a watcher that may resume.
 * Does not  know watchers' positions or deliver anything (watches.ts).
 * Invariant WF1  marks[shard, slot] = the exact keys of that shard with that slot of the order filter that have filters. A
 *           call carries its slot: beside 10,000 watchers of other keys most writes need no look into the Map, which
 *           cost 4 to 5 % of the master's thread (packages/bench/src/transactions.ts).
 */

import { Watched } from '../../data/record.ts';
import type { WatchFilter } from '../../data/watch-filter.ts';
import type { ShardId } from '../../protocol/ids.ts';
import { slotOfKey } from '../shard/order-filter.ts';
import { Filter } from './watch.ts';

export class WatchFilters {
  private readonly exact = new Map<string, Filter[]>();
  private readonly prefixes = new Map<string, Filter[]>();
  /** How many prefixes there are of each length. */
  private readonly lengths = new Map<number, number>();
  private readonly lingering = new Set<Filter>();
  private readonly slots: number;
  private readonly marks: Int32Array;

  /** `slots`: of the order filter of one shard. */
  constructor(shards: number, slots: number) {
    this.slots = slots;
    this.marks = new Int32Array(shards * slots);
  }

  get isEmpty(): boolean {
    return this.exact.size === 0 && this.prefixes.size === 0;
  }

  find(wanted: WatchFilter): Filter | undefined {
    return this.table(wanted)
      .get(wanted.text)
      ?.find(({ previous }) => previous === wanted.previous);
  }

  /** The filter in force for what is wanted; a new one if there is none. */
  open(wanted: WatchFilter): Filter {
    const known = this.find(wanted);
    if (known !== undefined) return known;
    const filter = new Filter(wanted);
    const table = this.table(wanted);
    const list = table.get(wanted.text);
    if (list !== undefined) list.push(filter);
    else this.addText(table, filter);
    if (wanted.shard === null) this.lengths.set(wanted.text.length, (this.lengths.get(wanted.text.length) ?? 0) + 1);
    return filter;
  }

  /** False if no filter meets any key in this slot of the shard's order filter. */
  mayMeet(shard: ShardId, slot: number): boolean {
    return this.prefixes.size > 0 || this.marks[shard * this.slots + slot]! > 0;
  }

  watched(key: string): Watched {
    let watched: Watched = Watched.no;
    for (const filter of this.exact.get(key) ?? []) watched = stronger(watched, filter);
    for (const length of this.lengths.keys()) {
      for (const filter of this.prefixes.get(key.slice(0, length)) ?? []) watched = stronger(watched, filter);
    }
    return watched;
  }

  /** Filters a key meets; with `clearedShard`, all that could have keys in that shard. */
  matching(key: string, clearedShard: ShardId | null): Filter[] {
    if (clearedShard !== null) return this.all().filter(({ shard }) => shard === null || shard === clearedShard);
    const met = [...(this.exact.get(key) ?? [])];
    for (const length of this.lengths.keys()) met.push(...(this.prefixes.get(key.slice(0, length)) ?? []));
    return met;
  }

  /** Filters that meet every key a filter does, and mark it as strongly: itself among them. */
  covering(wanted: WatchFilter): Filter[] {
    const met = this.matching(wanted.text, null);
    return met.filter(
      ({ shard, previous }) => (shard === null || wanted.shard !== null) && (previous || !wanted.previous),
    );
  }

  all(): Filter[] {
    return [...this.exact.values(), ...this.prefixes.values()].flat();
  }

  /** A filter lost its last watch: it stays in force until then, unless a watch comes back. */
  linger(filter: Filter, until: number): void {
    filter.lingersUntil = until;
    this.lingering.add(filter);
  }

  /** Drops filters whose time is over. */
  forget(now: number): void {
    for (const filter of this.lingering) {
      if (filter.watches.size === 0 && filter.lingersUntil > now) continue;
      this.lingering.delete(filter);
      if (filter.watches.size === 0) this.remove(filter);
    }
  }

  private remove(filter: Filter): void {
    const table = this.table(filter);
    const rest = table.get(filter.text)!.filter((other) => other !== filter);
    if (rest.length > 0) table.set(filter.text, rest);
    else this.removeText(table, filter);
    if (filter.shard !== null) return;
    const count = this.lengths.get(filter.text.length)! - 1;
    if (count > 0) this.lengths.set(filter.text.length, count);
    else this.lengths.delete(filter.text.length);
  }

  private addText(table: Map<string, Filter[]>, filter: Filter): void {
    table.set(filter.text, [filter]);
    if (filter.shard !== null) this.marks[this.markOf(filter.shard, filter.text)]! += 1;
  }

  private removeText(table: Map<string, Filter[]>, { text, shard }: Filter): void {
    table.delete(text);
    if (shard !== null) this.marks[this.markOf(shard, text)]! -= 1;
  }

  private markOf(shard: ShardId, text: string): number {
    return shard * this.slots + slotOfKey(text, this.slots - 1);
  }

  private table({ shard }: WatchFilter): Map<string, Filter[]> {
    return shard === null ? this.prefixes : this.exact;
  }
}

function stronger(watched: Watched, filter: Filter): Watched {
  return filter.previous ? Watched.withPrevious : watched === Watched.no ? Watched.yes : watched;
}
