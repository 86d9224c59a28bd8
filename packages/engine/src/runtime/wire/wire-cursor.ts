/**
 * Cursor: a place in a batch, moving on as elements are read. Reads are unchecked casts: the other end is this program.
 */
import type { Bytes } from '../../core/data/block.ts';
import { type BlockElement, ValueBlock } from '../memory/value-block.ts';
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

  /** A value: a string or a block. */
  value(): Bytes {
    const element = this.elements[this.at++];
    return typeof element === 'string' ? element : ValueBlock.received(element as BlockElement);
  }

  numbers(): readonly number[] {
    return this.elements[this.at++] as readonly number[];
  }

  entries(): readonly (string | number)[] {
    return this.elements[this.at++] as readonly (string | number)[];
  }
}
