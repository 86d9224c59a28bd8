/**
 * Usage: a node's report to the master about its memory, so that no primary elsewhere grows a shard that this node could not
 * hold a copy of. Advice: sent when it changes enough to matter, may be lost. Also sent once after every change of the limit,
 * which confirms it to the master, and repeatedly while the node shrinks: other primaries must evict what it holds
 * as a replica.
 */
import { MASTER } from '../../protocol/ids.ts';
import type { NodeContext } from '../context.ts';
import { atSoftLimit, excessOf } from './memory.ts';

/** Minimum time without progress before further eviction is requested. */
const PATIENCE_MS = 200;

export class Usage {
  private readonly context: NodeContext;
  private saidBytes = 0;
  private saidFull = false;
  private revision = 0;
  private saidRevision = 0;
  /** While the node shrinks: the least it has held, and how long it is given to hold less. */
  private leastBytes = Number.POSITIVE_INFINITY;
  private patientUntil = 0;

  constructor(context: NodeContext) {
    this.context = context;
  }

  /** The limit has changed. */
  onLimit(revision: number): void {
    this.revision = revision;
    this.leastBytes = Number.POSITIVE_INFINITY;
  }

  /** Answers how many bytes are to be evicted from now on of all that the node holds: mostly 0. */
  endTurn(): number {
    const { revision } = this;
    const limit = this.context.settings.maxMemoryBytes;
    const isHeard = revision === this.saidRevision;
    if (isHeard && limit === 0) return 0;
    const reservedBytes = this.context.budget.reserved;
    const full = atSoftLimit(this.context, 0);
    const excess = this.excessToAskFor();
    if (isHeard && excess === 0 && full === this.saidFull && Math.abs(reservedBytes - this.saidBytes) < limit / 32)
      return 0;
    this.saidFull = full;
    this.saidBytes = reservedBytes;
    this.saidRevision = revision;
    this.context.outbox.send(MASTER, { type: 'usage', revision, reservedBytes, full, excess });
    return excess;
  }

  /** 0 while the node does not shrink, or shrinks by what was already requested. */
  private excessToAskFor(): number {
    const { context, leastBytes } = this;
    const { reserved } = context.budget;
    if (!context.shrinking) {
      this.leastBytes = Number.POSITIVE_INFINITY;
      return 0;
    }
    const begins = leastBytes === Number.POSITIVE_INFINITY;
    const hasBecomeLess = reserved < leastBytes;
    if (!hasBecomeLess && context.time < this.patientUntil) return 0;
    this.leastBytes = reserved;
    this.patientUntil = context.time + PATIENCE_MS;
    return hasBecomeLess && !begins ? 0 : excessOf(context);
  }
}
