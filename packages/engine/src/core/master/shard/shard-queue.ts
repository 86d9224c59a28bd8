/**
 * ShardQueue: the operations of one shard, from arrival to answer: credit, program order, unanswered requests.
 *
 * Owns      waiting → held → unanswered (numbered requests) | reads (direct ones), and the request numbers; reads of the whole
 *           shard (scans, counts), which wait for all earlier operations; the locks of transactions over several shards.
 * Does not  know chains or epochs: ShardControl sends what this hands out, and reports what was answered.
 * Invariants
 *   SQ1  a request gets its number when it is sent; once numbered it stays until answered (protocol §4.5).
 *   SQ2  operations of one key take effect in order of arrival (protocol §5).
 *   SQ3  credit bounds what is in flight: at most creditOperations and creditBytes (one operation always fits; more bytes
 *       only until those that a higher limit had released are answered).
 *   SQ4  order of arrival is kept into `held`: what waits for credit is queued in order.
 *   SQ5  an operation counts for all values its record or its answer carries, present values too
 *       (heap-cost.ts); from LARGE_BYTES on it is numbered only once all shards together have room for it (large-writes.ts).
 */

import type { Operation, TransactionOperation } from '../../data/operation.ts';
import type { Result } from '../../data/result.ts';
import { rowOf } from '../../data/verbs.ts';
import { Deque } from '../../deque.ts';
import { invariant } from '../../protocol/invariant.ts';
import type { Sink } from '../../protocol/outbox.ts';
import type { Credit, MasterSettings } from '../../protocol/settings.ts';
import { presentBytes } from '../memory/heap-cost.ts';
import { LARGE_BYTES, type LargeWriter, type LargeWrites } from '../memory/large-writes.ts';
import { ValueSizes } from '../memory/value-sizes.ts';
import { Call } from './call.ts';
import { DirectReads } from './direct-reads.ts';
import { ALL_SLOTS, NO_SLOT, OrderFilter } from './order-filter.ts';
import type { Outgoing, QueueParts, RestlessQueue, WaitingRoom } from './queue-parts.ts';

/** While in flight, an answer is in memory more than once: as read, cloned, and as it arrives. */
const ANSWER_COPIES = 3;

/** What a page of a shard is taken for besides one large value. */
const PAGE_BYTES = 64 * 1024;

export class ShardQueue implements LargeWriter, RestlessQueue {
  readonly unanswered = new Deque<Call>();
  readonly reads = new DirectReads();
  lastRequest = 0;
  /** A seal is pending or a learner is about to join: nothing new is numbered. */
  paused = false;
  /** The shard exists: until then everything waits in line. */
  open = false;
  /** It is on the list of restless queues. */
  listed = false;

  private readonly shard: number;
  private readonly settings: MasterSettings;
  private readonly departures: Outgoing;
  private readonly room: WaitingRoom;
  private readonly large: LargeWrites;
  private readonly restless: RestlessQueue[];
  private readonly filter: OrderFilter;
  private readonly sizes: ValueSizes;
  private readonly waiting = new Deque<Call>();
  private held: Call[] = [];
  private shardReads: Call[] = [];
  /** Locks granted and not released. */
  private readonly locks = new Set<Call>();
  /** Writes of transactions that hold their locks, while the shard is paused. */
  private lockedWrites: Call[] = [];
  private arrivals = 0;
  private creditOperations: number;
  private creditBytes: number;
  /** Flow-control limits; `creditBytes` is what is left. */
  private credit: Credit;
  /** Something was refused by `large`, and not tried since. */
  private awaitsLarge = false;
  private retry = false;

  constructor(shard: number, { settings, room, large, restless, departures }: QueueParts) {
    this.shard = shard;
    this.settings = settings;
    this.room = room;
    this.large = large;
    this.restless = restless;
    this.departures = departures;
    const filter = new OrderFilter(settings.filterSlots);
    this.filter = filter;
    this.sizes = new ValueSizes(settings.filterSlots, settings.maxValueBytes, (key) => filter.slotOf(key));
    this.creditOperations = settings.creditOperations;
    this.creditBytes = settings.creditBytes;
    this.credit = settings;
  }

  /** Takes an operation on. Null if the waiting room is full. */
  arrive(operation: Operation, sink: Sink): Call | null {
    return this.enter(new Call(this.shard, operation, sink, this.slotsOf(operation)));
  }

  private slotsOf(operation: Operation): number | readonly number[] {
    const row = rowOf(operation);
    if (row.scope === 'key') return this.filter.slotOf(operation.key);
    if (row.scope === 'keys') return this.filter.slotsOf(row.keys(operation));
    return row.scope === 'everything' ? ALL_SLOTS : NO_SLOT;
  }

  private enter(call: Call): Call | null {
    if (this.waiting.length === 0 && this.hasCredit(call)) {
      this.admit(call);
      return call;
    }
    const { waitingOperations, waitingBytes } = this.settings;
    if (this.room.operations >= waitingOperations || this.room.bytes + call.bytes > waitingBytes) return null;
    this.room.operations += 1;
    this.room.bytes += call.bytes;
    this.waiting.push(call);
    return call;
  }

  // ---- locks: the part of a transaction over several shards that concerns this one (transactions.ts) --------------

  /** Queues a lock on keys, in order with all other operations; `departures.locked` is called when it is granted. Null as in arrive. */
  lock(transaction: TransactionOperation, keys: readonly string[], sink: Sink): Call | null {
    const call = new Call(this.shard, transaction, sink, this.filter.slotsOf(keys));
    call.isLock = true;
    call.direct = true;
    return this.enter(call);
  }

  /** Sends an operation on locked keys; while nothing may be numbered, it is the first to go afterwards. */
  sendLocked(operation: Operation, sink: Sink, group: object): void {
    const call = new Call(this.shard, operation, sink, NO_SLOT);
    call.direct = true;
    call.group = group;
    this.takeCredit(call);
    if (!call.isWrite) this.readDirectly(call);
    else if (this.paused || !this.takeLarge(call)) this.lockedWrites.push(call);
    else this.number(call);
  }

  /**
   * A part of a transaction that needs no lock, if it could be numbered at once; else null. Nothing is taken for it until
   * {@link sendFree}, in the same step.
   */
  callIfFree(operation: Operation, sink: Sink, group: object): Call | null {
    const { filter } = this;
    const call = new Call(this.shard, operation, sink, this.slotsOf(operation));
    if (this.paused || this.waiting.length > 0 || !this.hasCredit(call)) return null;
    if (filter.isHeld(call) || filter.hasDirectRead(call) || this.largeBytesOf(call) >= LARGE_BYTES) return null;
    call.direct = true;
    call.group = group;
    return call;
  }

  /** Numbers what {@link callIfFree} made. */
  sendFree(call: Call): void {
    this.takeCredit(call);
    call.arrival = ++this.arrivals;
    this.number(call);
  }

  /** Releases a lock, or removes it from the queue if it was not granted yet. */
  unlock(lock: Call): void {
    if (lock.stage === 'locked') {
      this.locks.delete(lock);
      this.filter.removeHeld(lock);
      this.giveCredit(lock);
    }
    lock.stage = 'done';
    lock.settled = true;
    this.resume();
  }

  /** No value is longer that a node may have to deal with: of those there are, and those that are written. */
  get longestValueBytes(): number {
    let { longest } = this.sizes;
    for (const { bytes } of this.unanswered) longest = Math.max(longest, bytes);
    return longest;
  }

  valueBound(key: string): number {
    return this.sizes.ofKey(key);
  }

  /** In flight plus queued; for status. */
  get counts(): { inFlight: number; waiting: number } {
    return { inFlight: this.settings.creditOperations - this.creditOperations, waiting: this.waiting.length };
  }

  // ---- answers --------------------------------------------------------------------------------------------------

  /** The first unanswered request has been answered. */
  answered(result: Result): Call {
    const call = this.unanswered.shift();
    invariant(call !== undefined, 'an answer has its request');
    this.sizes.end(call.operation, result);
    this.giveLarge(call);
    this.filter.removeNumbered(call);
    this.finish(call);
    return call;
  }

  /** A direct read has been answered. */
  valueArrived(id: number): Call {
    const call = this.reads.take(id);
    this.filter.removeDirectRead(call);
    this.finish(call);
    return call;
  }

  private finish(call: Call): void {
    call.stage = 'done';
    this.giveCredit(call);
    if (this.filter.isHeld(call) || this.shardReads.length > 0) this.resume();
  }

  /** Configuration changed or a pause ended: what is held may go. */
  resume(): void {
    this.retry = true;
    this.list();
  }

  private list(): void {
    if (this.listed) return;
    this.listed = true;
    this.restless.push(this);
  }

  /** When a turn ends, and after a change: sends what may go now (protocol §5, "try the held ones again, in order"). */
  tryHeld(): void {
    if (this.retry) {
      this.retry = false;
      const awaited = this.awaitsLarge;
      this.awaitsLarge = false;
      if (this.lockedWrites.length > 0 && !this.paused) this.sendLockedWrites();
      if (this.held.length > 0) this.placeHeldAgain();
      if (this.shardReads.length > 0) this.placeShardReadsAgain();
      if (awaited && !this.awaitsLarge) this.large.leave(this);
    }
    for (let call = this.waiting.first(); call !== undefined && this.hasCredit(call); call = this.waiting.first()) {
      this.waiting.shift();
      this.room.operations -= 1;
      this.room.bytes -= call.bytes;
      if (!call.settled) this.admit(call);
    }
  }

  private sendLockedWrites(): void {
    const calls = this.lockedWrites;
    this.lockedWrites = [];
    for (const call of calls) {
      if (this.takeLarge(call)) this.number(call);
      else this.lockedWrites.push(call);
    }
  }

  // ---- the read cache -------------------------------------------------------------------------------------------

  /**
   * Whether what was accepted last of a key of this slot may be answered at once: nothing is in flight that it could be of, and
   * nothing waits for credit, where it could be too.
   */
  isQuiet(slot: number): boolean {
    return this.waiting.length === 0 && this.filter.isQuiet(slot);
  }

  /** The primary has removed a key by itself: reads of it that are in flight may bring what they saw before. */
  overtakeReads(key: string): void {
    const slot = this.filter.slotOf(key);
    if (!this.filter.isReadDirectly(slot)) return;
    for (const call of this.reads) if (call.slot === slot) call.overtaken = true;
  }

  /** Every operation that is not done yet, taken out: the shard is lost or the cluster closes. */
  takeAll(): Call[] {
    const { unanswered, reads, lockedWrites, held, shardReads, waiting } = this;
    const calls = [...unanswered, ...reads, ...lockedWrites, ...held, ...shardReads, ...waiting];
    for (const call of this.waiting) {
      this.room.operations -= 1;
      this.room.bytes -= call.bytes;
    }
    for (const call of calls) this.giveLarge(call);
    this.awaitsLarge = false;
    this.large.leave(this);
    this.sizes.lost();
    this.unanswered.clear();
    this.reads.clear();
    this.waiting.clear();
    this.held = [];
    this.shardReads = [];
    this.lockedWrites = [];
    this.locks.clear();
    this.filter.clear();
    this.creditOperations = this.settings.creditOperations;
    this.creditBytes = this.credit.creditBytes;
    return calls;
  }

  // ---- credit ---------------------------------------------------------------------------------------------------

  /** The bytes that may be in flight from now on. */
  setCredit(credit: Credit): void {
    this.creditBytes += credit.creditBytes - this.credit.creditBytes;
    this.credit = credit;
    if (this.waiting.length > 0) this.list();
  }

  private hasCredit(call: Call): boolean {
    if (!this.open) return false;
    if (this.creditOperations === this.settings.creditOperations) return true;
    return this.creditOperations > 0 && this.creditBytes >= this.costOf(call);
  }

  /** Its own bytes, and those of values that are there already. A read is small and its answer may not be. */
  private costOf(call: Call): number {
    const { bytes } = call;
    if (call.isShardRead) return bytes + ANSWER_COPIES * (PAGE_BYTES + this.presentOf(call));
    // Blocks are on no heap, and are copied one after the other: who reads one keeps nobody waiting.
    if (call.asksBlock) return bytes;
    if (!call.isWrite) return bytes + ANSWER_COPIES * this.presentOf(call);
    const own = call.bearsBlock ? Math.min(bytes, this.credit.blockCreditBytes) : bytes;
    return own + this.presentOf(call);
  }

  private presentOf(call: Call): number {
    if (this.sizes.isEmpty && (call.operation.verb === 'put' || !call.isWrite)) return 0;
    return presentBytes(call.row, call.operation, this.departures.watchedBy(call), this.sizes);
  }

  /** Takes what a record costs of what all shards share; false if it must wait for it. Blocks are on no heap. */
  private takeLarge(call: Call): boolean {
    const bytes = this.largeBytesOf(call);
    if (bytes < LARGE_BYTES) return true;
    if (!this.large.take(this, bytes)) {
      this.awaitsLarge = true;
      return false;
    }
    call.large = bytes;
    return true;
  }

  private largeBytesOf(call: Call): number {
    return (call.bearsBlock ? 0 : call.bytes) + this.presentOf(call);
  }

  private giveLarge(call: Call): void {
    if (call.large === 0) return;
    this.large.give(call.large);
    call.large = 0;
  }

  private takeCredit(call: Call): void {
    call.credit = this.costOf(call);
    this.creditOperations -= 1;
    this.creditBytes -= call.credit;
  }

  private giveCredit(call: Call): void {
    this.creditOperations += 1;
    this.creditBytes += call.credit;
    if (this.waiting.length > 0) this.list();
  }

  private admit(call: Call): void {
    this.takeCredit(call);
    call.arrival = ++this.arrivals;
    if (call.isShardRead) this.placeShardRead(call);
    else this.place(call);
  }

  // ---- program order (protocol §5) ------------------------------------------------------------------------------

  private place(call: Call): void {
    if (this.filter.isHeld(call) || !this.depart(call)) this.hold(call);
  }

  private hold(call: Call): void {
    call.stage = 'held';
    this.held.push(call);
    this.filter.addHeld(call);
  }

  /** Sends an operation if the table of protocol §5 lets it go now. No earlier one of its key may be held. */
  private depart(call: Call): boolean {
    const { filter } = this;
    if (call.isLock) return this.giveLock(call);
    if (call.isWrite) {
      if (this.paused || filter.hasDirectRead(call) || !this.takeLarge(call)) return false;
      this.number(call);
      return true;
    }
    if (filter.hasWrite(call)) {
      if (this.paused || !this.takeLarge(call)) return false;
      this.number(call);
      return true;
    }
    if (filter.hasLoggedRead(call)) return false;
    filter.addDirectRead(call);
    this.readDirectly(call);
    return true;
  }

  /** A lock is granted when nothing is in flight on its keys, so that its reads may go directly to the tail. */
  private giveLock(call: Call): boolean {
    const { filter } = this;
    if (filter.hasWrite(call) || filter.hasLoggedRead(call) || filter.hasDirectRead(call)) return false;
    filter.addHeld(call);
    this.locks.add(call);
    call.stage = 'locked';
    this.departures.locked(call);
    return true;
  }

  private number(call: Call): void {
    if (call.operation.verb === 'clear') this.sizes.cleared();
    else this.sizes.begin(call.operation);
    this.lastRequest += 1;
    call.number = this.lastRequest;
    call.stage = 'numbered';
    this.unanswered.push(call);
    this.filter.addNumbered(call);
    this.departures.request(call);
  }

  private readDirectly(call: Call): void {
    this.reads.add(call);
    call.stage = 'reading';
    this.departures.read(call);
  }

  private placeHeldAgain(): void {
    const calls = this.held;
    this.held = [];
    for (const call of calls) this.filter.removeHeld(call);
    for (const call of calls) {
      if (call.settled) this.giveCredit(call);
      else this.place(call);
    }
  }

  /** A whole-shard read goes to the tail once every operation that arrived before it is answered (not ordered otherwise). */
  private placeShardRead(call: Call): void {
    if (this.mayReadShard(call)) {
      this.readDirectly(call);
      return;
    }
    call.stage = 'held';
    this.shardReads.push(call);
  }

  private mayReadShard(call: Call): boolean {
    const firstHeld = this.held[0];
    if (firstHeld !== undefined && firstHeld.arrival < call.arrival) return false;
    for (const lock of this.locks) if (lock.arrival < call.arrival) return false;
    if (call.barrier < 0) call.barrier = this.lastRequest;
    const first = this.unanswered.first();
    return first === undefined || first.number > call.barrier;
  }

  private placeShardReadsAgain(): void {
    const calls = this.shardReads;
    this.shardReads = [];
    for (const call of calls) {
      if (call.settled) this.giveCredit(call);
      else this.placeShardRead(call);
    }
  }
}
