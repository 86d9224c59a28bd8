/**
 * SlabStore: one shard copy's entries, outside the V8 heap.
 *
 * Puts the parts together: a packed key (hash.ts) leads through the directory to a slot, the slot to a place in the log.
 *
 * Owns      the key operations: find, write in place or append, remove; size and expiring; when an entry was last used.
 * Does not  judge deadlines, conditions or limits; see store.ts for the contract.
 * Invariants (audit.ts recomputes them all)
 *   SL1  Every slot of the index leads to a live entry whose key has the slot's hash; every live entry has one slot.
 *   SL2  size, expiring, liveBytes, reservedBytes and the budget are exact after every call.
 * Why a new value of the same size is written in place, and any other appended: places of one size fit their successor,
 * everything else would need holes of all sizes to be kept and searched.
 * Why what was lent out (`get` with blocks), or came as a block, is never written over: a block does not change.
 * Why memory is taken before anything is changed: an allocation may throw, and the store must be whole then.
 */
import { BLOCK_BYTES_MIN, type Bytes } from '../data/block.ts';
import { type Entry, ValueKind } from '../data/operation.ts';
import type { PutBytes } from '../data/received-put.ts';
import { invariant } from '../protocol/invariant.ts';
import { auditStore } from './audit.ts';
import { type Budget, Ledger } from './budget.ts';
import type { LogChunk } from './chunk.ts';
import { Compactor } from './compactor.ts';
import { type CopyTerms, copyEntry } from './copy-entry.ts';
import { Sweeper } from './deadlines.ts';
import { Directory } from './directory.ts';
import {
  deadlineAt,
  entrySize,
  hasDeadlineSlot,
  headAt,
  keyBytesAt,
  keyWordAt,
  kindAt,
  MARK_MASK,
  markAt,
  memoryAround,
  sizeAt,
  VALUE_BYTES_MAX,
  valueBytesAt,
  versionAt,
  writeDeadline,
  writeHeader,
  writeMark,
  writeVersion,
} from './entry.ts';
import { oldestOf } from './eviction.ts';
import { PackedKey } from './hash.ts';
import { Log } from './log.ts';
import { type EntryHead, type Memory, roomToGrow, type Store, type UseClock, type WalkedEntry } from './store.ts';
import { isBlock, keyAt, type StoredValue, writeValue } from './stored-value.ts';
import { walkPage } from './walk.ts';

export interface SlabStoreOptions {
  readonly memory: Memory;
  readonly budget: Budget;
  /** Up to 2^53; the same on all copies of a shard, unknown outside. */
  readonly hashSeed: number;
  readonly clock: UseClock;
}

export class SlabStore implements Store {
  readonly #memory: Memory;
  readonly #ledger: Ledger;
  readonly #clock: UseClock;
  readonly #key0: number;
  readonly #key1: number;
  readonly #packed = new PackedKey();
  #directory!: Directory;
  #log!: Log;
  #sweeper!: Sweeper;
  #compactor!: Compactor;
  #size = 0;
  #expiring = 0;
  /** See {@link takeUse}. */
  #use = -1;

  constructor(options: SlabStoreOptions) {
    this.#memory = options.memory;
    this.#clock = options.clock;
    this.#ledger = new Ledger(options.budget);
    this.#key0 = options.hashSeed | 0;
    this.#key1 = (options.hashSeed / 0x1_0000_0000) | 0;
    this.#begin();
  }

  get size(): number {
    return this.#size;
  }

  get expiring(): number {
    return this.#expiring;
  }

  get liveBytes(): number {
    return this.#log.liveBytes;
  }

  get reservedBytes(): number {
    return this.#ledger.reserved;
  }

  get(key: string, blocks = false): Entry | undefined {
    const hash = this.#hash(key);
    const location = this.#find(hash);
    if (location !== 0) return this.#entryAt(location, hash, blocks);
    this.#use = -1;
    return undefined;
  }

  peek(key: string): Entry | undefined {
    const location = this.#find(this.#hash(key));
    return location === 0 ? undefined : this.#entryAt(location, -1, false);
  }

  head(key: string): EntryHead | undefined {
    const location = this.#find(this.#hash(key));
    if (location === 0) return undefined;
    return headAt(this.#log.chunkAt(location).words, this.#log.wordAt(location));
  }

  put(
    key: string,
    value: Bytes,
    kind: ValueKind,
    version: number,
    expiresAt: number,
    mark: number = this.#clock.tick,
  ): void {
    this.#put(this.#hash(key), value, value.length, kind, version, expiresAt, mark);
  }

  putReceived(put: PutBytes, version: number): void {
    this.#packed.copyFrom(put.piece.words, put.keyWord, put.keyBytes);
    const hash = this.#packed.hash(this.#key0, this.#key1);
    this.#put(hash, put, put.valueBytes, ValueKind.text, version, 0, this.#clock.tick);
  }

  /** Of the packed key. */
  #put(
    hash: number,
    value: StoredValue,
    valueBytes: number,
    kind: ValueKind,
    version: number,
    expiresAt: number,
    mark: number,
  ): void {
    invariant(valueBytes <= VALUE_BYTES_MAX, 'a value is longer than 512 MiB');
    const old = this.#find(hash);
    const keyBytes = this.#packed.length;
    const size = entrySize(keyBytes, valueBytes, expiresAt !== 0);
    if (old !== 0 && this.#overwrite(old, size, value, valueBytes, kind, version, expiresAt, mark)) return;
    const adopted = isBlock(value) ? memoryAround(value, keyBytes, size, expiresAt !== 0) : undefined;
    const location = adopted === undefined ? this.#log.append(size) : this.#log.adopt(adopted);
    const chunk = this.#log.chunkAt(location);
    const { words } = chunk;
    const at = this.#log.wordAt(location);
    writeHeader(words, at, keyBytes, valueBytes, kind, version, expiresAt, expiresAt !== 0, mark);
    const start = keyWordAt(words, at) * 4 + keyBytes;
    // Of a value that is in place already, the key's last word covers the first bytes: they are written again.
    const covered = adopted?.slice(start, start + 3);
    this.#packed.copyTo(words, keyWordAt(words, at));
    if (covered === undefined) writeValue(this.#memory, chunk, start, value);
    else chunk.bytes.set(covered, start);
    if (expiresAt !== 0) this.#noteNewDeadline(chunk, expiresAt);
    if (old === 0) {
      this.#directory.insert(hash, location);
      this.#size++;
    } else {
      this.#directory.relocate(hash, old, location);
      this.#discard(old);
    }
    this.#compactor.pay(size);
  }

  part(key: string, offset: number, length: number): string {
    const location = this.#find(this.#hash(key));
    if (location === 0) return '';
    const { bytes, words } = this.#log.chunkAt(location);
    const at = this.#log.wordAt(location);
    const valueBytes = valueBytesAt(words, at);
    const from = Math.min(offset, valueBytes);
    const start = keyWordAt(words, at) * 4 + this.#packed.length;
    return this.#memory.read(bytes, start + from, Math.min(length, valueBytes - from));
  }

  patch(key: string, offset: number, bytes: string, kind: ValueKind, version: number): boolean {
    const hash = this.#hash(key);
    const found = this.#find(hash);
    if (found === 0) return false;
    const before = valueBytesAt(this.#log.chunkAt(found).words, this.#log.wordAt(found));
    const valueBytes = Math.max(before, offset + bytes.length);
    invariant(valueBytes <= VALUE_BYTES_MAX, 'a value is longer than 512 MiB');
    const location = this.#placeToPatch(hash, found, valueBytes);
    const chunk = this.#log.chunkAt(location);
    const { words } = chunk;
    const at = this.#log.wordAt(location);
    const start = keyWordAt(words, at) * 4 + this.#packed.length;
    if (offset > before) chunk.bytes.fill(0, start + before, start + offset);
    this.#memory.write(chunk.bytes, start + offset, bytes);
    const [expiresAt, withSlot] = [deadlineAt(words, at), hasDeadlineSlot(words, at)];
    writeHeader(words, at, this.#packed.length, valueBytes, kind, version, expiresAt, withSlot, this.#clock.tick);
    return true;
  }

  setDeadline(key: string, version: number, expiresAt: number): boolean {
    const hash = this.#hash(key);
    let location = this.#find(hash);
    if (location === 0) return false;
    if (expiresAt !== 0) location = this.#withDeadlineSlot(hash, location);
    const chunk = this.#log.chunkAt(location);
    const at = this.#log.wordAt(location);
    if (deadlineAt(chunk.words, at) !== 0) this.#expiring--;
    if (hasDeadlineSlot(chunk.words, at)) writeDeadline(chunk.words, at, expiresAt);
    writeVersion(chunk.words, at, version);
    writeMark(chunk.words, at, this.#clock.tick);
    if (expiresAt !== 0) this.#noteNewDeadline(chunk, expiresAt);
    return true;
  }

  remove(key: string): boolean {
    const hash = this.#hash(key);
    const location = this.#find(hash);
    if (location === 0) return false;
    this.#directory.remove(hash, location);
    this.#size--;
    this.#compactor.pay(this.#discard(location));
    return true;
  }

  clear(): void {
    this.release();
    this.#begin();
  }

  release(): void {
    this.#directory.release();
    this.#log.release();
    this.#size = 0;
    this.#expiring = 0;
    invariant(this.#ledger.reserved === 0, 'a released store still holds memory');
  }

  growthFor(keyBytes: number, valueBytes: number): number {
    const size = entrySize(keyBytes, valueBytes, true);
    return this.#compactor.appendCost(size) + this.#directory.insertCost();
  }

  walk(
    cursor: number,
    limit: number,
    limitBytes: number,
    keysOnly: boolean,
    visit: (entry: WalkedEntry) => void,
  ): number {
    const parts = { directory: this.#directory, log: this.#log, memory: this.#memory };
    return walkPage(parts, cursor, { entries: limit, bytes: limitBytes, keysOnly }, visit);
  }

  get nextDue(): number {
    return this.#sweeper.nextSweep;
  }

  due(time: number, limit: number, examine: number): string[] {
    return this.#sweeper.due(time, limit, examine);
  }

  touch(key: string): void {
    const hash = this.#hash(key);
    const location = this.#find(hash);
    if (location === 0) this.#use = -1;
    else this.#mark(this.#log.chunkAt(location).words, this.#log.wordAt(location), hash);
  }

  takeUse(): number {
    const hash = this.#use;
    this.#use = -1;
    return hash;
  }

  touchHash(hash: number): void {
    const { tick } = this.#clock;
    const segment = this.#directory.segmentFor(hash);
    const { slots } = segment;
    for (let at = segment.seek(hash); slots[at] === hash && slots[at + 1] !== 0; at += 2) {
      writeMark(this.#log.chunkAt(slots[at + 1]!).words, this.#log.wordAt(slots[at + 1]!), tick);
    }
  }

  hashOf(key: string): number {
    return this.#hash(key);
  }

  idleMs(key: string): number {
    const location = this.#find(this.#hash(key));
    if (location === 0) return 0;
    const { tick, tickMs } = this.#clock;
    return ((tick - markAt(this.#log.chunkAt(location).words, this.#log.wordAt(location))) & MARK_MASK) * tickMs;
  }

  evictionCandidate(samples: number, random: () => number): string | undefined {
    if (this.#size === 0) return undefined;
    const location = oldestOf(this.#directory, this.#log, samples, this.#clock.tick, random);
    return keyAt(this.#memory, this.#log.chunkAt(location), this.#log.wordAt(location));
  }

  reclaim(): boolean {
    return this.#compactor.slice();
  }

  /** Recomputes every invariant and figure from the bytes up; throws if one is wrong. For tests: O(n). */
  audit(): void {
    auditStore({
      directory: this.#directory,
      log: this.#log,
      sweeper: this.#sweeper,
      compactor: this.#compactor,
      ledger: this.#ledger,
      key0: this.#key0,
      key1: this.#key1,
      size: this.#size,
      expiring: this.#expiring,
    });
  }

  #begin(): void {
    const log = new Log(this.#memory, this.#ledger);
    const directory = new Directory(this.#ledger, this.#memory);
    const sweeper = new Sweeper(log, this.#memory);
    this.#log = log;
    this.#directory = directory;
    this.#sweeper = sweeper;
    this.#compactor = new Compactor({
      log,
      directory,
      ledger: this.#ledger,
      key0: this.#key0,
      key1: this.#key1,
      noteDeadline: (chunk, expiresAt) => sweeper.note(chunk, expiresAt),
    });
  }

  /** Packs the key, which {@link #find} then compares with, and hashes it. */
  #hash(key: string): number {
    this.#packed.pack(key);
    return this.#packed.hash(this.#key0, this.#key1);
  }

  /** The location of the packed key, 0 if it is absent. */
  #find(hash: number): number {
    const segment = this.#directory.segmentFor(hash);
    const { slots } = segment;
    for (let at = segment.seek(hash); slots[at] === hash; at += 2) {
      const location = slots[at + 1]!;
      if (location === 0) return 0;
      const { words } = this.#log.chunkAt(location);
      const word = this.#log.wordAt(location);
      if (keyBytesAt(words, word) !== this.#packed.length) continue;
      if (this.#packed.equals(words, keyWordAt(words, word))) return location;
    }
    return 0;
  }

  /** `used`: the entry's hash if it is used by this, else -1. */
  #entryAt(location: number, used: number, blocks: boolean): Entry {
    const chunk = this.#log.chunkAt(location);
    const { bytes, words } = chunk;
    const at = this.#log.wordAt(location);
    if (used !== -1) this.#mark(words, at, used);
    const start = keyWordAt(words, at) * 4 + this.#packed.length;
    const length = valueBytesAt(words, at);
    const kind = kindAt(words, at);
    const version = versionAt(words, at);
    const expiresAt = deadlineAt(words, at);
    if (!blocks || length < BLOCK_BYTES_MIN) {
      return { value: this.#memory.read(bytes, start, length), kind, version, expiresAt };
    }
    chunk.lent = true;
    return { value: '', kind, version, expiresAt, block: this.#memory.lend(bytes, start, length) };
  }

  /** Writes over the entry at `location` if the new one takes exactly its place; false if not. */
  #overwrite(
    location: number,
    size: number,
    value: StoredValue,
    valueBytes: number,
    kind: ValueKind,
    version: number,
    expiresAt: number,
    mark: number,
  ): boolean {
    if (valueBytes >= BLOCK_BYTES_MIN) return false;
    const chunk = this.#log.chunkAt(location);
    const { words } = chunk;
    const at = this.#log.wordAt(location);
    // Rounding makes a value just below BLOCK_BYTES_MIN as large as one that is lent.
    if (chunk.lent || sizeAt(words, at) !== size) return false;
    if (deadlineAt(words, at) !== 0) this.#expiring--;
    const moved = hasDeadlineSlot(words, at) !== (expiresAt !== 0);
    const keyBytes = this.#packed.length;
    writeHeader(words, at, keyBytes, valueBytes, kind, version, expiresAt, expiresAt !== 0, mark);
    const key = keyWordAt(words, at);
    if (moved) this.#packed.copyTo(words, key);
    writeValue(this.#memory, chunk, key * 4 + keyBytes, value);
    if (expiresAt !== 0) this.#noteNewDeadline(chunk, expiresAt);
    return true;
  }

  #withDeadlineSlot(hash: number, location: number): number {
    const { words } = this.#log.chunkAt(location);
    const at = this.#log.wordAt(location);
    if (hasDeadlineSlot(words, at)) return location;
    return this.#move(hash, location, { valueBytes: valueBytesAt(words, at), withDeadlineSlot: true, room: 0 });
  }

  /** Where the value at `location` may be so long, and may be written. */
  #placeToPatch(hash: number, location: number, valueBytes: number): number {
    const chunk = this.#log.chunkAt(location);
    const { words } = chunk;
    const at = this.#log.wordAt(location);
    const withDeadlineSlot = hasDeadlineSlot(words, at);
    const grown = entrySize(this.#packed.length, valueBytes, withDeadlineSlot) - sizeAt(words, at);
    if (!chunk.lent && (grown === 0 || this.#log.growSingle(chunk, grown))) return location;
    return this.#move(hash, location, { valueBytes, withDeadlineSlot, room: grown === 0 ? 0 : roomToGrow(valueBytes) });
  }

  #move(hash: number, old: number, terms: CopyTerms): number {
    const location = copyEntry(this.#log, old, terms);
    const chunk = this.#log.chunkAt(location);
    const at = this.#log.wordAt(location);
    const expiresAt = deadlineAt(chunk.words, at);
    if (expiresAt !== 0) this.#noteNewDeadline(chunk, expiresAt);
    const size = sizeAt(chunk.words, at);
    this.#directory.relocate(hash, old, location);
    this.#discard(old);
    this.#compactor.pay(size);
    return location;
  }

  #mark(words: Int32Array, at: number, hash: number): void {
    const { tick } = this.#clock;
    const first = markAt(words, at) !== tick;
    if (first) writeMark(words, at, tick);
    this.#use = first ? hash : -1;
  }

  #noteNewDeadline(chunk: LogChunk, expiresAt: number): void {
    this.#expiring++;
    this.#sweeper.note(chunk, expiresAt);
  }

  /** Leaves the entry at `location` to be reclaimed; answers its size. */
  #discard(location: number): number {
    const { words } = this.#log.chunkAt(location);
    const at = this.#log.wordAt(location);
    if (deadlineAt(words, at) !== 0) this.#expiring--;
    const size = sizeAt(words, at);
    this.#log.discard(location, size);
    return size;
  }
}
