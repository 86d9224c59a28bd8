/** A lost shard says so: until it is reset its operations fail with SHARD_LOST, and nothing reads as empty or succeeds. */
import { shardsOf } from '../keys.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function lostShard({ cluster, shards }: World): Checker {
  return {
    name: 'lost-shard',
    settled(call) {
      const isLost = (shard: number): boolean => cluster.master.shards[shard]!.lost;
      const involved = shardsOf(call, shards.length);
      const lost = involved.some(isLost);
      const says = call.code === 'SHARD_LOST' || call.code === 'SHARD_LOST_IN_FLIGHT';
      const asked = `call ${call.index} (${call.operation.verb})`;
      if (lost) check(call.result === null, 'lost-shard', () => `${asked} was answered by lost shard ${call.shard}`);
      else
        check(
          !says || involved.length > 1,
          'lost-shard',
          () => `${asked}: shard ${call.shard} is not lost, and says so`,
        );
    },
    changed({ shard, anew }) {
      check(anew || !shard.lost, 'lost-shard', () => `${shard.name} came back from nothing without a reset`);
    },
    finish() {
      const back = shards.filter(({ lost }) => lost).map(({ shard }) => shard);
      check(back.length === 0, 'lost-shard', () => `shards ${back} were not reset`);
    },
  };
}
