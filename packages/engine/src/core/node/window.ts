/**
 * Window: a copy's records above the committed seq, results included: what may have to be resent.
 *
 * Owns        records committedSeq+1 … lastSeq of one copy.
 * Does not    decide what is committed: only the master's committedSeq trims (protocol §4.2).
 * Invariants  WI1  seqs are contiguous (protocol §7.4).
 */

import type { Record } from '../data/record.ts';
import { Deque } from '../deque.ts';
import { invariant } from '../protocol/invariant.ts';

export class Window {
  private readonly records = new Deque<Record>();
  private last = 0;

  get length(): number {
    return this.records.length;
  }

  append(record: Record): void {
    invariant(this.records.length === 0 || record.seq === this.last + 1, 'W1: a window has no hole');
    this.last = record.seq;
    this.records.push(record);
  }

  /** Forgets records up to and including `committedSeq`. */
  trim(committedSeq: number): void {
    for (let first = this.records.first(); first !== undefined && first.seq <= committedSeq; ) {
      this.records.shift();
      first = this.records.first();
    }
  }

  clear(): void {
    this.records.clear();
  }

  toArray(): Record[] {
    return [...this.records];
  }

  [Symbol.iterator](): Iterator<Record> {
    return this.records[Symbol.iterator]();
  }
}
