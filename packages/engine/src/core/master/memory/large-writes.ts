/**
 * LargeWrites: what large values all shards together may have in logs that are not committed yet.
 *
 * Owns      the bytes taken, and who is next.
 * Does not  say what an operation costs (shard-queue.ts).
 * Invariants
 *   L1  more than `bytes` are taken only by one operation that is larger than that by itself.
 *   L2  shards are served in the order in which they were first refused, so that none of them starves.
 *   L3  only what waits for nothing else takes bytes: whoever has them will be answered and gives them back.
 * Why       Shards have credit of their own, but one node may come to be the primary of all: its heap has to bear the sum.
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

  /** False if it must wait; `writer` is told when to try again, and must then try, or {@link leave}. */
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
