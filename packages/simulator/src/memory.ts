/**
 * SimulationMemory: raw memory for the stores of simulated nodes. Like runtime/memory/buffer-memory.ts, but every block comes filled
 * with a pattern: a store that trusted the contents of a new block would act differently in real life from run to run.
 */
import type { Block, Memory } from '@quintet/engine/internal';

const PATTERN = 0xa5;

export class SimulationMemory implements Memory {
  allocate(bytes: number): Uint8Array {
    return new Uint8Array(bytes).fill(PATTERN);
  }

  recycle(_block: Uint8Array): void {}

  write(block: Uint8Array, offset: number, text: string): void {
    for (let at = 0; at < text.length; at++) block[offset + at] = text.charCodeAt(at);
  }

  read(block: Uint8Array, offset: number, length: number): string {
    return Buffer.from(block.buffer, block.byteOffset + offset, length).toString('latin1');
  }

  lend(block: Uint8Array, offset: number, length: number): Block {
    const bytes = block.subarray(offset, offset + length);
    return { length, bytes, text: () => this.read(bytes, 0, length), take: () => false };
  }
}
