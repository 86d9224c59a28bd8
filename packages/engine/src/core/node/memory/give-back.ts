/**
 * GiveBack: when a node should have its garbage collected, so that unused memory returns to the system.
 *
 * Owns      how much the node has released since the last collection.
 * Does not  collect, or read a clock.
 * Invariants
 *   GB1  a collection is due only after the node released `GIVE_BACK_BYTES`, and at most once in `COLLECT_EVERY_MS`.
 *   GB2  a node that comes to rest collects AT_REST times more: what was still being read at the last collection, and the room
 *       its heap keeps for more, which it releases only after a while without work.
 * Why at all: the memory of a large value may still be read by others when its entry goes, so it is left to the collector,
 * which hardly runs while the heap is quiet.
 */
const GIVE_BACK_BYTES = 4 * 1024 * 1024;
const COLLECT_EVERY_MS = 1000;
const AT_REST = 2;

export class GiveBack {
  private most = 0;
  private collectedAt = Number.NEGATIVE_INFINITY;
  private left = 0;

  /** `reserved`: bytes of the node's stores now. True if a collection is due, which counts as done. */
  due(now: number, reserved: number): boolean {
    this.most = Math.max(this.most, reserved);
    if (this.most - reserved < GIVE_BACK_BYTES || now - this.collectedAt < COLLECT_EVERY_MS) return false;
    this.collectedAt = now;
    this.most = reserved;
    this.left = AT_REST;
    return true;
  }

  /** The same of a node that has nothing to do. */
  dueAtRest(reserved: number): boolean {
    if (this.most - reserved >= GIVE_BACK_BYTES) this.left = AT_REST;
    this.most = reserved;
    if (this.left === 0) return false;
    this.left -= 1;
    return true;
  }
}
