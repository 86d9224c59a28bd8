/**
 * Block: a large value as bytes outside the V8 heap.
 *
 * Owns      the words Block and Bytes: a value is a one-byte string, or from BLOCK_BYTES_MIN on perhaps a block.
 * Does not  make blocks or know how they travel (runtime/memory/value-block.ts).
 * Invariants
 *   BL1  the bytes of a block never change, whoever holds it: it may lie in a store, in a window, in a reply being written.
 *   BL2  its memory is given to at most one store (`take`), which lays an entry around the value.
 * Why       Every conversion and clone of a string of 64 MB takes 30 ms or more in one go, on a thread that serves all clients;
 *           a block is transferred from thread to thread and into the store for nothing. Strings stay what everything else is
 *           made of: blocks come from, and go to, only those who can use them (`GetOperation.blocks`).
 */

/** Shorter values are strings everywhere. More than a shared chunk of a store holds: a block has a chunk of its own. */
export const BLOCK_BYTES_MIN = 1024 * 1024;

export interface Block {
  /** Of the value, in bytes. */
  readonly length: number;
  /** The value, inside of memory that may have room in front of and behind it. */
  readonly bytes: Uint8Array;
  /** The value as a one-byte string: a copy. */
  text(): string;
  /** Whether the caller may use the memory around the value: true for the first caller, if nothing else uses it. */
  take(): boolean;
}

/** A value: a one-byte string, or a block. */
export type Bytes = string | Block;

/** A value as a one-byte string, whatever it is. */
export function textOf(value: Bytes): string {
  return typeof value === 'string' ? value : value.text();
}
