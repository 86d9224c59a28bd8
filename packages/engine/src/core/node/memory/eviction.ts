/**
 * Eviction: how a primary makes room: for a write that needs it, and slice by slice while a node of its chain holds too much.
 *
 * Owns      how much is to go, and whether a write has room.
 * Does not  choose entries (the store samples them), make records (primary.ts) or know when a node is full (memory.ts, usage.ts).
 * Invariant EV1  while records of its own are forbidden (PR3) it removes nothing that no write asks for.
 */
import type { Operation } from '../../data/operation.ts';
import { keyBytesOf } from '../../data/received-put.ts';
import { rowOf } from '../../data/verbs.ts';
import type { NodeContext } from '../context.ts';
import type { CopyState } from '../copy-state.ts';
import { atSoftLimit, overHardLimit } from './memory.ts';

/** Redis's default for maxmemory-samples. */
const EVICTION_SAMPLES = 5;
/** Under pressure a write makes room for so many times its own size, so that the shard shrinks while it is written to. */
const EVICTION_FACTOR = 2;
const EVICTIONS_MAX = 64;
/** Bytes evicted in one slice of shrinking. */
const SHRINK_BYTES = 64 * 1024;
/** Shrinking waits while so many records are not known to be committed: they are on the node's heap. */
const SHRINK_WINDOW = 4096;

/** What makes the records. */
export interface Evictor {
  readonly sealed: boolean;
  evict(key: string): void;
}

export class Eviction {
  private readonly state: CopyState;
  private readonly context: NodeContext;
  private readonly evictor: Evictor;
  /** Bytes to come down to, as a node of the chain holds too much; Infinity = none does. */
  private shrinkTo = Number.POSITIVE_INFINITY;

  constructor(state: CopyState, context: NodeContext, evictor: Evictor) {
    this.state = state;
    this.context = context;
    this.evictor = evictor;
  }

  /** Asks for a part of the shard to be evicted, which {@link shrink} does. */
  evictPart(part: number): void {
    if (part > 0) this.shrinkTo = Math.min(this.shrinkTo, this.state.data.liveBytes * (1 - part));
  }

  /** There is background work until that is done, or taken back. */
  get isWanted(): boolean {
    return this.shrinkTo !== Number.POSITIVE_INFINITY;
  }

  /** Takes that back. */
  keepAll(): void {
    this.shrinkTo = Number.POSITIVE_INFINITY;
  }

  /** One slice of eviction that no write asks for; true if it has removed something, so that more may follow. */
  shrink(): boolean {
    const { state } = this;
    if (!this.isWanted) return false;
    if (this.evictor.sealed || state.window.length >= SHRINK_WINDOW) return false;
    const bytes = state.data.liveBytes - this.shrinkTo;
    if (bytes > 0) return this.evict(Math.min(bytes, SHRINK_BYTES)) > 0;
    this.keepAll();
    return false;
  }

  /** False if an operation must be refused for want of memory. */
  makeRoom(operation: Operation, pressure: boolean): boolean {
    const { context, state } = this;
    if (context.settings.maxMemoryBytes === 0) return true;
    const bytes = rowOf(operation).growth(operation, state.data);
    if (bytes === 0) return true;
    const growth = state.data.growthFor(keyBytesOf(operation), bytes);
    if (!pressure && !atSoftLimit(context, growth)) return true;
    // What is installed was decided with the room known then (transactions.ts): it is never refused.
    const decided = operation.verb === 'install';
    if (context.settings.eviction === 'noeviction') return decided;
    const needed = bytes + keyBytesOf(operation);
    const freed = this.evict(EVICTION_FACTOR * needed);
    // On the way down to a new limit the node is over it whatever this write does.
    if (context.shrinking && freed >= needed) return true;
    return decided || !overHardLimit(context, growth);
  }

  /** Evicts about so many bytes; returns how many. */
  private evict(bytes: number): number {
    const { state, context } = this;
    let freed = 0;
    for (let evictions = 0; freed < bytes && evictions < EVICTIONS_MAX; evictions++) {
      const before = state.data.liveBytes;
      const key = state.data.evictionCandidate(EVICTION_SAMPLES, context.random);
      if (key === undefined) break;
      this.evictor.evict(key);
      freed += before - state.data.liveBytes;
      state.data.reclaim();
    }
    return freed;
  }
}
