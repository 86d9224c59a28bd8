/**
 * BufferMemory: the store's raw memory, from Node's Buffer.
 *
 * Owns      how bytes are allocated and freed and how strings move in and out of them; a few freed blocks for reuse.
 * Does not  know what is stored, or count it (core/store/budget.ts does).
 * Why allocUnsafeSlow: a pooled Buffer shares its ArrayBuffer with others, and the store lays an Int32Array over the
 * whole of it.
 * Why freed blocks are given back at once (pages.ts): an ArrayBuffer otherwise lives until the next full collection, which
 * hardly comes while the V8 heap is quiet; RSS was measured at 2.4 times the live bytes under churn.
 * Why only so many have pages of their own: holes between them cost the kernel a mapping each, of which a process has
 * 65,530 by default; without one left it would be aborted. Beyond that number blocks come from malloc, and are freed by a
 * transfer to a closed port.
 * Why a few blocks are kept all the same: compaction frees and takes a chunk at a time, and the first touch of fresh
 * memory costs a page fault per 4 KiB.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { BLOCK_BYTES_MIN, type Block } from '../../core/data/block.ts';
import type { Memory } from '../../core/store/store.ts';
import { allocatePages, freePages, PAGED_BYTES_MIN } from './pages.ts';
import { ValueBlock } from './value-block.ts';

/** latin1Write and latin1Slice are what write() and toString('latin1') call after parsing their arguments: 50 ns against 62 ns. */
interface Latin1Buffer extends Uint8Array {
  latin1Write(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}

const { latin1Slice } = Buffer.prototype as unknown as Latin1Buffer;

/** Up to this length a loop beats the call into C++ (8 bytes: 14 against 42 ns; 16: 40 against 45). */
const LOOP_BYTES_MAX = 12;
/** Smaller blocks are left to the collector: malloc reuses them well. */
const FREED_BYTES_MIN = PAGED_BYTES_MIN;
/** At most so many blocks of a node have pages of their own, those of large values, which are few, apart. */
const PAGED_MAX = 8192;
/** At most so many bytes are kept for reuse. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;

export class BufferMemory implements Memory {
  readonly #kept = new Map<number, Uint8Array[]>();
  readonly #closedPort = closedPort();
  #keptBytes = 0;
  #paged = 0;

  allocate(bytes: number): Uint8Array {
    const block = this.#kept.get(bytes)?.pop();
    if (block === undefined) return this.#fresh(bytes);
    this.#keptBytes -= bytes;
    return block;
  }

  #fresh(bytes: number): Uint8Array {
    if (bytes < PAGED_BYTES_MIN || bytes >= BLOCK_BYTES_MIN) return allocatePages(bytes);
    if (this.#paged >= PAGED_MAX) return Buffer.allocUnsafeSlow(bytes);
    this.#paged++;
    return allocatePages(bytes);
  }

  recycle(block: Uint8Array): void {
    const bytes = block.length;
    if (bytes < FREED_BYTES_MIN) return;
    const powerOfTwo = (bytes & (bytes - 1)) === 0;
    if (!powerOfTwo || this.#keptBytes + bytes > KEPT_BYTES_MAX) {
      this.#free(block);
      return;
    }
    const blocks = this.#kept.get(bytes);
    if (blocks === undefined) this.#kept.set(bytes, [block]);
    else blocks.push(block);
    this.#keptBytes += bytes;
  }

  /** Gives back what was kept for reuse. */
  purge(): void {
    for (const blocks of this.#kept.values()) for (const block of blocks) this.#free(block);
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  #free(block: Uint8Array): void {
    const bytes = block.length;
    if (!freePages(block)) this.#closedPort.postMessage(null, [block.buffer as ArrayBuffer]);
    else if (bytes < BLOCK_BYTES_MIN) this.#paged--;
  }

  write(block: Uint8Array, offset: number, text: string): void {
    const length = text.length;
    if (length > LOOP_BYTES_MAX) (block as Latin1Buffer).latin1Write(text, offset, length);
    else for (let i = 0; i < length; i++) block[offset + i] = text.charCodeAt(i);
  }

  read(block: Uint8Array, offset: number, length: number): string {
    // Not as a method of the block: what a store adopted is no Buffer.
    return latin1Slice.call(block as Latin1Buffer, offset, offset + length);
  }

  lend(block: Uint8Array, offset: number, length: number): Block {
    return new ValueBlock(block.subarray(offset, offset + length), false, []);
  }
}

function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
