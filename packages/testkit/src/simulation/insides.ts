/**
 * Insides: the few private fields of the core that checkers look at. One file, so that a rename in the core is one edit.
 */
import type { Copy, Learner, Record as LogRecord, ShardQueue, SlabStore, StreamSource } from '@quintet/engine/core';

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
