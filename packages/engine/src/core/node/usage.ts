/**
 * Usage: what a node tells the master about its memory, so that no primary elsewhere grows a shard this node could not
 * hold a copy of. Advice: said when it changes enough to matter, lost without harm.
 */
import { MASTER } from '../ids.ts';
import type { NodeContext } from './context.ts';
import { atSoftLimit } from './memory.ts';

export class Usage {
  private readonly context: NodeContext;
  private saidBytes = 0;
  private saidFull = false;

  constructor(context: NodeContext) {
    this.context = context;
  }

  endTurn(): void {
    const limit = this.context.settings.maxMemoryBytes;
    if (limit === 0) return;
    const reservedBytes = this.context.budget.reserved;
    const full = atSoftLimit(this.context, 0);
    if (full === this.saidFull && Math.abs(reservedBytes - this.saidBytes) < limit / 32) return;
    this.saidFull = full;
    this.saidBytes = reservedBytes;
    this.context.outbox.send(MASTER, { type: 'usage', reservedBytes, full });
  }
}
