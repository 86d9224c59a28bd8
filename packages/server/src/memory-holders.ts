/**
 * MemoryHolders: who holds memory for clients, RESP, HTTP and gRPC connections alike, and who goes when it is too much.
 *
 * Owns      the list, and the choice.
 * Why       Each connection has limits of its own, but ten thousand of them at their limit are more than any machine has.
 */
import type { CutOffReason } from './incidents.ts';

/** A connection that keeps bytes for its client: unread requests, requests under way, unsent replies. */
export interface MemoryHolder {
  readonly heldBytes: number;
  /** Asked to go last (CLIENT NO-EVICT). */
  readonly noEvict: boolean;
  cutOff(reason: CutOffReason): void;
}

export class MemoryHolders {
  private readonly holders = new Set<MemoryHolder>();

  add(holder: MemoryHolder): void {
    this.holders.add(holder);
  }

  remove(holder: MemoryHolder): void {
    this.holders.delete(holder);
  }

  /** What all hold together. */
  get bytes(): number {
    let total = 0;
    for (const { heldBytes } of this.holders) total += heldBytes;
    return total;
  }

  /** Cuts off the largest until all together hold at most `limit` bytes; how many that were. */
  shed(limit: number): number {
    let total = this.bytes;
    if (total <= limit) return 0;
    const sizes = [...this.holders].map((holder) => ({ holder, bytes: holder.heldBytes }));
    sizes.sort((one, other) => Number(one.holder.noEvict) - Number(other.holder.noEvict) || other.bytes - one.bytes);
    let count = 0;
    for (const { holder, bytes } of sizes) {
      if (total <= limit) break;
      total -= bytes;
      count++;
      holder.cutOff('client-memory');
    }
    return count;
  }
}
