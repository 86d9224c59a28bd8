/**
 * ValueBlock: large values outside the V8 heap, and how they go from thread to thread: as ArrayBuffers that are transferred,
 * each receiver getting memory of its own.
 *
 * Owns      the layout of a block's memory, its copies, the buffers of batches not yet posted.
 * Does not  decide when a copy is made: BlockWriter makes them as the bytes arrive, node-driver.ts in slices; only where
 *           that could not be foreseen (after a death, for a learner, for watchers) a block is copied as it is sent.
 * Invariants
 *   VB1  a buffer in a batch belongs to nobody here any more: what is still needed is another.
 *   VB2  memory is never pooled: a transferred pool would take other values along.
 * Why copies travel: a request brings one for each copy of the shard, and each node hands the rest on. So none of them has
 * to copy 64 MB (30 ms and more, most of it the kernel's, which has to find and clear the memory) while others wait.
 */
import type { Block } from '../../core/data/block.ts';
import { roomBefore } from '../../core/store/entry.ts';
import { allocatePages } from './pages.ts';

/** In a batch: length and offset of the value, then buffers that each hold it: the receiver's, and those it hands on. */
export type BlockElement = readonly (number | ArrayBuffer)[];

/** Room behind a value, for the store to round an entry up. */
const ROOM_BEHIND = 7;

/** Memory with a place for a value of `length` bytes behind `room` others. */
function memoryFor(room: number, length: number): Uint8Array {
  return allocatePages(room + length + ROOM_BEHIND).subarray(room, room + length);
}

export class ValueBlock implements Block {
  readonly bytes: Uint8Array;
  private free: boolean;
  private spares: ArrayBuffer[];

  /** `free`: the memory around `bytes` is nobody's. `spares`: the same memory again, to give away. */
  constructor(bytes: Uint8Array, free: boolean, spares: ArrayBuffer[]) {
    this.bytes = bytes;
    this.free = free;
    this.spares = spares;
  }

  static received([length, offset, buffer, ...spares]: BlockElement): ValueBlock {
    const bytes = new Uint8Array(buffer as ArrayBuffer, offset as number, length as number);
    return new ValueBlock(bytes, true, spares as ArrayBuffer[]);
  }

  get length(): number {
    return this.bytes.length;
  }

  text(): string {
    const { buffer, byteOffset, length } = this.bytes;
    return Buffer.from(buffer, byteOffset, length).toString('latin1');
  }

  take(): boolean {
    const { free } = this;
    this.free = false;
    return free;
  }

  /** A copy that is made bit by bit: {@link BlockCopy.goOn} until it is done. */
  beginCopy(): BlockCopy {
    return new BlockCopy(this.bytes);
  }

  /** Gives all spares away, or a copy made now if there is none. */
  takeSpares(): ArrayBuffer[] {
    const { spares } = this;
    if (spares.length === 0) {
      const copy = this.beginCopy();
      copy.goOn(this.length);
      return [copy.buffer];
    }
    this.spares = [];
    return spares;
  }

  addSpare(buffer: ArrayBuffer): void {
    this.spares.push(buffer);
  }
}

/** A copy of a block, laid out alike, while it is made. */
export class BlockCopy {
  private readonly from: Uint8Array;
  private readonly to: Uint8Array;
  private done = 0;

  constructor(from: Uint8Array) {
    this.from = from;
    this.to = memoryFor(from.byteOffset, from.length);
  }

  get isDone(): boolean {
    return this.done === this.from.length;
  }

  get buffer(): ArrayBuffer {
    return this.to.buffer as ArrayBuffer;
  }

  goOn(bytes: number): void {
    const end = Math.min(this.done + bytes, this.from.length);
    this.to.set(this.from.subarray(this.done, end), this.done);
    this.done = end;
  }
}

/** A block in the making, from bytes as they arrive. */
export class BlockWriter {
  readonly length: number;
  written = 0;
  private readonly copies: readonly Uint8Array[];

  /** `keyBytes`: of the key it will be stored under. `copies`: as many as there are of a shard. */
  constructor(length: number, keyBytes: number, copies: number) {
    this.length = length;
    this.copies = Array.from({ length: 1 + copies }, () => memoryFor(roomBefore(keyBytes), length));
  }

  /** Bytes of memory written to. */
  get heldBytes(): number {
    return this.written * this.copies.length;
  }

  /** Takes what it still needs of `chunk` from `from` up to `to`; answers how many bytes. */
  write(chunk: Uint8Array, from: number, to: number): number {
    const bytes = Math.min(to - from, this.length - this.written);
    const part = chunk.subarray(from, from + bytes);
    for (const copy of this.copies) copy.set(part, this.written);
    this.written += bytes;
    return bytes;
  }

  /** REQUIRES that all is written. */
  finish(): Block {
    const [own, ...spares] = this.copies;
    return new ValueBlock(
      own!,
      false,
      spares.map((spare) => spare.buffer as ArrayBuffer),
    );
  }
}

/** A block as what travels beside the words of a batch; adds its buffers to `transfers`. Blocks are made here alone. */
export function blockElement(block: Block, transfers: ArrayBuffer[]): BlockElement {
  const buffers = (block as ValueBlock).takeSpares();
  transfers.push(...buffers);
  return [block.length, block.bytes.byteOffset, ...buffers];
}
