/**
 * StoredValue: the forms in which a store receives a value, and how each is copied into an entry; how a key is read from one.
 *
 * Owns      these copies.
 * Does not  take a block's own memory instead (slab-store.ts does).
 */
import type { Block, Bytes } from '../data/block.ts';
import { PutBytes } from '../data/received-put.ts';
import type { LogChunk } from './chunk.ts';
import { keyBytesAt, keyWordAt } from './entry.ts';
import type { Memory } from './store.ts';

export type StoredValue = Bytes | PutBytes;

/** Up to so many bytes or words a loop beats a call out of JavaScript. */
const LOOP_MAX = 64;

export function isBlock(value: StoredValue): value is Block {
  return typeof value === 'object' && !(value instanceof PutBytes);
}

/** The key of the entry at a word of its chunk. */
export function keyAt(memory: Memory, { bytes, words }: LogChunk, at: number): string {
  return memory.read(bytes, keyWordAt(words, at) * 4, keyBytesAt(words, at));
}

/** `offset`: of the value in its chunk. */
export function writeValue(memory: Memory, chunk: LogChunk, offset: number, value: StoredValue): void {
  if (value instanceof PutBytes) copyReceived(chunk, offset, value);
  else if (typeof value === 'string') memory.write(chunk.bytes, offset, value);
  else chunk.bytes.set(value.bytes, offset);
}

/** Up to three bytes behind the value are written too: they are the entry's, whose size is rounded up to 8. */
function copyReceived({ bytes, words }: LogChunk, offset: number, { piece, valueWord, valueBytes }: PutBytes): void {
  const from = valueWord * 4;
  const aligned = (offset & 3) === 0;
  if (valueBytes > (aligned ? LOOP_MAX * 4 : LOOP_MAX)) {
    bytes.set(piece.bytes.subarray(from, from + valueBytes), offset);
  } else if (aligned) {
    const to = offset >>> 2;
    const count = (valueBytes + 3) >>> 2;
    for (let i = 0; i < count; i++) words[to + i] = piece.words[valueWord + i]!;
  } else {
    for (let i = 0; i < valueBytes; i++) bytes[offset + i] = piece.bytes[from + i]!;
  }
}
