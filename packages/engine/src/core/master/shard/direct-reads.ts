/**
 * DirectReads: the reads of one shard that were sent to its tail and are not answered, in the order they were sent.
 *
 * Owns      their ids, and which of them stands behind which (SC4 of shard-control.ts).
 * Does not  decide what is read directly (shard-queue.ts).
 */
import { Deque } from '../../deque.ts';
import { invariant } from '../../protocol/invariant.ts';
import type { Call } from './call.ts';
import { NO_SLOT } from './order-filter.ts';

export class DirectReads extends Deque<Call> {
  private lastId = 0;

  /** Gives a read its id. */
  add(call: Call): void {
    this.lastId += 1;
    call.number = this.lastId;
    this.push(call);
  }

  /** Whether it is the turn of this read: so it nearly always is. */
  isNext(id: number): boolean {
    return this.first()?.number === id;
  }

  /** The slot of a read that waits behind an earlier one of its slot; NO_SLOT if it does not. */
  slotBehind(id: number): number {
    const place = this.placeOf(id);
    const { slot } = this.at(place)!;
    if (slot === NO_SLOT) return NO_SLOT;
    for (let before = 0; before < place; before++) if (this.at(before)!.slot === slot) return slot;
    return NO_SLOT;
  }

  /** Removes an answered one. */
  take(id: number): Call {
    return this.isNext(id) ? this.shift()! : this.removeAt(this.placeOf(id));
  }

  private placeOf(id: number): number {
    let place = 0;
    while (place < this.length && this.at(place)!.number !== id) place++;
    invariant(place < this.length, 'a value has its read');
    return place;
  }
}
