/**
 * Cursor: a place in a batch, moving on as elements are read. Reads are unchecked casts: the other end is this program.
 */
import type { WireBatch } from './wire.ts';

export class Cursor {
  readonly elements: WireBatch;
  at: number;

  constructor(elements: WireBatch, at: number) {
    this.elements = elements;
    this.at = at;
  }

  number(): number {
    return this.elements[this.at++] as number;
  }

  string(): string {
    return this.elements[this.at++] as string;
  }

  numbers(): readonly number[] {
    return this.elements[this.at++] as readonly number[];
  }

  entries(): readonly (string | number)[] {
    return this.elements[this.at++] as readonly (string | number)[];
  }
}
