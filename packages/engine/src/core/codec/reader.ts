/**
 * Reader: a place in a batch, moving on as its parts are read (grammar.ts says what they mean).
 *
 * Owns      the memory that received batches are read from.
 * Does not  check what it reads: the other end is this program.
 * Invariants
 *   RD1  a text that is read is a copy: nothing that a machine keeps for long refers to the batch. A text of 20 bytes that is kept
 *        for ever would otherwise keep the whole batch.
 *   RD2  memory that a put refers to (data/received-put.ts) is not written again: the next batch lies behind it, or in another
 *        piece. Such puts are kept until they are committed, so what is kept is no more than what arrives until then.
 */
import type { Bytes } from '../data/block.ts';
import { type Piece, PutBytes } from '../data/received-put.ts';
import { type Aside, type Batch, type Native, wordsOf } from './writer.ts';

/** Small, as one put that is not committed keeps all of it. */
const PIECE_BYTES = 32 * 1024;

/** So long a substring V8 copies, and quicker than a call out of JavaScript does; a longer one would keep the batch. */
const COPIED_CHARS_MAX = 12;

class ReceivedPiece implements Piece {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  private readonly native: Native;

  constructor(native: Native, bytes: number) {
    this.native = native;
    this.bytes = native.allocate(bytes);
    this.words = wordsOf(this.bytes);
  }

  text(word: number, length: number): string {
    return this.native.read(this.bytes, word * 4, length);
  }
}

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

export class Reader {
  words: Int32Array;
  at = 0;
  /** Behind the last word of the batch. */
  end = 0;
  private readonly native: Native;
  private piece: ReceivedPiece;
  /** A put refers to the piece. */
  private kept = false;
  private asides: readonly Aside[] = [];
  /** The words as they came, and the word of the piece they lie at. */
  private source = '';
  private sourceAt = 0;

  constructor(native: Native) {
    this.native = native;
    this.piece = new ReceivedPiece(native, PIECE_BYTES);
    this.words = this.piece.words;
  }

  /** Begins to read a batch; what was read before is forgotten. */
  open(batch: Batch): void {
    let text: string;
    if (typeof batch === 'string') text = batch;
    else [text, ...this.asides] = batch;
    const { length } = text;
    this.at = this.kept ? this.end : 0;
    if (this.at * 4 + length > this.piece.bytes.length) this.renew(length);
    this.native.write(this.piece.bytes, this.at * 4, text);
    this.source = text;
    this.sourceAt = this.at;
    this.end = this.at + (length >>> 2);
  }

  private renew(bytes: number): void {
    this.piece = new ReceivedPiece(this.native, Math.max(bytes, PIECE_BYTES));
    this.words = this.piece.words;
    this.kept = false;
    this.at = 0;
    this.end = 0;
  }

  /** The batch is read. */
  close(): void {
    this.asides = [];
    this.source = '';
    if (this.piece.bytes.length > PIECE_BYTES) this.renew(0);
  }

  word(): number {
    return this.words[this.at++]!;
  }

  number(): number {
    halves[0] = this.words[this.at++]!;
    halves[1] = this.words[this.at++]!;
    return double[0]!;
  }

  text(): string {
    const length = this.words[this.at++]!;
    return length < 0 ? (this.aside(length) as string) : this.chars(length);
  }

  /** A text whose length was read. */
  chars(length: number): string {
    const from = this.at;
    this.at += (length + 3) >>> 2;
    if (length > COPIED_CHARS_MAX) return this.native.read(this.piece.bytes, from * 4, length);
    const start = (from - this.sourceAt) * 4;
    return this.source.substring(start, start + length);
  }

  /** Key and value of a plain put, in place. The length of the key was read. Undefined if the value is not here. */
  putBytes(keyBytes: number): PutBytes | undefined {
    const keyWord = this.at;
    const valueWord = keyWord + ((keyBytes + 3) >>> 2) + 1;
    const valueBytes = this.words[valueWord - 1]!;
    if (valueBytes < 0) return undefined;
    this.kept = true;
    this.at = valueWord + ((valueBytes + 3) >>> 2);
    return new PutBytes(this.piece, keyWord, keyBytes, valueWord, valueBytes);
  }

  /** A value: a string or a block. */
  value(): Bytes {
    const length = this.words[this.at++]!;
    return length < 0 ? this.aside(length) : this.chars(length);
  }

  private aside(index: number): Bytes {
    return this.native.fromAside(this.asides[-1 - index]!);
  }

  /** Texts and numbers as they come (Writer.mixed). */
  mixed(): (string | number)[] {
    const items: (string | number)[] = [];
    for (let left = this.word(); left > 0; left--) items.push(this.word() === 0 ? this.number() : this.text());
    return items;
  }

  numbers(): number[] {
    const numbers: number[] = [];
    for (let left = this.word(); left > 0; left--) numbers.push(this.number());
    return numbers;
  }
}
