/**
 * OrderFilter: which keys of a shard have operations in flight, by slots of one hash (protocol §5). Two keys may share a
 * slot: then one waits for the other unnecessarily, which costs a hop and no correctness.
 *
 * Owns      counts per slot: writes and logged reads in `unanswered`, direct reads in `reads`, operations held.
 * Does not  decide (shard-queue.ts).
 * Invariant OF1  in no slot are there direct reads together with writes or logged reads, so there is no deadlock.
 *   OF2  a slot locked by a transaction counts as held: later operations wait until it is unlocked.
 * Clear     An operation on the whole shard counts in every slot: as `…All` here.
 * Many keys A transaction counts in each of its slots.
 */
import { invariant } from '../../protocol/invariant.ts';
import type { Call } from './call.ts';

/** The slot of an operation on the whole shard. */
export const ALL_SLOTS = -1;
/** The slot of what needs no ordering: whole-shard reads, and operations under a lock. */
export const NO_SLOT = -2;

/** Places of a slot's counts. */
const WRITES = 0;
const LOGGED_READS = 1;
const DIRECT_READS = 2;
const HELD = 3;
const STRIDE = 4;

/** Up to so many slots are compared one by one: a Set costs more. */
const FEW = 8;

/** The slot of a key; `mask` = number of slots - 1. FNV-1a: it need only spread. */
export function slotOfKey(key: string, mask: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) & mask;
}

export class OrderFilter {
  private readonly mask: number;
  /** Four counts a slot, side by side: a quarter of a cache line tells all that is in flight in it. */
  private readonly counts: Int32Array;
  private writesAll = 0;
  private heldAll = 0;
  /** Over all slots: while one is 0, the counts need not be touched (64 KiB a shard do not stay in the processor's cache). */
  private writesTotal = 0;
  private loggedReadsTotal = 0;
  private directReadsTotal = 0;
  private heldTotal = 0;

  /** `slots`: a power of two. */
  constructor(slots: number) {
    invariant(slots > 0 && (slots & (slots - 1)) === 0, 'slots of the order filter: a power of two');
    this.mask = slots - 1;
    this.counts = new Int32Array(slots * STRIDE);
  }

  slotOf(key: string): number {
    return slotOfKey(key, this.mask);
  }

  /** The slots of several keys, each once. */
  slotsOf(keys: readonly string[]): number[] {
    if (keys.length > FEW) return [...new Set(keys.map((key) => this.slotOf(key)))];
    const slots: number[] = [];
    for (const key of keys) {
      const slot = this.slotOf(key);
      if (!slots.includes(slot)) slots.push(slot);
    }
    return slots;
  }

  /** An earlier operation that could be of the same key is held, or has it locked. */
  isHeld({ slot, slots }: Call): boolean {
    if (this.heldTotal === 0 || slot === NO_SLOT) return false;
    if (slot === ALL_SLOTS) return true;
    if (this.heldAll > 0) return true;
    return this.anyOf(HELD, slot, slots);
  }

  hasWrite({ slot, slots }: Call): boolean {
    if (this.writesAll > 0) return true;
    if (this.writesTotal === 0) return false;
    return this.anyOf(WRITES, slot, slots);
  }

  hasLoggedRead({ slot, slots }: Call): boolean {
    if (this.loggedReadsTotal === 0) return false;
    return this.anyOf(LOGGED_READS, slot, slots);
  }

  hasDirectRead({ slot, slots }: Call): boolean {
    if (this.directReadsTotal === 0 || slot === NO_SLOT) return false;
    if (slot === ALL_SLOTS) return true;
    return this.anyOf(DIRECT_READS, slot, slots);
  }

  private anyOf(which: number, slot: number, slots: readonly number[] | null): boolean {
    const { counts } = this;
    if (slots === null) return counts[STRIDE * slot + which]! > 0;
    for (const one of slots) if (counts[STRIDE * one + which]! > 0) return true;
    return false;
  }

  /**
   * Nothing is in flight that could be of a key of this slot: no write and no read, neither sent nor held, no lock, no clear. What
   * was accepted last of it is what its tail holds, but for removals of the primary's own that nobody has seen.
   */
  isQuiet(slot: number): boolean {
    if (this.writesAll > 0 || this.heldAll > 0) return false;
    if (this.writesTotal + this.loggedReadsTotal + this.directReadsTotal + this.heldTotal === 0) return true;
    const { counts } = this;
    const at = STRIDE * slot;
    return (counts[at]! | counts[at + 1]! | counts[at + 2]! | counts[at + 3]!) === 0;
  }

  /** Whether a direct read of this slot is in flight. */
  isReadDirectly(slot: number): boolean {
    return this.directReadsTotal > 0 && this.counts[STRIDE * slot + DIRECT_READS]! > 0;
  }

  private count(which: number, slot: number, slots: readonly number[] | null, by: number): void {
    if (slots === null) this.counts[STRIDE * slot + which]! += by;
    else for (const one of slots) this.counts[STRIDE * one + which]! += by;
  }

  addNumbered(call: Call): void {
    invariant(!this.hasDirectRead(call), 'F1: a direct read meets no logged operation');
    this.countNumbered(call, 1);
  }

  removeNumbered(call: Call): void {
    this.countNumbered(call, -1);
  }

  private countNumbered({ slot, slots, isWrite }: Call, by: number): void {
    if (slot === NO_SLOT) return;
    if (slot === ALL_SLOTS) {
      this.writesAll += by;
    } else if (slots !== null || isWrite) {
      this.count(WRITES, slot, slots, by);
      this.writesTotal += by;
    } else {
      this.count(LOGGED_READS, slot, null, by);
      this.loggedReadsTotal += by;
    }
  }

  addDirectRead(call: Call): void {
    invariant(!this.hasWrite(call) && !this.hasLoggedRead(call), 'F1: a direct read meets no logged operation');
    this.count(DIRECT_READS, call.slot, null, 1);
    this.directReadsTotal += 1;
  }

  removeDirectRead(call: Call): void {
    if (call.slot === NO_SLOT) return;
    this.count(DIRECT_READS, call.slot, null, -1);
    this.directReadsTotal -= 1;
  }

  /** Held, or locked. */
  addHeld(call: Call): void {
    this.countHeld(call, 1);
  }

  removeHeld(call: Call): void {
    this.countHeld(call, -1);
  }

  private countHeld({ slot, slots }: Call, by: number): void {
    if (slot === NO_SLOT) return;
    if (slot === ALL_SLOTS) this.heldAll += by;
    else this.count(HELD, slot, slots, by);
    this.heldTotal += by;
  }

  clear(): void {
    this.counts.fill(0);
    this.writesAll = 0;
    this.heldAll = 0;
    this.writesTotal = 0;
    this.loggedReadsTotal = 0;
    this.directReadsTotal = 0;
    this.heldTotal = 0;
  }
}
