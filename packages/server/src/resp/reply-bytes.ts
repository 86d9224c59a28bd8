/**
 * ReplyBytes: replies as bytes, in a piece of memory that is used again.
 *
 * Owns      that memory, and how a value is written as a bulk string.
 * Does not  know their order among other replies (session/reply-queue.ts) or write to sockets.
 * Invariant RB1  a piece is used again only if its user says that nobody reads it any more.
 */

import type { ValueInPlace } from '@quintet/engine/internal';

/** Enough for the replies of most pipelines. */
const PIECE_BYTES = 16 * 1024;
/** Longer values are not worth a copy in JavaScript. */
export const REPLY_VALUE_BYTES_MAX = 1024;
/** `$1024`, and twice the end of a line. */
const FRAME_BYTES = 9;
/** A value is written by whole words. */
const WORD_ROOM = 3;
const FREE_MAX = 64;

const DOLLAR = 36;
const ZERO = 48;
const CR = 13;
const LF = 10;

const free: Uint8Array[] = [];

export class ReplyBytes {
  length = 0;
  private readonly piece: Uint8Array = free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);

  hasRoom(length: number): boolean {
    return this.length + length + FRAME_BYTES + WORD_ROOM <= PIECE_BYTES;
  }

  /** Writes a value as a bulk string. REQUIRES that it fits. */
  addBulk({ words, at: from, length }: ValueInPlace): void {
    const { piece } = this;
    let at = this.length;
    piece[at++] = DOLLAR;
    if (length >= 1000) piece[at++] = ZERO + Math.floor(length / 1000);
    if (length >= 100) piece[at++] = ZERO + (Math.floor(length / 100) % 10);
    if (length >= 10) piece[at++] = ZERO + (Math.floor(length / 10) % 10);
    piece[at++] = ZERO + (length % 10);
    piece[at++] = CR;
    piece[at++] = LF;
    for (let i = 0; i < length; i += 4) {
      const word = words[from + (i >>> 2)]!;
      piece[at + i] = word;
      piece[at + i + 1] = word >>> 8;
      piece[at + i + 2] = word >>> 16;
      piece[at + i + 3] = word >>> 24;
    }
    at += length;
    piece[at++] = CR;
    piece[at++] = LF;
    this.length = at;
  }

  get bytes(): Uint8Array {
    return this.piece.subarray(0, this.length);
  }

  /** Nobody reads it any more. */
  release(): void {
    if (free.length < FREE_MAX) free.push(this.piece);
  }
}
