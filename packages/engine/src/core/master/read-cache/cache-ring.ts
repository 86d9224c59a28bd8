/**
 * CacheRing: the memory of the read cache: chunks that are filled one after the other, the oldest of which is filled anew.
 *
 * Owns      the chunks and their order, where the next entry goes, and the layout of an entry.
 * Does not  know which entries are in use, or how much memory there may be (read-cache.ts).
 * Layout    A place is a number: chunk and unit of 8 bytes. There lie the header's words (below), the key, padded to whole
 *           words, and the value.
 */
import { Deque } from '../../deque.ts';
import { invariant } from '../../protocol/invariant.ts';
import type { ValueInPlace } from '../../protocol/machines.ts';
import type { PackedKey } from '../../store/hash.ts';
import type { Memory } from '../../store/store.ts';

/** Words of an entry, by what they hold; version and deadline are doubles. As few as can be: to read them is a miss in every cache. */
export const HASH = 0;
/** The shard in the lower SHARD_BITS, above it the slot. */
const PLACE = 1;
/** The key's length in the lower KEY_BITS, above it flags. */
const KEY = 2;
/** The value's length in the lower half, in the upper one the units of the whole entry. */
const SIZES = 3;
/** The number of its decoded copy; 0 = none. */
export const COPY = 4;
export const GENERATION = 5;
const VERSION = 6;
const EXPIRES = 8;
/** The key follows. */
const HEADER_WORDS = 10;

const SHARD_BITS = 14;
const KEY_BITS = 17;
const HALF = 0xffff;

const UNIT_BYTES = 8;
const CHUNK_BYTES_MIN = 512;
const CHUNK_BYTES_MAX = 1024 * 1024;
/** Chunks a full cache has at least, so that the oldest is a small part of it. */
const CHUNKS_MIN = 32;

/** One piece of memory, seen three ways. */
class CacheChunk {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** Units in use, from the first on. */
  used = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  }
}

/** What an entry is when it is new. */
export interface EntryHeader {
  readonly hash: number;
  readonly shard: number;
  readonly slot: number;
  readonly flags: number;
  readonly units: number;
  readonly generation: number;
}

/** Units that an entry takes. */
export function unitsOf(keyBytes: number, valueBytes: number): number {
  return Math.ceil((valueOffset(keyBytes) + valueBytes) / UNIT_BYTES);
}

/** Bytes from the beginning of an entry to its value. */
function valueOffset(keyBytes: number): number {
  return 4 * (HEADER_WORDS + ((keyBytes + 3) >>> 2));
}

export class CacheRing {
  readonly chunkBytes: number;
  private readonly memory: Memory;
  private readonly shift: number;
  private readonly mask: number;
  private readonly chunks: CacheChunk[] = [];
  private readonly shown: { -readonly [F in keyof ValueInPlace]: ValueInPlace[F] } = {
    words: new Int32Array(0),
    at: 0,
    length: 0,
  };
  /** Numbers of the chunks in use, the oldest first. */
  private readonly order = new Deque<number>();
  /** The youngest of them, which is being filled; -1 = none. */
  private filling = -1;
  /** Numbers of chunks that were given back. */
  private free: number[] = [];

  /** `budget`: bytes it will be allowed at most, which decides how large a chunk is. */
  constructor(memory: Memory, budget: number) {
    this.memory = memory;
    const wanted = 2 ** Math.floor(Math.log2(Math.max(1, budget / CHUNKS_MIN)));
    this.chunkBytes = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, wanted));
    this.shift = Math.log2(this.chunkBytes / UNIT_BYTES);
    this.mask = 2 ** this.shift - 1;
  }

  get bytes(): number {
    return this.order.length * this.chunkBytes;
  }

  get chunkCount(): number {
    return this.order.length;
  }

  /** Whether an entry of so many units fits a chunk at all. */
  fits(units: number): boolean {
    return units <= this.mask + 1;
  }

  private chunkOf(place: number): CacheChunk {
    return this.chunks[place >>> this.shift]!;
  }

  /** Index of an entry's first word in its chunk. */
  private wordOf(place: number): number {
    return (place & this.mask) * 2;
  }

  word(place: number, which: number): number {
    return this.chunkOf(place).words[this.wordOf(place) + which]!;
  }

  setWord(place: number, which: number, value: number): void {
    this.chunkOf(place).words[this.wordOf(place) + which] = value;
  }

  /** A new entry, but for its times and its value. */
  write(place: number, header: EntryHeader, key: PackedKey): void {
    const { words } = this.chunkOf(place);
    const word = this.wordOf(place);
    words[word + HASH] = header.hash;
    words[word + PLACE] = header.shard | (header.slot << SHARD_BITS);
    words[word + KEY] = key.length | (header.flags << KEY_BITS);
    words[word + SIZES] = header.units << 16;
    words[word + COPY] = 0;
    words[word + GENERATION] = header.generation;
    key.copyTo(words, word + HEADER_WORDS);
  }

  hasKey(place: number, key: PackedKey): boolean {
    const { words } = this.chunkOf(place);
    const word = this.wordOf(place);
    return (words[word + KEY]! & ((1 << KEY_BITS) - 1)) === key.length && key.equals(words, word + HEADER_WORDS);
  }

  shardAt(place: number): number {
    return this.word(place, PLACE) & ((1 << SHARD_BITS) - 1);
  }

  slotAt(place: number): number {
    return this.word(place, PLACE) >>> SHARD_BITS;
  }

  flagsAt(place: number): number {
    return this.word(place, KEY) >>> KEY_BITS;
  }

  setFlags(place: number, flags: number): void {
    this.setWord(place, KEY, this.keyBytesAt(place) | (flags << KEY_BITS));
  }

  private keyBytesAt(place: number): number {
    return this.word(place, KEY) & ((1 << KEY_BITS) - 1);
  }

  valueBytesAt(place: number): number {
    return this.word(place, SIZES) & HALF;
  }

  /** Bytes that a value may have in the room of this entry. */
  roomAt(place: number): number {
    return (this.word(place, SIZES) >>> 16) * UNIT_BYTES - valueOffset(this.keyBytesAt(place));
  }

  versionAt(place: number): number {
    return this.chunkOf(place).doubles[(this.wordOf(place) + VERSION) >> 1]!;
  }

  expiresAt(place: number): number {
    return this.chunkOf(place).doubles[(this.wordOf(place) + EXPIRES) >> 1]!;
  }

  setTimes(place: number, version: number, expiresAt: number): void {
    const { doubles } = this.chunkOf(place);
    const word = this.wordOf(place);
    doubles[(word + VERSION) >> 1] = version;
    doubles[(word + EXPIRES) >> 1] = expiresAt;
  }

  valueAt(place: number): string {
    const { words, bytes } = this.chunkOf(place);
    const word = this.wordOf(place);
    const offset = 4 * word + valueOffset(words[word + KEY]! & ((1 << KEY_BITS) - 1));
    return this.memory.read(bytes, offset, words[word + SIZES]! & HALF);
  }

  /** Where a value lies. The object is the same each time. */
  showAt(place: number): ValueInPlace {
    const { words } = this.chunkOf(place);
    const word = this.wordOf(place);
    const { shown } = this;
    shown.words = words;
    shown.at = word + valueOffset(words[word + KEY]! & ((1 << KEY_BITS) - 1)) / 4;
    shown.length = words[word + SIZES]! & HALF;
    return shown;
  }

  setValue(place: number, value: string): void {
    const { words, bytes } = this.chunkOf(place);
    const word = this.wordOf(place);
    words[word + SIZES] = (words[word + SIZES]! & ~HALF) | value.length;
    this.memory.write(bytes, 4 * word + valueOffset(this.keyBytesAt(place)), value);
  }

  /** Room for an entry of so many units in the chunk that is being filled; -1 = none. */
  take(units: number): number {
    if (this.filling < 0) return -1;
    const chunk = this.chunks[this.filling]!;
    if (chunk.used + units > this.mask + 1) return -1;
    const place = (this.filling << this.shift) | chunk.used;
    chunk.used += units;
    return place;
  }

  /** Goes on in a chunk of fresh memory. */
  begin(): void {
    this.filling = this.free.pop() ?? this.chunks.length;
    this.chunks[this.filling] = new CacheChunk(this.memory.allocate(this.chunkBytes));
    this.order.push(this.filling);
  }

  /** Goes on in the oldest chunk; its entries were dropped. */
  beginOldest(): void {
    this.filling = this.takeOldest();
    this.chunks[this.filling]!.used = 0;
    this.order.push(this.filling);
  }

  /** Gives the oldest chunk back; its entries were dropped. */
  giveBackOldest(): void {
    const number = this.takeOldest();
    if (number === this.filling) this.filling = -1;
    this.memory.recycle(this.chunks[number]!.bytes);
    this.free.push(number);
  }

  private takeOldest(): number {
    const number = this.order.shift();
    invariant(number !== undefined, 'there is a chunk');
    return number;
  }

  /** Calls with the place of every entry of the oldest chunk. */
  eachOfOldest(visit: (place: number) => void): void {
    const number = this.order.first();
    if (number === undefined) return;
    const { words, used } = this.chunks[number]!;
    for (let unit = 0; unit < used; unit += words[2 * unit + SIZES]! >>> 16) visit((number << this.shift) | unit);
  }
}
