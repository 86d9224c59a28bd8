/**
 * Usage: what a node tells the master about its memory, so that no primary elsewhere grows a shard this node could not
 * hold a copy of. Advice: said when it changes enough to matter, lost without harm. And once after every change of the limit:
 * that tells the master that the node works by it.
 */
import { MASTER } from '../ids.ts';
import type { NodeContext } from './context.ts';
import { atSoftLimit } from './memory.ts';

export class Usage {
  private readonly context: NodeContext;
  private saidBytes = 0;
  private saidFull = false;
  private revision = 0;
  private saidRevision = 0;

  constructor(context: NodeContext) {
    this.context = context;
  }

  /** The limit has changed. */
  onLimit(revision: number): void {
    this.revision = revision;
  }

  endTurn(): void {
    const { revision } = this;
    const limit = this.context.settings.maxMemoryBytes;
    const isHeard = revision === this.saidRevision;
    if (isHeard && limit === 0) return;
    const reservedBytes = this.context.budget.reserved;
    const full = atSoftLimit(this.context, 0);
    if (isHeard && full === this.saidFull && Math.abs(reservedBytes - this.saidBytes) < limit / 32) return;
    this.saidFull = full;
    this.saidBytes = reservedBytes;
    this.saidRevision = revision;
    this.context.outbox.send(MASTER, { type: 'usage', revision, reservedBytes, full });
  }
}
