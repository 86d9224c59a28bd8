/**
 * Internals: the few private fields of the core that checkers look at. One file, so that a rename in the core is one edit.
 */

import type { Record as LogRecord, MemoryLimit, Operation } from '@quintet/engine/internal';
import type { Copy, Learner, Master, Node, ShardQueue, SlabStore, StreamSource } from '@quintet/engine/machines';

/** The transaction over several shards whose gather or install this is, as it was submitted; null = of none. */
export function transactionOf(queue: ShardQueue, part: Operation): Operation | null {
  for (const calls of [queue.unanswered, queue.reads]) {
    for (const { operation, group } of calls) {
      if (operation === part) return (group as { operation: Operation } | null)?.operation ?? null;
    }
  }
  return null;
}

/** The memory limit a node works by. */
export function limitOf(node: Node): MemoryLimit {
  return (node as unknown as { context: { settings: MemoryLimit } }).context.settings;
}

/** What the read cache has of a key, whether it may be answered now or not; null = nothing of the shard's present generation. */
export function cachedEntry(
  { cache }: Master,
  key: string,
): { version: number; value: string; expiresAt: number } | null {
  const insides = cache as unknown as {
    cellOf(key: string): number;
    readonly index: { placeAt(cell: number): number };
    readonly ring: {
      versionAt(place: number): number;
      valueAt(place: number): string;
      word(place: number, which: number): number;
    };
    readonly generations: Int32Array;
  };
  const cell = insides.cellOf(key);
  if (cell < 0) return null;
  const place = insides.index.placeAt(cell);
  if (insides.generations[cache.shardAt(place)] !== insides.ring.word(place, GENERATION_WORD)) return null;
  return {
    version: insides.ring.versionAt(place),
    value: insides.ring.valueAt(place),
    expiresAt: cache.expiresAt(place),
  };
}

/** By what nodes know a key that is in the cache. */
export function cachedHash({ cache }: Master, key: string): number {
  const insides = cache as unknown as {
    cellOf(key: string): number;
    readonly index: { placeAt(cell: number): number };
  };
  return cache.hashAt(insides.index.placeAt(insides.cellOf(key)));
}

/** Where an entry of the cache says of which generation it is (cache-ring.ts). */
const GENERATION_WORD = 5;

/** Slots of a shard's order filter that count as held or locked. */
export function heldSlots(queue: ShardQueue): number {
  return (queue as unknown as { filter: { heldTotal: number } }).filter.heldTotal;
}

/** Transactions over several shards the master still has. */
export function openTransactions(master: Master): number {
  return (master as unknown as { transactions: { count: number } }).transactions.count;
}

/** How far a learner is; null for any other role. */
export function learnerStage(copy: Copy): Learner['stage'] | null {
  return (copy as unknown as { learning: Learner | null }).learning?.stage ?? null;
}

/** Whether a copy streams to a learner. */
export function streamOf(copy: Copy): StreamSource | null {
  return (copy as unknown as { stream: StreamSource | null }).stream;
}

export function isSealed(copy: Copy): boolean {
  return (copy as unknown as { primary: { sealed: boolean } }).primary.sealed;
}

export function windowOf(copy: Copy): LogRecord[] {
  return copy.state.window.toArray();
}

/** A copy's store with its audit; null if the copy holds no data. */
export function storeOf(copy: Copy): SlabStore | null {
  return copy.state.dataIfAny as SlabStore | null;
}

/** Bytes of credit a shard has left. */
export function creditBytesLeft(queue: ShardQueue): number {
  return (queue as unknown as { creditBytes: number }).creditBytes;
}

/** What waits for credit in all shards together. */
export function waitingRoomOf(queue: ShardQueue): { operations: number; bytes: number } {
  return (queue as unknown as { room: { operations: number; bytes: number } }).room;
}
