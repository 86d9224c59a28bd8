/**
 * ValueSizes: an upper bound of the value that an operation finds in its shard.
 *
 * Owns      an upper bound of the values' lengths, by slot of the order filter; the master knows it because every write passes
 *           through it.
 * Does not  decide what may be in flight (shard-queue.ts).
 * Invariants
 *   VS1  no value of a slot is longer than `of(slot)`, unless it is at most SMALL_BYTES long.
 *   VS2  what an append in flight may add counts until it is answered, and then the length in the answer.
 * Why       An append of one byte makes a record of the whole value, and so does any operation that returns, or sends watchers, the
 *           previous value. Counted as one byte each, thousands of them exhausted the nodes' heaps.
 */

import type { Operation } from '../../data/operation.ts';
import { type Result, Status } from '../../data/result.ts';
import { rowOf } from '../../data/verbs.ts';

/** Values up to this length are not tracked: as many as may be in flight in a shard amount to its credit. */
export const SMALL_BYTES = 4096;

export class ValueSizes {
  private readonly slots: number;
  private readonly maxValueBytes: number;
  private readonly slotOf: (key: string) => number;
  /** Made with the first value that is not small, and with the first append. */
  private lengths: Int32Array | null = null;
  private appended: Float64Array | null = null;
  /** The longest value of the shard, without appends in flight. */
  longest = 0;

  constructor(slots: number, maxValueBytes: number, slotOf: (key: string) => number) {
    this.slots = slots;
    this.maxValueBytes = maxValueBytes;
    this.slotOf = slotOf;
  }

  /** The longest value a slot may have: 0 if it is small. */
  of(slot: number): number {
    const length = (this.lengths?.[slot] ?? 0) + (this.appended?.[slot] ?? 0);
    return length > SMALL_BYTES ? Math.min(length, this.maxValueBytes) : 0;
  }

  /** No value of the shard is longer than SMALL_BYTES, and nothing is appended. */
  get isEmpty(): boolean {
    return this.lengths === null && this.appended === null;
  }

  ofKey(key: string): number {
    return this.isEmpty ? 0 : this.of(this.slotOf(key));
  }

  /** An operation is sent: from now on what it writes may be there. */
  begin(operation: Operation): void {
    switch (operation.verb) {
      case 'transaction':
        for (const step of operation.then) this.begin(step);
        for (const step of operation.otherwise) this.begin(step);
        return;
      case 'install':
        for (const effect of operation.effects) if (effect.type === 'put') this.note(effect.key, effect.value.length);
        return;
      default: {
        const row = rowOf(operation);
        const length = row.length(operation, 0);
        if (row.appends) this.append(operation.key, length);
        else this.note(operation.key, length);
      }
    }
  }

  /** It was answered. */
  end(operation: Operation, result: Result): void {
    if (operation.verb !== 'transaction') return this.appendEnded(operation, result);
    const taken = result.status === Status.conditionFailed ? operation.otherwise : operation.then;
    for (const steps of [operation.then, operation.otherwise]) {
      steps.forEach((step, at) => {
        this.appendEnded(step, steps === taken ? result.items?.[at] : undefined);
      });
    }
  }

  private append(key: string, bytes: number): void {
    this.appended ??= new Float64Array(this.slots);
    this.appended[this.slotOf(key)]! += bytes;
  }

  /** If it was an append. */
  private appendEnded(operation: Operation, result: Result | undefined): void {
    const row = rowOf(operation);
    if (!row.appends) return;
    this.appended![this.slotOf(operation.key)]! -= row.length(operation, 0);
    if (result?.status === Status.ok) this.note(operation.key, Number(result.value));
  }

  private note(key: string, length: number): void {
    if (length <= SMALL_BYTES) return;
    this.lengths ??= new Int32Array(this.slots);
    const slot = this.slotOf(key);
    const bounded = Math.min(length, this.maxValueBytes);
    if (bounded > this.lengths[slot]!) this.lengths[slot] = bounded;
    if (bounded > this.longest) this.longest = bounded;
  }

  /** All entries are removed by what is sent now. */
  cleared(): void {
    this.lengths = null;
    this.longest = 0;
  }

  /** Nothing is in flight any more, and the shard is empty. */
  lost(): void {
    this.cleared();
    this.appended = null;
  }
}
