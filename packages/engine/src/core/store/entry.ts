/**
 * The layout of one entry inside a chunk: four words of header, perhaps two of deadline, key bytes, value bytes,
 * rounded up to 8 bytes.
 *
 *   word 0   value bytes (30) | kind (2)
 *   word 1   key bytes (17) | has a deadline slot (1) | dead (1) | mark bits 16-23 (8) | version bits 48-52 (5)
 *   word 2   version bits 0-31
 *   word 3   version bits 32-47 (16) | mark bits 0-15 (16)
 *   word 4,5 deadline bits 0-31, 32-52: only with a deadline slot; a deadline of 0 there means never
 *
 * The mark is the step of the use clock (store.ts) at which the entry was last used.
 *
 * Owns      the meaning of these bits. Nobody else shifts or masks them.
 * Does not  allocate, find or move entries.
 * Invariants
 *   EN1  An entry's size follows from its header, so a chunk can be read from its start, dead entries included.
 *   EN2  The key begins at a whole word: it is compared and hashed by words (hash.ts).
 * Why all words are read as Int32: a signed 32-bit number is always a small integer to V8, an unsigned one is sometimes
 * a heap object.
 */
import type { Block } from '../data/block.ts';
import type { ValueKind } from '../data/operation.ts';
import type { EntryHead } from './store.ts';

export const HEADER_BYTES = 16;
const DEADLINE_BYTES = 8;
/** Entries begin at multiples of this. */
export const ENTRY_ALIGNMENT = 8;
/** The longest value: 512 MiB (V8's longest string is a little shorter). */
export const VALUE_BYTES_MAX = 512 * 1024 * 1024;
/** Marks have 24 bits, and wrap around: of seconds, half a year. */
export const MARK_MASK = 0xffffff;

const HEADER_WORDS = HEADER_BYTES / 4;
const VALUE_MASK = 0x3fffffff;
const KIND_SHIFT = 30;
const KEY_MASK = 0x1ffff;
const DEADLINE_SLOT = 1 << 17;
const DEAD = 1 << 18;
const MARK_TOP_SHIFT = 19;
const MARK_TOP = 0xff << MARK_TOP_SHIFT;
const VERSION_TOP_SHIFT = 27;
const TWO_TO_32 = 0x1_0000_0000;

/** The bytes an entry takes in its chunk. */
export function entrySize(keyBytes: number, valueBytes: number, withDeadline: boolean): number {
  return (HEADER_BYTES + (withDeadline ? DEADLINE_BYTES : 0) + keyBytes + valueBytes + 7) & -ENTRY_ALIGNMENT;
}

/**
 * Room in front of a value for all else of its entry, with or without a deadline: memory in which a value begins so far
 * from the start, and {@link entrySize} bytes long, can become the entry's chunk.
 */
export function roomBefore(keyBytes: number): number {
  return HEADER_BYTES + DEADLINE_BYTES + keyBytes;
}

/** {@link entrySize} of the entry at `words[at]`. */
export function sizeAt(words: Int32Array, at: number): number {
  const head = words[at + 1]!;
  const slot = (head & DEADLINE_SLOT) === 0 ? 0 : DEADLINE_BYTES;
  return (HEADER_BYTES + slot + (head & KEY_MASK) + (words[at]! & VALUE_MASK) + 7) & -ENTRY_ALIGNMENT;
}

/** Writes a header: alive, with this mark. `expiresAt` is written only with a deadline slot. */
export function writeHeader(
  words: Int32Array,
  at: number,
  keyBytes: number,
  valueBytes: number,
  kind: ValueKind,
  version: number,
  expiresAt: number,
  withDeadline: boolean,
  mark: number,
): void {
  const high = (version / TWO_TO_32) | 0;
  words[at] = valueBytes | (kind << KIND_SHIFT);
  const tops = ((mark >>> 16) << MARK_TOP_SHIFT) | ((high >>> 16) << VERSION_TOP_SHIFT);
  words[at + 1] = keyBytes | (withDeadline ? DEADLINE_SLOT : 0) | tops;
  words[at + 2] = version;
  words[at + 3] = (high & 0xffff) | (mark << 16);
  if (withDeadline) writeDeadline(words, at, expiresAt);
}

export function valueBytesAt(words: Int32Array, at: number): number {
  return words[at]! & VALUE_MASK;
}

export function kindAt(words: Int32Array, at: number): ValueKind {
  return (words[at]! >>> KIND_SHIFT) as ValueKind;
}

export function keyBytesAt(words: Int32Array, at: number): number {
  return words[at + 1]! & KEY_MASK;
}

export function versionAt(words: Int32Array, at: number): number {
  const high = (words[at + 3]! & 0xffff) | ((words[at + 1]! >>> VERSION_TOP_SHIFT) << 16);
  return (words[at + 2]! >>> 0) + high * TWO_TO_32;
}

export function writeVersion(words: Int32Array, at: number, version: number): void {
  const high = (version / TWO_TO_32) | 0;
  words[at + 1] = (words[at + 1]! & ((1 << VERSION_TOP_SHIFT) - 1)) | ((high >>> 16) << VERSION_TOP_SHIFT);
  words[at + 2] = version;
  words[at + 3] = (words[at + 3]! & ~0xffff) | (high & 0xffff);
}

export function hasDeadlineSlot(words: Int32Array, at: number): boolean {
  return (words[at + 1]! & DEADLINE_SLOT) !== 0;
}

/** The deadline, 0 = never. */
export function deadlineAt(words: Int32Array, at: number): number {
  if ((words[at + 1]! & DEADLINE_SLOT) === 0) return 0;
  return (words[at + HEADER_WORDS]! >>> 0) + words[at + HEADER_WORDS + 1]! * TWO_TO_32;
}

/** REQUIRES a deadline slot. */
export function writeDeadline(words: Int32Array, at: number, expiresAt: number): void {
  words[at + HEADER_WORDS] = expiresAt;
  words[at + HEADER_WORDS + 1] = (expiresAt / TWO_TO_32) | 0;
}

/** The word at which the key begins. */
export function keyWordAt(words: Int32Array, at: number): number {
  return at + ((words[at + 1]! & DEADLINE_SLOT) === 0 ? HEADER_WORDS : HEADER_WORDS + DEADLINE_BYTES / 4);
}

export function markAt(words: Int32Array, at: number): number {
  return (words[at + 3]! >>> 16) | ((words[at + 1]! & MARK_TOP) >>> (MARK_TOP_SHIFT - 16));
}

export function writeMark(words: Int32Array, at: number, mark: number): void {
  words[at + 1] = (words[at + 1]! & ~MARK_TOP) | ((mark >>> 16) << MARK_TOP_SHIFT);
  words[at + 3] = (words[at + 3]! & 0xffff) | (mark << 16);
}

/** All that a header says to those outside of the store. */
export function headAt(words: Int32Array, at: number): EntryHead {
  return {
    kind: kindAt(words, at),
    version: versionAt(words, at),
    expiresAt: deadlineAt(words, at),
    valueBytes: valueBytesAt(words, at),
  };
}

/** Whether the entry was removed, replaced or moved: its bytes wait to be reclaimed. */
export function isDead(words: Int32Array, at: number): boolean {
  return (words[at + 1]! & DEAD) !== 0;
}

export function markDead(words: Int32Array, at: number): void {
  words[at + 1]! |= DEAD;
}

/** The memory of an entry of `size` bytes that holds this value already; undefined if the block has none to give. */
export function memoryAround(
  block: Block,
  keyBytes: number,
  size: number,
  withDeadline: boolean,
): Uint8Array | undefined {
  const { buffer, byteOffset } = block.bytes;
  const start = byteOffset - (withDeadline ? roomBefore(keyBytes) : roomBefore(keyBytes) - DEADLINE_BYTES);
  if (start < 0 || start % 4 !== 0 || start + size > buffer.byteLength || !block.take()) return undefined;
  return new Uint8Array(buffer, start, size);
}
