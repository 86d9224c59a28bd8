/**
 * What the store benchmarks share: keys as they come off a wire, a seeded order, and a Map to compare with.
 *
 * Why keys are made in batches, outside the clock: a store is given strings that were just made. Taking them from one
 * array of a million in random order would time cache misses on the caller's strings, not the store.
 */
import { createBudget } from '../../engine/src/core/store/budget.ts';
import { SlabStore } from '../../engine/src/core/store/slab-store.ts';
import type { Store } from '../../engine/src/core/store/store.ts';
import { BufferMemory } from '../../engine/src/runtime/memory/buffer-memory.ts';

const BATCH = 2048;
const KEY_BYTES = 16;

/** What both peers can do. `get` answers the value's length, so that neither can leave the work out. */
export interface Peer {
  readonly name: string;
  put(key: string, value: string, version: number): void;
  get(key: string): number;
  remove(key: string): void;
  /** Bytes it says it has reserved; 0 = it does not know. */
  bytes(): number;
}

export function newStore(): SlabStore {
  const clock = { tick: 0, tickMs: 1000 };
  return new SlabStore({ memory: new BufferMemory(), budget: createBudget(), hashSeed: 0x1234_5678_9abc, clock });
}

export function storePeer(store: Store): Peer {
  return {
    name: 'SlabStore',
    put: (key, value, version) => store.put(key, value, 0, version, 0),
    get: (key) => store.get(key)?.value.length ?? 0,
    remove: (key) => store.remove(key),
    bytes: () => store.reservedBytes,
  };
}

export function mapPeer(): Peer {
  const map = new Map<string, { value: string; version: number; expiresAt: number }>();
  return {
    name: 'Map',
    put: (key, value, version) => map.set(key, { value, version, expiresAt: 0 }),
    get: (key) => map.get(key)?.value.length ?? 0,
    remove: (key) => map.delete(key),
    bytes: () => 0,
  };
}

/** 0 … count-1 in an order that follows from `seed`. */
export function shuffled(count: number, seed: number): Uint32Array {
  return shuffle(
    new Uint32Array(count).map((_, index) => index),
    seed,
  );
}

export function shuffle(order: Uint32Array, seed: number): Uint32Array {
  let state = seed;
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** A key of 16 bytes as a parser would hand it over: a fresh, flat string. */
export function keyOf(index: number): string {
  return flat(`key:${index}`.padEnd(KEY_BYTES, '.'));
}

/** A flat string of `bytes` bytes. */
export function textOf(index: number, bytes: number): string {
  return flat(`${index}:`.padEnd(bytes, 'v').slice(0, bytes));
}

/**
 * Nanoseconds of processor time per call of `act` over all keys in the order given; making the keys and values is not
 * timed. Processor and not wall time: it holds still on a machine that others use, and counts the collector's threads.
 */
export function timeEach(order: Uint32Array, valueBytes: number, act: (key: string, value: string) => void): number {
  let microseconds = 0;
  const keys: string[] = [];
  const values: string[] = [];
  for (let start = 0; start < order.length; start += BATCH) {
    const count = Math.min(BATCH, order.length - start);
    for (let i = 0; i < count; i++) {
      keys[i] = keyOf(order[start + i]!);
      values[i] = textOf(order[start + i]!, valueBytes);
    }
    const begin = process.cpuUsage();
    for (let i = 0; i < count; i++) act(keys[i]!, values[i]!);
    const { user, system } = process.cpuUsage(begin);
    microseconds += user + system;
  }
  return (microseconds * 1000) / order.length;
}

export function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[figures.length >> 1]!;
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** RSS after a full collection, if --expose-gc was given. */
export function rssBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function flat(value: string): string {
  return Buffer.from(value, 'latin1').toString('latin1');
}
