/**
 * PackedKey: a key turned into words once; hashing, comparing and copying then go four bytes at a time.
 *
 * Owns      the packing of a one-byte string into little-endian words, and the seeded hash of such words.
 * Does not  know entries; the same hash function runs over a key where it lies in a chunk (compaction needs that).
 * Invariants
 *   HA1  hashWords over a packed key = hashWords over the same key inside a chunk, whatever bytes follow it there.
 *   HA2  A hash is 31 bits, never negative: it is a small integer to V8 wherever it is kept, and its order is plain.
 * Why HalfSipHash-1-3 (the Linux kernel's hsiphash): callers choose keys, and with an unkeyed or weakly keyed hash
 * they could choose a million that collide. The seed is the same on every copy of a shard (cursors are hashes) and
 * unknown outside. A walk's cursors show hashes to callers, so a universal hash, whose key they would give away, will
 * not do either. For a 16-byte key it takes 51 ns and packing 26; a murmur mix took 11 and lost the guarantee.
 */
import { invariant } from '../protocol/invariant.ts';

/** Hashes are 31 bits. */
export const HASH_BITS = 31;
export const HASH_MAX = 0x7fffffff;

/** The longest key, in bytes. */
export const KEY_BYTES_MAX = 65_536;

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Keeps the bytes of a key's last, partial word; index = key length mod 4 (0: the word is whole, never asked). */
const TAIL_MASKS = new Int32Array([0, 0xff, 0xffff, 0xffffff]);

/** HalfSipHash-1-3 of the `length` bytes that begin at `words[at]`, cut to 31 bits. */
export function hashWords(words: Int32Array, at: number, length: number, key0: number, key1: number): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  const last = at + (length >>> 2);
  const tail = length & 3;
  // One round per word; after the last word come the tail with the length in its top byte, and three final rounds.
  for (let i = at, final = 0; final < 4; i++) {
    let word = 0;
    if (i < last) word = words[i]!;
    else if (final++ === 0) word = (length << 24) | (tail === 0 ? 0 : words[i]! & TAIL_MASKS[tail]!);
    else if (final === 2) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) & HASH_MAX;
}

export class PackedKey {
  /** The key's bytes, zero-padded to a whole word. */
  words = new Int32Array(64);
  length = 0;

  constructor() {
    invariant(LITTLE_ENDIAN, 'the store needs a little-endian machine');
  }

  /** Takes in `key`. Characters above 255 are the caller's mistake (operation.ts, Bytes). */
  pack(key: string): void {
    const length = key.length;
    invariant(length <= KEY_BYTES_MAX, 'a key is longer than 65,536 bytes');
    if (length > this.words.length * 4) this.words = new Int32Array(KEY_BYTES_MAX / 4);
    const words = this.words;
    const whole = length >>> 2;
    let i = 0;
    for (let word = 0; word < whole; word++, i += 4) {
      words[word] =
        key.charCodeAt(i) |
        (key.charCodeAt(i + 1) << 8) |
        (key.charCodeAt(i + 2) << 16) |
        (key.charCodeAt(i + 3) << 24);
    }
    if (i < length) {
      let word = 0;
      for (let shift = 0; i < length; i++, shift += 8) word |= key.charCodeAt(i) << shift;
      words[whole] = word;
    }
    this.length = length;
  }

  /** {@link pack} of a key that lies among bytes. */
  packBytes(bytes: Uint8Array, from: number, length: number): void {
    invariant(length <= KEY_BYTES_MAX, 'a key is longer than 65,536 bytes');
    if (length > this.words.length * 4) this.words = new Int32Array(KEY_BYTES_MAX / 4);
    const words = this.words;
    const end = from + length;
    let at = from;
    let word = 0;
    for (; at + 4 <= end; at += 4) {
      words[word++] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    }
    if (at < end) {
      words[word] = 0;
      for (let shift = 0; at < end; at++, shift += 8) words[word]! |= bytes[at]! << shift;
    }
    this.length = length;
  }

  /** {@link pack} of a key that lies in words already, with zeros up to the next one. */
  copyFrom(words: Int32Array, at: number, length: number): void {
    if (length > this.words.length * 4) this.words = new Int32Array(KEY_BYTES_MAX / 4);
    const mine = this.words;
    const count = (length + 3) >>> 2;
    for (let i = 0; i < count; i++) mine[i] = words[at + i]!;
    this.length = length;
  }

  hash(key0: number, key1: number): number {
    return hashWords(this.words, 0, this.length, key0, key1);
  }

  /** Whether the key that begins at `words[at]` and has this one's length is the same. */
  equals(words: Int32Array, at: number): boolean {
    const mine = this.words;
    const whole = this.length >>> 2;
    for (let i = 0; i < whole; i++) if (mine[i] !== words[at + i]) return false;
    const tail = this.length & 3;
    return tail === 0 || mine[whole] === (words[at + whole]! & TAIL_MASKS[tail]!);
  }

  /** Writes the key at `words[at]`; up to three zero bytes follow it, so write the value afterwards. */
  copyTo(words: Int32Array, at: number): void {
    const mine = this.words;
    const count = (this.length + 3) >>> 2;
    for (let i = 0; i < count; i++) words[at + i] = mine[i]!;
  }
}
