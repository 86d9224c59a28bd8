/**
 * The mixes of operations that tests and benchmarks draw from.
 */

import type { Operation } from '../../src/operation.ts';
import type { Prng } from '../../src/prng.ts';
import { timeToLive, type Workload } from './honest-store.ts';

/** Puts of unique values and gets: the fast path's ground. */
export function registerMix(prng: Prng, serial: number): Operation {
  return prng.chance(0.5) ? { kind: 'put', value: `value-${serial}` } : { kind: 'get' };
}

/** Compare-and-set on the last version seen, increments, some gets: every operation counts. */
export function contendedMix(prng: Prng, _serial: number, lastVersion: number): Operation {
  const roll = prng.below(10);
  if (roll < 4) return { kind: 'put', value: String(prng.below(1000)), ifVersion: lastVersion };
  if (roll < 8) return { kind: 'increment', by: 1 };
  return { kind: 'get' };
}

/** Everything, with few values so that they repeat, and short lives. */
export function wildMix(prng: Prng, _serial: number, lastVersion: number): Operation {
  const value = prng.pick(['a', 'b', '1']);
  const ifVersion = prng.chance(0.7) ? lastVersion : 1 + prng.below(6);
  const draws: (() => Operation)[] = [
    () => ({ kind: 'get' }),
    () => ({ kind: 'get' }),
    () => ({ kind: 'put', value }),
    () => ({ kind: 'put', value, expiry: timeToLive(prng.below(20)) }),
    () => ({ kind: 'put', value, ifAbsent: true }),
    () => ({ kind: 'put', value, ifPresent: true }),
    () => ({ kind: 'put', value, ifVersion }),
    () => ({ kind: 'delete' }),
    () => ({ kind: 'delete', ifVersion }),
    () => ({ kind: 'increment', by: 1 }),
    () => ({ kind: 'append', suffix: prng.pick(['x', '1']) }),
    () => ({ kind: 'getAndPut', value }),
    () => ({ kind: 'getAndDelete' }),
    () => ({ kind: 'delete', ifValue: value }),
    () => ({ kind: 'increment', by: 1, expiry: timeToLive(prng.below(20)), onlyIfNew: prng.chance(0.7) }),
    () => ({ kind: 'getAndExpire', ...(prng.chance(0.6) ? { expiry: timeToLive(prng.below(20)) } : {}) }),
    () => ({ kind: 'expire', expiry: timeToLive(prng.below(20)) }),
  ];
  return prng.pick(draws)();
}

/** What a chaos run does to one key: unique values, conditions, counters that are put back, deletes, expiry. */
export function chaosMix(prng: Prng, serial: number, lastVersion: number): Operation {
  const value = `value-${serial}`;
  const roll = prng.below(100);
  if (roll < 40) return { kind: 'get' };
  if (roll < 60) return { kind: 'put', value };
  if (roll < 70) return { kind: 'put', value, ifVersion: lastVersion };
  if (roll < 75) return { kind: 'put', value, ifAbsent: true };
  if (roll < 80) return { kind: 'put', value, expiry: timeToLive(50 + prng.below(50)) };
  if (roll < 88) return { kind: 'delete' };
  if (roll < 94) return { kind: 'getAndPut', value };
  return { kind: 'append', suffix: '+' };
}

/** Eight clients on one key. */
export const CONTENDED: Workload = { clients: 8, operations: 10_000, draw: contendedMix, unknown: 0.01, versions: 1 };
