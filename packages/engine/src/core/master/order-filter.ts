/**
 * OrderFilter: which keys of a shard have something under way, by slots of one hash (protocol §5). Two keys may share a
 * slot: then one waits for the other without need, which costs a hop and no correctness.
 *
 * Owns      counts per slot: writes and logged reads in `unanswered`, direct reads in `reads`, operations held.
 * Does not  decide (shard-order.ts).
 * Invariant F1  in no slot are there direct reads together with writes or logged reads, so nothing waits in a circle.
 * Clear     An operation on the whole shard counts in every slot: as `…All` here.
 */
import { invariant } from '../invariant.ts';
import type { Call } from './call.ts';

const WHOLE_SHARD = -1;

export class OrderFilter {
  private readonly mask: number;
  private readonly writes: Int32Array;
  private readonly loggedReads: Int32Array;
  private readonly directReads: Int32Array;
  private readonly held: Int32Array;
  private writesAll = 0;
  private heldAll = 0;
  private directReadsTotal = 0;
  private heldTotal = 0;

  /** `slots`: a power of two. */
  constructor(slots: number) {
    invariant(slots > 0 && (slots & (slots - 1)) === 0, 'slots of the order filter: a power of two');
    this.mask = slots - 1;
    this.writes = new Int32Array(slots);
    this.loggedReads = new Int32Array(slots);
    this.directReads = new Int32Array(slots);
    this.held = new Int32Array(slots);
  }

  /** The slot of an operation's key; clear has all of them. FNV-1a: it need only spread. */
  slotOf(verb: string, key: string): number {
    if (verb === 'clear') return WHOLE_SHARD;
    let hash = 0x811c9dc5;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return (hash ^ (hash >>> 15)) & this.mask;
  }

  /** An earlier operation that could be of the same key is held. */
  isHeld(slot: number): boolean {
    if (slot === WHOLE_SHARD) return this.heldTotal > 0;
    return this.heldAll > 0 || this.held[slot]! > 0;
  }

  hasWrite(slot: number): boolean {
    return this.writesAll > 0 || this.writes[slot]! > 0;
  }

  hasLoggedRead(slot: number): boolean {
    return this.loggedReads[slot]! > 0;
  }

  hasDirectRead(slot: number): boolean {
    return slot === WHOLE_SHARD ? this.directReadsTotal > 0 : this.directReads[slot]! > 0;
  }

  addNumbered(call: Call): void {
    if (call.slot === WHOLE_SHARD) this.writesAll += 1;
    else if (call.isWrite) this.writes[call.slot]! += 1;
    else this.loggedReads[call.slot]! += 1;
    invariant(!this.hasDirectRead(call.slot), 'F1: a direct read meets no logged operation');
  }

  removeNumbered(call: Call): void {
    if (call.slot === WHOLE_SHARD) this.writesAll -= 1;
    else if (call.isWrite) this.writes[call.slot]! -= 1;
    else this.loggedReads[call.slot]! -= 1;
  }

  addDirectRead(call: Call): void {
    invariant(!this.hasWrite(call.slot) && !this.hasLoggedRead(call.slot), 'F1: a direct read meets no logged operation');
    this.directReads[call.slot]! += 1;
    this.directReadsTotal += 1;
  }

  removeDirectRead(call: Call): void {
    this.directReads[call.slot]! -= 1;
    this.directReadsTotal -= 1;
  }

  addHeld(call: Call): void {
    if (call.slot === WHOLE_SHARD) this.heldAll += 1;
    else this.held[call.slot]! += 1;
    this.heldTotal += 1;
  }

  removeHeld(call: Call): void {
    if (call.slot === WHOLE_SHARD) this.heldAll -= 1;
    else this.held[call.slot]! -= 1;
    this.heldTotal -= 1;
  }

  clear(): void {
    for (const counts of [this.writes, this.loggedReads, this.directReads, this.held]) counts.fill(0);
    this.writesAll = 0;
    this.heldAll = 0;
    this.directReadsTotal = 0;
    this.heldTotal = 0;
  }
}
