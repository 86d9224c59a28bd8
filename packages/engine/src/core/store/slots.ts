/**
 * SlotMemory: where the slots of large segments lie: side by side in blocks of the store's memory.
 *
 * Owns      the blocks of one index, and which of their cells are free.
 * Does not  know what slots mean, or charge for them (directory.ts does, by what is used of a cell).
 * Invariants
 *   SLO1  a block without a cell in use is released.
 *   SLO2  slots taken are released once, or with the whole of it (`release`); nothing touches them afterwards.
 * Why not an array each: what is as small as a segment comes from malloc, which keeps it after it was freed: 200 MB of an
 * index of five million keys. Of a large index that shrinks the segments are small for a while, too.
 */
import type { Memory } from './store.ts';

const SLOT_BYTES = 8;
const BLOCK_BYTES = 128 * 1024;
/** Fewer slots are an array of their own: such segments are few, those of a small index. */
const SLOTS_MIN = 128;
/** More are, too: such a segment is full of equal hashes, and rare. */
const SLOTS_MAX = 2048;
/** Cells are of so many slots, or a multiple. */
const STEP = 64;

interface Block {
  readonly piece: Uint8Array;
  /** Of its cells, in slots. */
  readonly size: number;
  /** Where the free cells begin, in slots. */
  readonly free: number[];
}

export class SlotMemory {
  readonly #memory: Memory;
  readonly #blocks = new Map<ArrayBufferLike, Block>();
  /** Blocks with a free cell, by the size of their cells. */
  readonly #open = new Map<number, Block[]>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Room for `count` slots, two words each; contents arbitrary. */
  take(count: number): Int32Array {
    if (count < SLOTS_MIN || count > SLOTS_MAX) return new Int32Array(count * 2);
    const size = Math.ceil(count / STEP) * STEP;
    const block = this.#open.get(size)?.at(-1) ?? this.#newBlock(size);
    const at = block.free.pop()!;
    if (block.free.length === 0) this.#open.get(size)!.pop();
    const { buffer, byteOffset } = block.piece;
    return new Int32Array(buffer, byteOffset + at * SLOT_BYTES, count * 2);
  }

  /** Takes back what {@link take} gave. */
  give(slots: Int32Array): void {
    const block = this.#blocks.get(slots.buffer);
    if (block === undefined) return;
    const open = this.#open.get(block.size)!;
    if (block.free.length === 0) open.push(block);
    block.free.push((slots.byteOffset - block.piece.byteOffset) / SLOT_BYTES);
    if (block.free.length < cellsOf(block.size)) return;
    open.splice(open.indexOf(block), 1);
    this.#drop(block);
  }

  /** Gives everything back. */
  release(): void {
    for (const block of this.#blocks.values()) this.#drop(block);
    this.#open.clear();
  }

  #newBlock(size: number): Block {
    const piece = this.#memory.allocate(BLOCK_BYTES);
    const free = Array.from({ length: cellsOf(size) }, (_, cell) => cell * size).reverse();
    const block = { piece, size, free };
    this.#blocks.set(piece.buffer, block);
    const open = this.#open.get(size);
    if (open === undefined) this.#open.set(size, [block]);
    else open.push(block);
    return block;
  }

  #drop(block: Block): void {
    this.#blocks.delete(block.piece.buffer);
    this.#memory.recycle(block.piece);
  }
}

function cellsOf(size: number): number {
  return Math.floor(BLOCK_BYTES / (size * SLOT_BYTES));
}
