/**
 * CacheRing: the memory of the read cache: chunks that are filled one after the other, the oldest of which is filled anew.
 *
 * Owns      the chunks and their order, where the next entry goes, and the layout of an entry.
 * Does not  know which entries are in use, or how much memory there may be (read-cache.ts).
 * Layout    A place is a number: chunk and unit of 8 bytes. There lie the header's words (below), the key, padded to whole
 *           words, and the value.
 */
import { Deque } from '../deque.ts';
import { invariant } from '../protocol/invariant.ts';
import type { Memory } from '../store/store.ts';

/** Words of an entry, by what they hold. The version and the deadline are doubles. */
export const HASH = 0;
export const SLOT = 1;
export const SHARD = 2;
export const FLAGS = 3;
export const KEY_BYTES = 4;
export const VALUE_BYTES = 5;
export const UNITS = 6;
export const COPY = 7;
const VERSION = 8;
const EXPIRES = 10;
export const GENERATION = 12;
/** The key follows. */
export const HEADER_WORDS = 14;

const UNIT_BYTES = 8;
const CHUNK_BYTES_MIN = 512;
const CHUNK_BYTES_MAX = 1024 * 1024;
/** Chunks a full cache has at least, so that the oldest is a small part of it. */
const CHUNKS_MIN = 32;

/** One piece of memory, seen three ways. */
export class CacheChunk {
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

/** Units that an entry takes. */
export function unitsOf(keyBytes: number, valueBytes: number): number {
  return Math.ceil((valueOffset(keyBytes) + valueBytes) / UNIT_BYTES);
}

/** Bytes from the beginning of an entry to its value. */
export function valueOffset(keyBytes: number): number {
  return 4 * (HEADER_WORDS + ((keyBytes + 3) >>> 2));
}

export class CacheRing {
  readonly chunkBytes: number;
  private readonly memory: Memory;
  private readonly shift: number;
  private readonly mask: number;
  private readonly chunks: CacheChunk[] = [];
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

  chunkOf(place: number): CacheChunk {
    return this.chunks[place >>> this.shift]!;
  }

  /** Index of an entry's first word in its chunk. */
  wordOf(place: number): number {
    return (place & this.mask) * 2;
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
    return this.memory.read(bytes, 4 * word + valueOffset(words[word + KEY_BYTES]!), words[word + VALUE_BYTES]!);
  }

  setValue(place: number, value: string): void {
    const { words, bytes } = this.chunkOf(place);
    const word = this.wordOf(place);
    words[word + VALUE_BYTES] = value.length;
    this.memory.write(bytes, 4 * word + valueOffset(words[word + KEY_BYTES]!), value);
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
    for (let unit = 0; unit < used; unit += words[2 * unit + UNITS]!) visit((number << this.shift) | unit);
  }
}
