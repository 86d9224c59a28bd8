/** At rest no transaction is left, and nothing in any shard is locked or held: nobody waits for ever. */
import { heldSlots, openTransactions } from '../insides.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function locks({ cluster }: World): Checker {
  return {
    name: 'locks',
    finish() {
      const open = openTransactions(cluster.master);
      check(open === 0, 'locks', () => `at rest, ${open} transactions are left`);
      for (const { shard, queue } of cluster.master.shards) {
        const held = heldSlots(queue);
        check(held === 0, 'locks', () => `shard ${shard}: at rest, ${held} slots are locked or held`);
      }
    },
  };
}
