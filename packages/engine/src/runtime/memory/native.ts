/**
 * native: what the codec needs of Node (core/codec/writer.ts, Native).
 *
 * Owns      how one-byte strings become bytes and the other way round, and what travels beside the words of a batch: long texts as
 *           bytes that are transferred, so that no heap has to hold them twice (long-text.ts), and blocks (value-block.ts).
 * Why one latin1 string a batch: of all forms a port takes it is the cheapest to post and to receive (packages/bench/src/wire-bench.ts).
 */

import type { Aside, Native } from '../../core/codec/writer.ts';
import type { Bytes } from '../../core/data/block.ts';
import { BufferMemory } from './buffer-memory.ts';
import { bytesToOneByte, oneByteToBytes } from './one-byte.ts';
import { type BlockElement, blockElement, ValueBlock } from './value-block.ts';

const memory = new BufferMemory();

function toAside(value: Bytes, transfers: ArrayBuffer[]): Aside {
  if (typeof value !== 'string') return blockElement(value, transfers);
  const bytes = oneByteToBytes(value);
  transfers.push(bytes.buffer as ArrayBuffer);
  return bytes;
}

function fromAside(aside: Aside): Bytes {
  if (aside instanceof Uint8Array) return bytesToOneByte(aside);
  return ValueBlock.received(aside as BlockElement);
}

export const NATIVE: Native = {
  allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
  write: memory.write,
  read: memory.read,
  toAside,
  fromAside,
};
