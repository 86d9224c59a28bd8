/**
 * LimitChanges: an operator who changes the memory limit while a run goes on: to none, to one that some copies fit in, to one
 * that nothing does.
 *
 * Owns      when it is changed, and to what.
 * Does not  carry it out (cluster.ts), or see to it that it is obeyed (checkers/memory-limit.ts).
 */
import { DEFAULT_MASTER_SETTINGS } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import type { Action } from './event.ts';
import type { Options } from './options.ts';

export class LimitChanges {
  private readonly options: Options;
  private readonly prng: Prng;

  constructor(options: Options, prng: Prng) {
    this.options = options;
    this.prng = prng;
  }

  /** Once a step: perhaps a change. */
  next(): Action | null {
    const { prng } = this;
    const { chance, evicts } = this.options.limits;
    if (chance === 0 || !prng.chance(chance)) return null;
    const { nodes, shards, replicas } = this.options.master;
    const copies = Math.ceil((shards * (replicas + 1)) / nodes);
    const maxMemoryBytes = prng.pick([0, 0, 1, copies * (3_000 + prng.below(15_000))]);
    const eviction = evicts && prng.chance(0.5) ? 'allkeys-lru' : 'noeviction';
    const creditBytes = prng.chance(0.3) ? 1 + prng.below(400) : DEFAULT_MASTER_SETTINGS.creditBytes;
    const blockCreditBytes = creditBytes; // No values are blocks here.
    return { type: 'memory-limit', limit: { maxMemoryBytes, eviction, creditBytes, blockCreditBytes } };
  }
}
