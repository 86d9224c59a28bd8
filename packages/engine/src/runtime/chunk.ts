/**
 * BufferMemory: the store's raw memory, from Node's Buffer.
 *
 * Owns      how bytes are allocated and how strings move in and out of them; a few freed blocks kept for reuse.
 * Does not  know what is stored, or count it (core/store/budget.ts does).
 * Why allocUnsafeSlow: a pooled Buffer shares its ArrayBuffer with others, and the store lays an Int32Array over the
 * whole of it. Why blocks are kept: compaction frees and takes a chunk at a time, and only the garbage collector gives
 * an ArrayBuffer back, so without reuse RSS runs ahead of what the store has reserved.
 */
import type { Memory } from '../core/store/store.ts';

/** latin1Write and latin1Slice are what write() and toString('latin1') call after parsing their arguments: 50 ns against 62 ns. */
interface Latin1Buffer extends Uint8Array {
  latin1Write(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}

/** Up to this length a loop beats the call into C++ (8 bytes: 14 against 42 ns; 16: 40 against 45). */
const LOOP_BYTES_MAX = 12;
/** Blocks of this size and below are not worth keeping: malloc reuses them well. */
const KEPT_BYTES_MIN = 64 * 1024;
/** At most so many bytes are kept for reuse. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;

export class BufferMemory implements Memory {
  readonly #kept = new Map<number, Uint8Array[]>();
  #keptBytes = 0;

  allocate(bytes: number): Uint8Array {
    const block = this.#kept.get(bytes)?.pop();
    if (block === undefined) return Buffer.allocUnsafeSlow(bytes);
    this.#keptBytes -= bytes;
    return block;
  }

  recycle(block: Uint8Array): void {
    const bytes = block.length;
    const powerOfTwo = (bytes & (bytes - 1)) === 0;
    if (!powerOfTwo || bytes < KEPT_BYTES_MIN || this.#keptBytes + bytes > KEPT_BYTES_MAX) return;
    const blocks = this.#kept.get(bytes);
    if (blocks === undefined) this.#kept.set(bytes, [block]);
    else blocks.push(block);
    this.#keptBytes += bytes;
  }

  write(block: Uint8Array, offset: number, text: string): void {
    const length = text.length;
    if (length > LOOP_BYTES_MAX) (block as Latin1Buffer).latin1Write(text, offset, length);
    else for (let i = 0; i < length; i++) block[offset + i] = text.charCodeAt(i);
  }

  read(block: Uint8Array, offset: number, length: number): string {
    return (block as Latin1Buffer).latin1Slice(offset, offset + length);
  }
}
