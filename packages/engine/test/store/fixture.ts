/** What the store's tests share: a store with its budget, seeded chance, and everything a walk shows. */
import { type Budget, createBudget } from '../../src/core/store/budget.ts';
import { SlabStore } from '../../src/core/store/slab-store.ts';
import type { UseClock, WalkedEntry } from '../../src/core/store/store.ts';
import { BufferMemory } from '../../src/runtime/memory/buffer-memory.ts';

export const SEED = 0x1_2345_6789_abc;

export function newStore(budget: Budget = createBudget(), hashSeed = SEED, clock: UseClock = newClock()): SlabStore {
  return new SlabStore({ memory: new BufferMemory(), budget, hashSeed, clock });
}

export function newClock(): UseClock {
  return { tick: 0, tickMs: 1000 };
}

/** A store, and the clock its uses are marked by. */
export function storeAndClock(): { store: SlabStore; clock: UseClock } {
  const clock = newClock();
  return { store: newStore(createBudget(), SEED, clock), clock };
}

/** Numbers 0 <= n < 1 that follow from the seed. */
export function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every entry, page by page; `between` runs after each page. */
export function walkAll(store: SlabStore, limit: number, between: () => void = () => {}): WalkedEntry[] {
  const entries: WalkedEntry[] = [];
  for (let cursor = 0; cursor >= 0; between()) {
    cursor = store.walk(cursor, limit, Number.POSITIVE_INFINITY, false, (entry) => entries.push({ ...entry }));
  }
  return entries;
}

/** Two keys with the same hash, by trying. */
export function collidingKeys(store: SlabStore): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const key = `c${i}`;
    const hash = store.hashOf(key);
    const other = seen.get(hash);
    if (other !== undefined) return [other, key];
    seen.set(hash, key);
  }
}
