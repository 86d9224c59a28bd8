/**
 * Writer: a growing piece of memory that the parts of a batch are written to (grammar.ts says what they mean).
 *
 *   word     32 bits
 *   number   two words: a double, so every safe integer and every time is exact
 *   text     a word: its length in bytes; then the bytes, zeros behind them up to a whole word
 *          | a word: -1 - i, where it is a block or long: the i-th of what travels beside the words
 *
 * Owns      the memory, which is used again for every batch, and that form.
 * Does not  know messages, or how bytes become a string: `Native` is what Node does better than JavaScript.
 * Why words A loop that copies a key of 16 and a value of 64 bytes by words takes 20 steps. Lengths and codes cost one step each.
 */
import type { Block, Bytes } from '../data/block.ts';
import type { PutBytes } from '../data/received-put.ts';
import type { Memory } from '../store/store.ts';

/** What travels beside the words of a batch, as the runtime likes it: long texts and blocks. */
export type Aside = object;

/** What is posted: the words of a batch as a one-byte string, and what travels beside them. */
export type Batch = string | readonly [string, ...Aside[]];

/** What the codec needs of the platform (runtime/memory/native.ts). */
export interface Native extends Pick<Memory, 'allocate' | 'write' | 'read'> {
  /** A value that travels beside the words; adds to `transfers` what then belongs to the receiver. */
  toAside(value: string | Block, transfers: ArrayBuffer[]): Aside;
  fromAside(aside: Aside): Bytes;
}

/** Longer texts travel beside the words. No key is longer. */
export const INLINE_BYTES = 65_536;

/**
 * The words of a batch become one string, which the heap of the receiver must have room for: where they are so many already, all but
 * short texts travel beside them too.
 */
export const FULL_WORDS = 256 * 1024;
const INLINE_BYTES_IF_FULL = 128;

const FIRST_BYTES = 1024;
const KEPT_BYTES = 64 * 1024;
/** Up to so many words a loop beats a call out of JavaScript. */
const LOOP_WORDS_MAX = 64;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** The whole words of a piece of memory. */
export function wordsOf(piece: Uint8Array): Int32Array {
  return new Int32Array(piece.buffer, piece.byteOffset, piece.length >>> 2);
}

/** What travels beside the words of one batch. */
export class Asides {
  private list: Aside[] = [];
  private transfers: ArrayBuffer[] = [];

  /** How many there are with this one. */
  add(native: Native, value: Bytes): number {
    return this.list.push(native.toAside(value, this.transfers));
  }

  /** The batch of these words; begins an empty one. */
  take(words: string): Batch {
    const { list } = this;
    if (list.length === 0) return words;
    this.list = [];
    return [words, ...list];
  }

  /** The buffers that go with the next batch, which are the taker's to transfer; undefined if there are none. */
  takeTransfers(): ArrayBuffer[] | undefined {
    const { transfers } = this;
    if (transfers.length === 0) return undefined;
    this.transfers = [];
    return transfers;
  }
}

export class Writer {
  words: Int32Array;
  /** Words written. */
  at = 0;
  private bytes: Uint8Array;
  private readonly native: Native;
  private readonly asides: Asides;

  constructor(native: Native, asides: Asides) {
    this.native = native;
    this.asides = asides;
    this.bytes = native.allocate(FIRST_BYTES);
    this.words = wordsOf(this.bytes);
  }

  get heldBytes(): number {
    return this.bytes.length;
  }

  /** Makes room for so many words more. */
  private grow(words: number): void {
    const { bytes } = this;
    this.bytes = this.native.allocate(Math.max(bytes.length * 2, (this.at + words) * 4));
    this.words = wordsOf(this.bytes);
    this.bytes.set(bytes.subarray(0, this.at * 4));
  }

  word(value: number): void {
    if (this.at === this.words.length) this.grow(1);
    this.words[this.at++] = value;
  }

  number(value: number): void {
    if (this.at + 2 > this.words.length) this.grow(2);
    double[0] = value;
    this.words[this.at] = halves[0]!;
    this.words[this.at + 1] = halves[1]!;
    this.at += 2;
  }

  text(value: string): void {
    if (value.length > (this.at < FULL_WORDS ? INLINE_BYTES : INLINE_BYTES_IF_FULL)) return this.aside(value);
    this.word(value.length);
    this.chars(value);
  }

  /** A text without its length: REQUIRES that the reader knows it. */
  chars(value: string): void {
    const { length } = value;
    if (length === 0) return;
    const end = this.at + ((length + 3) >>> 2);
    if (end > this.words.length) this.grow(end - this.at);
    this.words[end - 1] = 0;
    this.native.write(this.bytes, this.at * 4, value);
    this.at = end;
  }

  /** Key, length of the value, and value of a put that was received: they lie side by side already. */
  putBytes({ piece, keyWord, valueWord, valueBytes }: PutBytes): void {
    const from = piece.words;
    const count = valueWord - keyWord + ((valueBytes + 3) >>> 2);
    if (this.at + count > this.words.length) this.grow(count);
    const { words, at } = this;
    if (count > LOOP_WORDS_MAX) words.set(from.subarray(keyWord, keyWord + count), at);
    else for (let i = 0; i < count; i++) words[at + i] = from[keyWord + i]!;
    this.at = at + count;
  }

  /** A value: a string or a block. */
  value(value: Bytes): void {
    if (typeof value === 'string') this.text(value);
    else this.aside(value);
  }

  private aside(value: Bytes): void {
    this.word(-this.asides.add(this.native, value));
  }

  /** Texts and numbers as they come. */
  mixed(items: readonly (string | number)[]): void {
    this.word(items.length);
    for (const item of items) {
      this.word(typeof item === 'number' ? 0 : 1);
      if (typeof item === 'number') this.number(item);
      else this.text(item);
    }
  }

  numbers(numbers: readonly number[]): void {
    this.word(numbers.length);
    for (const number of numbers) this.number(number);
  }

  /** Appends what another one holds. */
  append({ words, at }: Writer): void {
    if (this.at + at > this.words.length) this.grow(at);
    this.words.set(words.subarray(0, at), this.at);
    this.at += at;
  }

  /** All that was written, as a one-byte string; nothing is written then. */
  take(): string {
    const text = this.native.read(this.bytes, 0, this.at * 4);
    this.clear();
    return text;
  }

  /** Forgets what was written, and memory that only a rare large batch needs. */
  clear(): void {
    this.at = 0;
    if (this.bytes.length <= KEPT_BYTES) return;
    this.bytes = this.native.allocate(FIRST_BYTES);
    this.words = wordsOf(this.bytes);
  }
}
