/** Protocol §7.4: a member can send again every record above what the master has accepted: its window has no hole. */

import { windowOf } from '../insides.ts';
import type { Host } from '../observer.ts';
import type { ShardOracle } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker } from './checker.ts';

export function window(): Checker {
  function look(shard: ShardOracle, host: Host): void {
    const copy = host.node?.inspect(shard.shard);
    if (copy === undefined || copy.state.position < 0) return;
    const { lastSeq } = copy.state;
    const { length } = copy.state.window;
    check(lastSeq - length <= shard.committed.seq, 'window', () => {
      return `${shard.where(host)}: ${length} records up to ${lastSeq} do not reach down to ${shard.committed.seq}`;
    });
    if (length > 0 && lastSeq % 8 === 0) checkContiguous(shard, host, lastSeq);
  }

  function checkContiguous(shard: ShardOracle, host: Host, lastSeq: number): void {
    const records = windowOf(host.node!.inspect(shard.shard)!);
    const whole = records.every(({ seq }, at) => seq === lastSeq - records.length + 1 + at);
    check(whole, 'window', () => `${shard.where(host)}: a hole in the window`);
  }

  return { name: 'window', followed: look };
}
