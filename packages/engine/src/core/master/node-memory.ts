/**
 * NodeMemory: what all nodes may hold, as the master knows it (messages.ts: memory-limit, usage).
 *
 * Owns      the limit in force, which nodes are at it, and which have yet to say that they work by it.
 * Does not  judge how full a node is: nodes do, and say so (node/usage.ts).
 * Invariants
 *   N1  a node works by the limit in force before it hears of any shard: one that was started with another hears it first.
 *   N2  who changed the limit is answered once: when every node that lived then has said that it works by it, or is dead.
 */
import type { NodeId } from '../ids.ts';
import type { UsageMessage } from '../messages.ts';
import type { MasterOutbox, Sink } from '../outbox.ts';
import { plainResult, Status } from '../result.ts';
import type { MemoryLimit } from '../settings.ts';

/** A change not every node has heard of yet. */
interface Change {
  readonly revision: number;
  readonly unheard: Set<NodeId>;
  readonly sink: Sink;
}

export class NodeMemory {
  private readonly outbox: MasterOutbox;
  private readonly full = new Set<NodeId>();
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

  /** Who is full stays so until it says otherwise: by the new limit, which it answers at once. */
  setLimit({ maxMemoryBytes, eviction }: MemoryLimit, live: readonly NodeId[], sink: Sink): void {
    this.limitNow = { maxMemoryBytes, eviction };
    this.revision += 1;
    for (const node of live) this.tell(node);
    this.changes.push({ revision: this.revision, unheard: new Set(live), sink });
    this.answerHeard();
  }

  /** N1 */
  nodeReady(node: NodeId): void {
    if (this.revision > 0) this.tell(node);
  }

  nodeDied(node: NodeId): void {
    this.full.delete(node);
    for (const { unheard } of this.changes) unheard.delete(node);
    this.answerHeard();
  }

  /** True if the node has become full, or is so no more. What it says of an earlier limit means nothing. */
  onUsage(node: NodeId, { revision, full }: UsageMessage): boolean {
    if (revision !== this.revision) return false;
    const changed = this.full.has(node) !== full;
    if (full) this.full.add(node);
    else this.full.delete(node);
    return changed;
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
