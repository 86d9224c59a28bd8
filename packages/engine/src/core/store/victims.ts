/**
 * Victims: which sealed chunk is worth compacting next.
 *
 * Chunks are heaped by how many sixteenths of them are dead; the next victim comes from the fullest-of-dead heap. Every
 * move between heaps is constant work, where a search for the emptiest of 100,000 chunks would be felt.
 *
 * Invariants
 *   VI1  A filed chunk stands at heaps[level][place].
 *   VI2  Neither the head of the log nor the chunk being compacted nor a single-entry chunk is filed.
 */
import type { LogChunk } from './chunk.ts';

const LEVELS = 16;

export class Victims {
  readonly #heaps: LogChunk[][] = Array.from({ length: LEVELS + 1 }, () => []);

  /** Files a chunk, or refiles it after its dead bytes have changed. */
  file(chunk: LogChunk): void {
    const level = Math.floor((chunk.dead * LEVELS) / chunk.size);
    if (level === chunk.level) return;
    this.unfile(chunk);
    const heap = this.#heaps[level]!;
    chunk.level = level;
    chunk.place = heap.length;
    heap.push(chunk);
  }

  unfile(chunk: LogChunk): void {
    if (chunk.level < 0) return;
    const heap = this.#heaps[chunk.level]!;
    const last = heap.pop()!;
    if (last !== chunk) {
      heap[chunk.place] = last;
      last.place = chunk.place;
    }
    chunk.level = -1;
  }

  /** Whether the chunk is filed, and where it should be (for audit). */
  holds(chunk: LogChunk): boolean {
    return chunk.level >= 0 && this.#heaps[Math.floor((chunk.dead * LEVELS) / chunk.size)]![chunk.place] === chunk;
  }

  /** A chunk of the deadest heap, if that is at least `level` sixteenths dead. */
  deadest(level: number): LogChunk | undefined {
    for (let i = LEVELS; i >= level; i--) {
      const heap = this.#heaps[i]!;
      if (heap.length > 0) return heap[heap.length - 1];
    }
    return undefined;
  }
}
