/**
 * A plain put as it was received: its key and value are bytes in a batch, and strings only if somebody asks for them.
 *
 * Owns      where these bytes lie; the put as an operation and as an effect.
 * Does not  read or write batches (core/codec), or entries (core/store).
 * Invariants
 *   RP1  the bytes never change while anything refers to them: they lie in a piece of memory that is not used again.
 *   RP2  key and value each begin at a whole word, and zeros follow a key up to the next one: they are copied, hashed and
 *        compared by words.
 * Why       Most of what a node does is to store such a put and to hand it on. As strings, its key and value are made three times
 *           and read three times on the way, each time by a call out of JavaScript: a third of the node's time.
 */
import { ANY_VERSION, NO_TTL, type Operation, type PutOperation } from './operation.ts';
import type { PutEffect } from './record.ts';
import { ValueKind } from './value-kind.ts';

/** Memory that a received batch lies in. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** The `length` bytes at a word, as a one-byte string. */
  text(word: number, length: number): string;
}

/** The bytes of a key and a value. */
export class PutBytes {
  readonly piece: Piece;
  readonly keyWord: number;
  readonly keyBytes: number;
  readonly valueWord: number;
  readonly valueBytes: number;

  constructor(piece: Piece, keyWord: number, keyBytes: number, valueWord: number, valueBytes: number) {
    this.piece = piece;
    this.keyWord = keyWord;
    this.keyBytes = keyBytes;
    this.valueWord = valueWord;
    this.valueBytes = valueBytes;
  }

  get key(): string {
    return this.piece.text(this.keyWord, this.keyBytes);
  }

  get value(): string {
    return this.piece.text(this.valueWord, this.valueBytes);
  }
}

/** What the put is made of, however it is seen. */
class OfBytes {
  readonly kind = ValueKind.text;
  readonly put: PutBytes;

  constructor(put: PutBytes) {
    this.put = put;
  }

  get key(): string {
    return this.put.key;
  }

  get value(): string {
    return this.put.value;
  }
}

export class ReceivedPut extends OfBytes implements PutOperation {
  readonly verb = 'put';
  readonly ifVersion = ANY_VERSION;
  readonly ttl = NO_TTL;
  readonly deadline = 0;
  readonly previous = false;
}

export class ReceivedPutEffect extends OfBytes implements PutEffect {
  readonly type = 'put';
  readonly expiresAt = 0;
}

/** Bytes of a key and of a value, without making strings of them. */
export function keyBytesOf(operation: Operation): number {
  return operation instanceof ReceivedPut ? operation.put.keyBytes : operation.key.length;
}

export function valueBytesOf(operation: PutOperation): number {
  return operation instanceof ReceivedPut ? operation.put.valueBytes : operation.value.length;
}
