/** Protocol §7.10: a version, and a request number, is given once in the life of a shard, resets included. */
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function versions({ shards }: World): Checker {
  const highest = shards.map(() => 0);
  return {
    name: 'versions',
    accepted({ shard, entry }) {
      highest[shard.shard] = entry.seq;
    },
    changed({ shard, anew }) {
      if (!anew) return;
      const { seq, lastRequest } = shard.root;
      check(seq >= highest[shard.shard]!, 'versions', () => {
        return `${shard.name} begins anew at seq ${seq}; ${highest[shard.shard]} was given before`;
      });
      const requests = Math.max(0, ...shard.requests.keys());
      check(
        lastRequest >= requests,
        'versions',
        () => `${shard.name} begins anew at request ${lastRequest} of ${requests}`,
      );
    },
  };
}
