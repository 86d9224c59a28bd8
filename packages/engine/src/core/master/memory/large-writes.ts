/**
 * LargeWrites: the bytes of large values that all shards together may have uncommitted in their logs.
 *
 * Owns      the bytes taken, and the order of the shards that wait.
 * Does not  say what an operation costs (shard-queue.ts).
 * Invariants
 *   LW1  more than `bytes` are taken only by one operation that is larger than that by itself.
 *   LW2  shards are served in the order in which they were first refused, so that none starves.
 *   LW3  only an operation that waits for nothing else takes bytes: it will be answered and releases them.
 * Why       Shards have credit of their own, but one node may become the primary of all: its heap has to hold the sum.
 */

/** A shard's queue, as far as it waits here. */
export interface LargeWriter {
  /** There may be bytes for it now. */
  resume(): void;
}

/** Operations that cost less are bounded by their shard's credit alone. */
export const LARGE_BYTES = 64 * 1024;

export class LargeWrites {
  private readonly bytes: number;
  private taken = 0;
  private readonly line: LargeWriter[] = [];

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** False if it must wait; `writer` is notified when to retry, and must then retry, or {@link leave}. */
  take(writer: LargeWriter, bytes: number): boolean {
    const { line } = this;
    const isNext = line.length === 0 || line[0] === writer;
    if (!isNext || (this.taken > 0 && this.taken + bytes > this.bytes)) {
      if (!line.includes(writer)) line.push(writer);
      return false;
    }
    this.taken += bytes;
    if (line.length > 0) {
      line.shift();
      line[0]?.resume();
    }
    return true;
  }

  give(bytes: number): void {
    this.taken -= bytes;
    this.line[0]?.resume();
  }

  /** It wants nothing any more. */
  leave(writer: LargeWriter): void {
    const at = this.line.indexOf(writer);
    if (at < 0) return;
    this.line.splice(at, 1);
    if (at === 0) this.line[0]?.resume();
  }
}
