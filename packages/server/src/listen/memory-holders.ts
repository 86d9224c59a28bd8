/**
 * MemoryHolders: who holds memory for clients, RESP, HTTP and gRPC connections alike, and who goes when it is too much.
 *
 * Owns      the list, and the choice.
 * Why       Each connection has limits of its own, but ten thousand of them at their limit are more than any machine has.
 */
import type { CutOffReason } from './incidents.ts';

/** A connection that keeps bytes for its client: unread requests, requests in flight, unsent replies. */
export interface MemoryHolder {
  readonly heldBytes: number;
  /** Asked to go last (CLIENT NO-EVICT). */
  readonly noEvict: boolean;
  /** Has not given the password that is needed: goes first. */
  readonly isStranger: boolean;
  /** To hold as little as it can, at once: `heldBytes` says what is left, unless it has left the list. */
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

  /** Cuts off the largest, strangers first, until all together hold at most `limit` bytes; how many gave something. */
  shed(limit: number): number {
    let total = this.bytes;
    if (total <= limit) return 0;
    const sizes = [...this.holders].map((holder) => ({ holder, bytes: holder.heldBytes }));
    sizes.sort((one, other) => rank(one.holder) - rank(other.holder) || other.bytes - one.bytes);
    let count = 0;
    for (const { holder, bytes } of sizes) {
      if (total <= limit) break;
      // Its end would help nobody.
      if (bytes === 0) continue;
      holder.cutOff('client-memory');
      const given = bytes - (this.holders.has(holder) ? holder.heldBytes : 0);
      total -= given;
      if (given > 0) count++;
    }
    return count;
  }
}

/** Who goes before whom. */
function rank({ isStranger, noEvict }: MemoryHolder): number {
  if (isStranger) return 0;
  return noEvict ? 2 : 1;
}
