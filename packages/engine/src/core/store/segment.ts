/**
 * Segment: the slots of the index for one range of hashes, sorted by hash, with gaps.
 *
 * A slot is (hash, location). A hash has a home slot, its rank within the segment's range: homes ascend with hashes. An
 * entry sits at its home or, if others are there, a little after it, and entries stay sorted. So a lookup runs from
 * the home until it meets a hash that is not smaller; a walk in hash order is a scan; and halves by the next hash bit
 * are a prefix and a suffix, so a split copies two runs.
 *
 * Owns      its slots: search, insert, remove, rebuild.
 * Does not  compare keys (slab-store.ts), nor decide when to grow, split or merge (directory.ts).
 * Invariants
 *   SG1  Hashes ascend over the occupied slots; every slot between an entry and its home is occupied.
 *   SG2  A free slot is (HASH_MAX, 0), so that a search needs one comparison per slot; no location is 0.
 *   SG3  The last slot is free: it stops every search.
 * Why no wrap-around and no tombstones: both would break the order, and with it cursors that mean the same on copies
 * whose segments differ. The slots after the last home take the overflow of the end instead.
 */
import { HASH_MAX } from './hash.ts';
import type { SlotMemory } from './slots.ts';

/** What a segment costs the process besides its slots: the objects, the ArrayBuffer and its backing store. */
export const SEGMENT_OVERHEAD_BYTES = 400;
/** The smallest number of homes. */
export const HOMES_MIN = 15;
const SLOT_BYTES = 8;

export class Segment {
  /** hash, location, hash, location, … */
  slots: Int32Array;
  /** Number of home slots; the slots after them take overflow. */
  homes: number;
  /** Entries held. */
  count = 0;
  /** Entries from which on an insert is refused: nine tenths of the homes. */
  room: number;
  /** How many leading hash bits all entries share. */
  depth: number;
  readonly #memory: SlotMemory;

  constructor(depth: number, homes: number, memory: SlotMemory) {
    this.depth = depth;
    this.homes = homes;
    this.room = roomIn(homes);
    this.#memory = memory;
    this.slots = freeSlots(memory.take(slotsFor(homes)));
  }

  /** Gives its slots back; the segment must not be used again. */
  release(): void {
    this.#memory.give(this.slots);
  }

  get bytes(): number {
    return (this.slots.length / 2) * SLOT_BYTES + SEGMENT_OVERHEAD_BYTES;
  }

  /** The home slot of a hash: its 16 bits after the shared ones, scaled to the number of homes. */
  homeOf(hash: number): number {
    return Math.imul((hash << (this.depth + 1)) >>> 16, this.homes) >>> 16;
  }

  /** Index into `slots` of the first slot at or after the hash's home whose hash is not smaller; it may be free. */
  seek(hash: number): number {
    const slots = this.slots;
    let at = this.homeOf(hash) << 1;
    while (slots[at]! < hash) at += 2;
    return at;
  }

  /** False, and nothing done, if there is no room: make some and try again. */
  insert(hash: number, location: number): boolean {
    if (this.count >= this.room) return false;
    const slots = this.slots;
    const at = this.seek(hash);
    let free = at;
    while (slots[free + 1] !== 0) free += 2;
    if (free >= slots.length - 2) return false;
    for (let i = free + 1; i > at + 1; i--) slots[i] = slots[i - 2]!;
    slots[at] = hash;
    slots[at + 1] = location;
    this.count++;
    return true;
  }

  /** Frees the slot at `at`; what was pushed past its home by it moves back. */
  removeAt(at: number): void {
    const slots = this.slots;
    let to = at;
    for (let from = at + 2; slots[from + 1] !== 0 && this.homeOf(slots[from]!) << 1 < from; from += 2) {
      slots[to] = slots[from]!;
      slots[to + 1] = slots[from + 1]!;
      to = from;
    }
    slots[to] = HASH_MAX;
    slots[to + 1] = 0;
    this.count--;
  }

  /** Copies the occupied slots to `into` from `offset` on; answers where they end. */
  unload(into: Int32Array, offset: number): number {
    const slots = this.slots;
    let end = offset;
    for (let i = 0; i < slots.length; i += 2) {
      if (slots[i + 1] === 0) continue;
      into[end] = slots[i]!;
      into[end + 1] = slots[i + 1]!;
      end += 2;
    }
    return end;
  }

  /** Replaces depth, homes and contents by the sorted slots from[start..end). */
  load(depth: number, homes: number, from: Int32Array, start: number, end: number): void {
    this.depth = depth;
    this.homes = homes;
    this.count = (end - start) / 2;
    this.room = Math.max(roomIn(homes), this.count + (this.count >>> 4) + 1);
    let last = -1;
    for (let i = start; i < end; i += 2) last = Math.max(last + 1, this.homeOf(from[i]!));
    // Many equal hashes run far past the last home: then the overflow grows, with some slots to spare.
    const slots = freeSlots(this.#memory.take(Math.max(slotsFor(homes), last + 10 + (this.count >>> 4))));
    let slot = -1;
    for (let i = start; i < end; i += 2) {
      slot = Math.max(slot + 1, this.homeOf(from[i]!));
      slots[slot * 2] = from[i]!;
      slots[slot * 2 + 1] = from[i + 1]!;
    }
    this.#memory.give(this.slots);
    this.slots = slots;
  }
}

function roomIn(homes: number): number {
  return Math.floor(homes * 0.9);
}

/** Homes, a sixteenth more for overflow, and the last free slot. */
function slotsFor(homes: number): number {
  return homes + (homes >>> 4) + 4;
}

/** `slots`, all of them free. */
function freeSlots(slots: Int32Array): Int32Array {
  for (let i = 0; i < slots.length; i += 2) {
    slots[i] = HASH_MAX;
    slots[i + 1] = 0;
  }
  return slots;
}
