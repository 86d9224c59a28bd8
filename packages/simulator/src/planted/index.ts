/** All planted bugs. */
import { CATCH_UP_BUGS } from './of-catch-up.ts';
import { HANG_BUGS } from './of-hangs.ts';
import { ORDER_BUGS } from './of-order.ts';
import { RECOVERY_BUGS } from './of-recovery.ts';
import { CACHE_BUGS } from './of-the-cache.ts';
import { CHAIN_BUGS } from './of-the-chain.ts';
import { TIME_AND_MEMORY_BUGS } from './of-time-and-memory.ts';
import { TRANSACTION_BUGS } from './of-transactions.ts';
import { WATCH_BUGS } from './of-watches.ts';
import type { PlantedBug } from './planted-bug.ts';

export { Patch, type PlantedBug, withBug } from './planted-bug.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...RECOVERY_BUGS,
  ...CHAIN_BUGS,
  ...CATCH_UP_BUGS,
  ...HANG_BUGS,
  ...ORDER_BUGS,
  ...CACHE_BUGS,
  ...TIME_AND_MEMORY_BUGS,
  ...TRANSACTION_BUGS,
  ...WATCH_BUGS,
];

export function bugNamed(name: string): PlantedBug {
  const bug = PLANTED_BUGS.find((planted) => planted.name === name);
  if (bug === undefined) throw new Error(`no planted bug is called ${name}`);
  return bug;
}
