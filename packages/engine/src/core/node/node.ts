/**
 * Node: one incarnation. Dispatches each message to its copy; schedules the copies' background work.
 *
 * Owns      the copies, the node's time and memory budget.
 * Does not  know roles or configurations (copy.ts), threads or clocks (runtime/).
 * Invariants
 *   NO1  time never runs backwards, and is never ahead of the master's (onTime).
 *   NO2  what a turn costs goes by the copies that received something, not by those there are: there may be thousands. All are
 *        visited only when expiry is due.
 */

import type { NodeId, ShardId } from '../protocol/ids.ts';
import { invariant } from '../protocol/invariant.ts';
import type { NodeMachine } from '../protocol/machines.ts';
import type { MemoryLimitMessage, Message } from '../protocol/messages.ts';
import type { NodeOutbox } from '../protocol/outbox.ts';
import type { NodeSettings } from '../protocol/settings.ts';
import { Budget } from '../store/budget.ts';
import { MARK_MASK } from '../store/entry.ts';
import { SlabStore } from '../store/slab-store.ts';
import type { Memory, UseClock } from '../store/store.ts';
import type { NodeContext } from './context.ts';
import { Copy } from './copy.ts';
import { atSoftLimit, overHardLimit } from './memory/memory.ts';
import { Usage } from './memory/usage.ts';

export interface NodeParts {
  readonly id: NodeId;
  readonly settings: NodeSettings;
  readonly memory: Memory;
  readonly outbox: NodeOutbox;
}

/** One line of {@link Node.describeCopies}. */
export interface CopyDescription {
  readonly shard: ShardId;
  readonly role: 'primary' | 'replica' | 'learner' | 'none';
  readonly keys: number;
  /** Of these, how many have a deadline. */
  readonly expiring: number;
  readonly liveBytes: number;
  readonly reservedBytes: number;
  /** Entries removed by expiry and by eviction, as seen by this copy. */
  readonly expired: number;
  readonly evicted: number;
}

export class Node implements NodeMachine {
  readonly id: NodeId;
  private readonly context: NodeContext;
  private readonly usage: Usage;
  private readonly copies = new Map<ShardId, Copy>();
  /** Those that received something in this turn, each once. */
  private received: Copy[] = [];
  /** Those that may have background work, each once. */
  private busy: Copy[] = [];
  private expiredAt = 0;

  constructor({ id, settings, memory, outbox }: NodeParts) {
    this.id = id;
    const budget = new Budget();
    const uses: UseClock = { tick: 0, tickMs: settings.useTickMs };
    const newStore = () => new SlabStore({ budget, memory, hashSeed: settings.hashSeed, clock: uses });
    const random = seededRandom(settings.hashSeed ^ id);
    this.context = { id, settings, outbox, budget, shrinking: false, time: 0, uses, newStore, random };
    this.usage = new Usage(this.context);
  }

  onTime(time: number): void {
    const { context } = this;
    if (time <= context.time) return;
    context.time = time;
    // No bit mask: of short ticks there are more than 2^31.
    context.uses.tick = Math.floor(time / context.uses.tickMs) % (MARK_MASK + 1);
  }

  receive(from: NodeId, message: Message): void {
    switch (message.type) {
      case 'request':
        return this.copyOf(message.shard).onRequest(message);
      case 'record':
      case 'stream-begin':
      case 'stream-slice':
      case 'stream-record':
      case 'stream-end':
        return this.copyOf(message.shard).onCopyMessage(from, message);
      case 'read':
        return this.copyOf(message.shard).onRead(message);
      case 'config':
        return this.copyOf(message.shard).onConfig(message);
      case 'committed':
        return this.copyOf(message.shard).onCommitted(message);
      case 'seal':
        return this.copyOf(message.shard).onCopyMessage(from, message);
      case 'stream-ack':
        return this.copyOf(message.shard).onStreamAck(from, message);
      case 'touched':
        return this.copyOf(message.shard).onTouched(from, message);
      case 'memory-limit':
        return this.onMemoryLimit(message);
      case 'clock':
        return;
      default:
        invariant(false, 'this message is not for a node');
    }
  }

  private onMemoryLimit({ revision, maxMemoryBytes, eviction }: MemoryLimitMessage): void {
    const { context } = this;
    context.settings = { ...context.settings, maxMemoryBytes, eviction };
    this.usage.onLimit(revision);
    for (const copy of this.copies.values()) copy.eviction?.keepAll();
    context.shrinking = eviction !== 'noeviction' && atSoftLimit(context, 0);
  }

  /** One slice for each copy that may have work: streams, expiry, reclaiming; if there is nothing of that, shrinking. */
  work(): boolean {
    const { time, settings } = this.context;
    const expiryIsDue = time - this.expiredAt >= settings.expireEveryMs;
    if (expiryIsDue) for (const copy of this.copies.values()) this.noteBusy(copy);
    const { busy } = this;
    this.busy = [];
    let more = false;
    for (const copy of busy) {
      const waiting = copy.work(expiryIsDue);
      more = waiting || more;
      copy.busy = waiting || copy.eviction?.isWanted === true;
      if (copy.busy) this.busy.push(copy);
    }
    // A round of expiry goes on, slice by slice, until no copy has more to do; the next begins an interval later.
    if (expiryIsDue && !more) this.expiredAt = time;
    // Dead space first: what reclaiming gives back need not be evicted.
    return more || (settings.eviction !== 'noeviction' && this.shrink());
  }

  nextDeadline(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const copy of this.copies.values()) at = Math.min(at, copy.nextExpiry);
    return Math.max(at, this.expiredAt + this.context.settings.expireEveryMs);
  }

  /** One slice of coming down to the limit, from where writes alone would only come as they happen to be made. */
  private shrink(): boolean {
    let more = false;
    for (const copy of this.busy) more = copy.eviction?.shrink() === true || more;
    return more;
  }

  /**
   * Beyond its limit (it was lowered, or copies have come) a node shrinks until it is below the soft one. Of every shard the
   * same part is evicted, else a small one would be emptied before a large one is felt: by the primaries, here and elsewhere.
   */
  private judgeMemory(): void {
    const { context } = this;
    const tooMuch = context.shrinking ? atSoftLimit(context, 0) : overHardLimit(context, 0);
    context.shrinking = tooMuch && context.settings.eviction !== 'noeviction' && this.holdsAnything();
    const excess = this.usage.endTurn();
    if (excess === 0) return;
    for (const copy of this.copies.values()) {
      copy.eviction?.evictPart(excess / context.budget.reserved);
      this.noteBusy(copy);
    }
  }

  private holdsAnything(): boolean {
    for (const { state } of this.copies.values()) if ((state.dataIfAny?.size ?? 0) > 0) return true;
    return false;
  }

  endTurn(): void {
    const { received } = this;
    if (received.length > 0) this.received = [];
    for (const copy of received) {
      copy.received = false;
      copy.endTurn();
    }
    this.judgeMemory();
  }

  /** For status: what this node holds. */
  describeCopies(): CopyDescription[] {
    const held: CopyDescription[] = [];
    for (const [shard, copy] of this.copies) {
      const data = copy.state.dataIfAny;
      if (data === null) continue;
      const { expired, evicted } = copy.state;
      const { size: keys, expiring, liveBytes, reservedBytes } = data;
      held.push({ shard, role: copy.role, keys, expiring, liveBytes, reservedBytes, expired, evicted });
    }
    return held;
  }

  /** Bytes of slabs and indexes now reserved. */
  get reservedBytes(): number {
    return this.context.budget.reserved;
  }

  /** The copy of a shard, for checkers that compare copies; undefined if this node has no state of the shard. */
  inspect(shard: ShardId): Copy | undefined {
    return this.copies.get(shard);
  }

  /** The copy that a message is for. */
  private copyOf(shard: ShardId): Copy {
    let copy = this.copies.get(shard);
    if (copy === undefined) {
      copy = new Copy(shard, this.context);
      this.copies.set(shard, copy);
    }
    if (!copy.received) {
      copy.received = true;
      this.received.push(copy);
    }
    this.noteBusy(copy);
    return copy;
  }

  private noteBusy(copy: Copy): void {
    if (copy.busy) return;
    copy.busy = true;
    this.busy.push(copy);
  }
}

/** mulberry32: enough for sampling, and the same everywhere for one seed. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
