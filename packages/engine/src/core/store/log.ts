/**
 * Log: the memory entries live in. Entries are appended to the head chunk; what is replaced or removed stays behind dead
 * until its chunk is empty or compacted (Rumble et al., Log-structured Memory, FAST'14).
 *
 * A location is 32 bits: chunk number and offset in units of 8 bytes, or, from -SINGLES_MAX to -1, the number of a
 * single-entry chunk.
 *
 * Owns      the chunks, the meaning of locations, live and dead byte counts; frees a chunk as soon as nothing in it lives.
 * Does not  know which entry is where (directory.ts), nor when to compact (compactor.ts).
 * Invariants
 *   LO1  liveBytes and deadBytes are the sums over the chunks; an empty chunk other than the head is not kept.
 *   LO2  Bytes charged = the reserved bytes of all chunks.
 *   LO3  No location is 0: chunk numbers begin at 1.
 * Why chunk sizes follow the live bytes: a node holds several copies, many perhaps tiny. A chunk is at most 1/16 of what
 * its store holds, so that the unused end of the head stays a small part, up to CHUNK_BYTES_MAX.
 * Why a large entry has a chunk of its own: it would leave the end of a shared chunk empty, and moving it is dear.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Ledger } from './budget.ts';
import { CHUNK_OVERHEAD_BYTES, LogChunk } from './chunk.ts';
import { ENTRY_ALIGNMENT, markDead } from './entry.ts';
import type { Memory } from './store.ts';
import { Victims } from './victims.ts';

const CHUNK_BYTES_MIN = 4 * 1024;
const UNIT_BITS = 15;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
/** As much as a location can address inside one chunk. */
export const CHUNK_BYTES_MAX = 8 << UNIT_BITS;
/** The last locations belong to single-entry chunks: 4 million of them, so 32 GiB less 32 MiB are left for the log. */
const SINGLES_MAX = 1 << 22;
const CHUNKS_MAX = (1 << (32 - UNIT_BITS)) - SINGLES_MAX / (1 << UNIT_BITS);
/** An entry larger than this part of a chunk has a chunk of its own: at most an eighth of a chunk's end is wasted. */
const SINGLE_PART = 8;
const SINGLE_BYTES_MIN = 1024;

/** Chunks of one kind by number; freed numbers are given again, and when none is left the tables are emptied. */
class ChunkTable {
  chunks: (LogChunk | undefined)[] = [undefined];
  readonly #limit: number;
  #free: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  nextNumber(): number {
    const number = this.#free.pop() ?? this.chunks.length;
    invariant(number < this.#limit, 'the store has no more addresses');
    return number;
  }

  drop(number: number): void {
    this.chunks[number] = undefined;
    this.#free.push(number);
    if (this.#free.length < this.chunks.length - 1) return;
    this.chunks = [undefined];
    this.#free = [];
  }
}

export class Log {
  readonly victims = new Victims();
  readonly #memory: Memory;
  readonly #ledger: Ledger;
  readonly #shared = new ChunkTable(CHUNKS_MAX);
  readonly #singles = new ChunkTable(SINGLES_MAX);
  #head: LogChunk | undefined;
  #liveBytes = 0;
  #deadBytes = 0;

  constructor(memory: Memory, ledger: Ledger) {
    this.#memory = memory;
    this.#ledger = ledger;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Bytes of dead entries in shared chunks. */
  get deadBytes(): number {
    return this.#deadBytes;
  }

  get head(): LogChunk | undefined {
    return this.#head;
  }

  /** Shared and single-entry chunks by number, with gaps. */
  get sharedChunks(): readonly (LogChunk | undefined)[] {
    return this.#shared.chunks;
  }

  get singleChunks(): readonly (LogChunk | undefined)[] {
    return this.#singles.chunks;
  }

  chunkAt(location: number): LogChunk {
    const number = location >>> UNIT_BITS;
    return number < CHUNKS_MAX ? this.#shared.chunks[number]! : this.#singles.chunks[location + SINGLES_MAX]!;
  }

  /** The word in its chunk at which the entry at `location` begins. */
  wordAt(location: number): number {
    return location >>> UNIT_BITS < CHUNKS_MAX ? (location & UNIT_MASK) << 1 : 0;
  }

  locationOf(chunk: LogChunk, word: number): number {
    return chunk.single ? chunk.number - SINGLES_MAX : (chunk.number << UNIT_BITS) | (word >>> 1);
  }

  /**
   * Room for an entry of `size` bytes, counted as live; the caller fills it in at once. With `room` it can grow by so many if it
   * has a chunk of its own.
   */
  append(size: number, room = 0): number {
    let head = this.#head;
    if (head === undefined || head.used + size > head.size) {
      if (size > this.#sharedMax()) return this.#appendSingle(size, room);
      head = this.#newHead();
    }
    const location = this.locationOf(head, head.used >>> 2);
    head.used += size;
    head.live += size;
    this.#liveBytes += size;
    return location;
  }

  /** {@link append} of an entry that has its memory already, `bytes`, which others may read too. */
  adopt(bytes: Uint8Array): number {
    const chunk = this.#register(this.#singles, bytes, true);
    chunk.lent = true;
    return this.#fill(chunk, chunk.size);
  }

  /** Makes the entry of a chunk of its own longer; false if it has none, or there is no room. */
  growSingle(chunk: LogChunk, by: number): boolean {
    if (!chunk.single || chunk.used + by > chunk.size) return false;
    chunk.used += by;
    chunk.live += by;
    this.#liveBytes += by;
    return true;
  }

  /** The entry at `location`, `size` bytes long, lives no more. */
  discard(location: number, size: number): void {
    const chunk = this.chunkAt(location);
    this.discardIn(chunk, this.wordAt(location), size);
  }

  /** {@link discard} for one who knows chunk and word already. */
  discardIn(chunk: LogChunk, word: number, size: number): void {
    markDead(chunk.words, word);
    chunk.live -= size;
    this.#liveBytes -= size;
    if (!chunk.single) this.#deadBytes += size;
    if (chunk.live === 0) this.#emptied(chunk);
    else if (chunk.level >= 0) this.victims.file(chunk);
  }

  /** The size of the next chunk: a power of two, about a sixteenth to a thirty-second of what lives. */
  chunkSize(): number {
    const wanted = this.#liveBytes / 16;
    if (wanted >= CHUNK_BYTES_MAX) return CHUNK_BYTES_MAX;
    return wanted <= CHUNK_BYTES_MIN ? CHUNK_BYTES_MIN : 1 << (31 - Math.clz32(wanted));
  }

  /** An upper bound of what appending `size` bytes can add to the bytes charged. */
  appendCost(size: number): number {
    const head = this.#head;
    if (head !== undefined && head.used + size <= head.size) return 0;
    return CHUNK_OVERHEAD_BYTES + (size > this.#sharedMax() ? size : this.chunkSize());
  }

  /** Gives everything back; the log must not be used again. */
  release(): void {
    for (const table of [this.#shared, this.#singles]) {
      for (const chunk of table.chunks) {
        if (chunk === undefined) continue;
        chunk.gone = true;
        this.#ledger.charge(-chunk.reserved);
        if (!chunk.lent) this.#memory.recycle(chunk.bytes);
      }
    }
  }

  /** The largest entry that shares a chunk. */
  #sharedMax(): number {
    return Math.max(SINGLE_BYTES_MIN, this.chunkSize() / SINGLE_PART);
  }

  #appendSingle(size: number, room: number): number {
    return this.#fill(this.#take(this.#singles, size + ((room + 7) & -ENTRY_ALIGNMENT), true), size);
  }

  /** One entry has a chunk of its own. */
  #fill(chunk: LogChunk, size: number): number {
    chunk.used = size;
    chunk.live = size;
    this.#liveBytes += size;
    return this.locationOf(chunk, 0);
  }

  #newHead(): LogChunk {
    const head = this.#take(this.#shared, this.chunkSize(), false);
    this.#seal();
    this.#head = head;
    return head;
  }

  /** Ends the head, so that it can be compacted like any other chunk. */
  #seal(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined) return;
    if (head.live === 0) this.#free(head);
    else this.victims.file(head);
  }

  #take(table: ChunkTable, size: number, single: boolean): LogChunk {
    return this.#register(table, this.#memory.allocate(size), single);
  }

  #register(table: ChunkTable, bytes: Uint8Array, single: boolean): LogChunk {
    const chunk = new LogChunk(bytes, table.nextNumber(), single);
    table.chunks[chunk.number] = chunk;
    this.#ledger.charge(chunk.reserved);
    return chunk;
  }

  /** Nothing in the chunk lives: the head restarts if it still has the right size, any other is freed. */
  #emptied(chunk: LogChunk): void {
    if (chunk !== this.#head) this.#free(chunk);
    else if (chunk.size > this.chunkSize()) this.#seal();
    else this.#restart(chunk);
  }

  /** The head's memory is a new chunk's from now on: whoever stopped inside the old one would read from the middle of an entry. */
  #restart(chunk: LogChunk): void {
    this.#deadBytes -= chunk.used;
    chunk.gone = true;
    this.#head = new LogChunk(chunk.bytes, chunk.number, false);
    this.#shared.chunks[chunk.number] = this.#head;
  }

  #free(chunk: LogChunk): void {
    this.victims.unfile(chunk);
    if (!chunk.single) this.#deadBytes -= chunk.used;
    chunk.gone = true;
    (chunk.single ? this.#singles : this.#shared).drop(chunk.number);
    this.#ledger.charge(-chunk.reserved);
    if (!chunk.lent) this.#memory.recycle(chunk.bytes);
  }
}
