/**
 * Budget: how much memory all the copies of one node have allocated.
 *
 * Owns      one number.
 * Does not  know the limit, or refuse anything: the primary checks (growthFor) before it grows; a replica must apply what it receives.
 * Invariants
 *   BU1  reserved = the sum of reservedBytes over the stores that share it, after every call of a store.
 */
import { invariant } from '../protocol/invariant.ts';
import type { MemoryBudget } from './store.ts';

export class Budget implements MemoryBudget {
  #reserved = 0;

  get reserved(): number {
    return this.#reserved;
  }

  /** Called by stores only: `bytes` more (or, negative, fewer) are allocated. */
  charge(bytes: number): void {
    this.#reserved += bytes;
    invariant(this.#reserved >= 0, 'a budget was given back more than it gave');
  }
}

/** What one store has allocated; every allocation and release of its parts goes through here, and so to the budget. */
export class Ledger {
  readonly #budget: Budget;
  #reserved = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get reserved(): number {
    return this.#reserved;
  }

  charge(bytes: number): void {
    this.#reserved += bytes;
    this.#budget.charge(bytes);
  }
}

/** A node's budget. */
export function createBudget(): Budget {
  return new Budget();
}
