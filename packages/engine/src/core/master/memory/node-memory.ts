/**
 * NodeMemory: the memory limit of the nodes, as the master knows it (messages.ts: memory-limit, usage).
 *
 * Owns      the limit in force, which nodes are at it, which have not confirmed it yet; and which nodes had writes refused
 *           for lack of room, which it reports (notes memory-full, memory-freed).
 * Does not  measure how full a node is: nodes do, and report it (node/memory/usage.ts).
 * Invariants
 *   NM1  a node applies the limit in force before it receives any shard: one that was started with another limit receives it first.
 *   NM2  a change of the limit is answered once: when every node alive at that time has confirmed it or died.
 *   NM3  memory-full and memory-freed alternate for a node. A node at its limit crosses it with every write; so it counts as
 *       freed when it is below the limit by a 32nd of it, the granularity of usage reports.
 */

import { plainResult, Status } from '../../data/result.ts';
import type { NodeId } from '../../protocol/ids.ts';
import type { UsageMessage } from '../../protocol/messages.ts';
import type { MasterOutbox, Sink } from '../../protocol/outbox.ts';
import type { MemoryLimit } from '../../protocol/settings.ts';

/** Of what a node may hold: to refuse a write while less than this is held says that the write is large, not the node full. */
const FULL_PART = 3 / 4;
/** Of the limit, to be given back before a full node is full no more. */
const FREED_PART = 1 / 32;

/** A node reported full, and not reported freed since. */
interface Fullness {
  /** The limit it is full by. */
  readonly revision: number;
  /** The most it has said that it holds. */
  mostBytes: number;
}

/** A change that not every node has confirmed yet. */
interface Change {
  readonly revision: number;
  readonly unheard: Set<NodeId>;
  readonly sink: Sink;
}

export class NodeMemory {
  private readonly outbox: MasterOutbox;
  private readonly full = new Set<NodeId>();
  /** What nodes last said that they hold. */
  private readonly held = new Map<NodeId, number>();
  private readonly told = new Map<NodeId, Fullness>();
  private limitNow: MemoryLimit;
  private revision = 0;
  private changes: Change[] = [];

  /** `limit`: what nodes are started with. */
  constructor({ maxMemoryBytes, eviction }: MemoryLimit, outbox: MasterOutbox) {
    this.limitNow = { maxMemoryBytes, eviction };
    this.outbox = outbox;
  }

  get limit(): MemoryLimit {
    return this.limitNow;
  }

  get evicts(): boolean {
    return this.limitNow.eviction !== 'noeviction';
  }

  isFull(node: NodeId): boolean {
    return this.full.has(node);
  }

  /** Whether writes that need room there are refused: memory-full was reported, memory-freed not yet. */
  isToldFull(node: NodeId): boolean {
    return this.told.has(node);
  }

  /** Who is full stays so until it says otherwise: by the new limit, which it answers at once. */
  setLimit({ maxMemoryBytes, eviction }: MemoryLimit, live: readonly NodeId[], sink: Sink): void {
    this.limitNow = { maxMemoryBytes, eviction };
    this.revision += 1;
    for (const node of live) this.tell(node);
    this.changes.push({ revision: this.revision, unheard: new Set(live), sink });
    this.answerHeard();
  }

  /** NM1 */
  nodeReady(node: NodeId): void {
    if (this.revision > 0) this.tell(node);
  }

  nodeDied(node: NodeId): void {
    this.full.delete(node);
    this.held.delete(node);
    this.tellFreed(node);
    for (const { unheard } of this.changes) unheard.delete(node);
    this.answerHeard();
  }

  /** True if the node has become full, or is so no more. What it says of an earlier limit means nothing. */
  onUsage(node: NodeId, { revision, full, reservedBytes }: UsageMessage): boolean {
    if (revision !== this.revision) return false;
    const changed = this.full.has(node) !== full;
    if (full) this.full.add(node);
    else this.full.delete(node);
    this.held.set(node, reservedBytes);
    if (full && !this.evicts) this.tellFull(node);
    else if (this.isFreed(node, reservedBytes)) this.tellFreed(node);
    return changed;
  }

  /**
   * A primary has refused a write for want of room. It does so before it is at its limit: where what it would have to
   * reserve does not fit. Nodes of its chain that are full are reported already.
   */
  onRefusal(primary: NodeId, chainIsFull: boolean): void {
    const held = this.held.get(primary) ?? 0;
    if (!chainIsFull && held >= this.limitNow.maxMemoryBytes * FULL_PART) this.tellFull(primary);
  }

  private tellFull(node: NodeId): void {
    const reservedBytes = this.held.get(node) ?? 0;
    const told = this.told.get(node);
    const { revision } = this;
    const mostBytes = Math.max(reservedBytes, told?.revision === revision ? told.mostBytes : 0);
    this.told.set(node, { revision, mostBytes });
    const { maxMemoryBytes } = this.limitNow;
    if (told === undefined) this.outbox.note({ type: 'memory-full', node, reservedBytes, maxMemoryBytes });
  }

  /** Of a node that is not at its limit, or may evict. */
  private isFreed(node: NodeId, reservedBytes: number): boolean {
    const told = this.told.get(node);
    if (told === undefined) return false;
    if (told.revision !== this.revision) return true;
    told.mostBytes = Math.max(told.mostBytes, reservedBytes);
    return reservedBytes <= told.mostBytes - this.limitNow.maxMemoryBytes * FREED_PART;
  }

  private tellFreed(node: NodeId): void {
    if (!this.told.delete(node)) return;
    const { maxMemoryBytes } = this.limitNow;
    this.outbox.note({ type: 'memory-freed', node, reservedBytes: this.held.get(node) ?? 0, maxMemoryBytes });
  }

  /** The part of what a node holds that is to be evicted. */
  excessOf({ revision, reservedBytes, excess }: UsageMessage): number {
    return revision === this.revision && excess > 0 ? Math.min(1, excess / reservedBytes) : 0;
  }

  /** Answers who waits for this node only; after its being full or not has had its effect. */
  noteHeard(node: NodeId, { revision }: UsageMessage): void {
    if (this.changes.length === 0) return;
    for (const change of this.changes) if (change.revision <= revision) change.unheard.delete(node);
    this.answerHeard();
  }

  close(): void {
    const { changes } = this;
    this.changes = [];
    for (const { sink } of changes) this.outbox.fail(sink, 'CLOSED', '');
  }

  private tell(node: NodeId): void {
    const { revision, limitNow } = this;
    this.outbox.send(node, { type: 'memory-limit', revision, ...limitNow });
  }

  private answerHeard(): void {
    const heard = this.changes.filter(({ unheard }) => unheard.size === 0);
    if (heard.length === 0) return;
    this.changes = this.changes.filter(({ unheard }) => unheard.size > 0);
    for (const { sink } of heard) this.outbox.reply(sink, plainResult(Status.ok, 0));
  }
}
