/**
 * Protocol §7.3 and §7.7: what was acknowledged is on every node of the master's chain, from its join on; and so, unless
 * faults go beyond what is promised, it is never lost.
 */
import { type NodeId, nodeName } from '@quintet/engine/internal';
import { isPrefix } from '../oracle/log-tree.ts';
import type { ShardOracle } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function inSync({ options, cluster }: World): Checker {
  function holdsCommitted(shard: ShardOracle, node: NodeId): void {
    const head = shard.headOf(node);
    // A copy with a base holds it from its first configuration on (§7.3); before that nothing was acknowledged.
    if (head === undefined && shard.committed === shard.root) return;
    check(head !== undefined && isPrefix(shard.committed, head), 'in-sync', () => {
      const held = head === undefined ? 'nothing' : `a log to ${head.seq}`;
      return `${shard.name}: seq ${shard.committed.seq} was acknowledged, but ${nodeName(node)} holds ${held}`;
    });
  }

  return {
    name: 'in-sync',
    accepted({ shard }) {
      for (const node of shard.configuration.chain) holdsCommitted(shard, node);
    },
    changed({ shard, after, anew }) {
      if (!anew) for (const node of after.chain) holdsCommitted(shard, node);
    },
    lost(shard) {
      check(options.beyond, 'in-sync', () => `${shard.name} was lost though faults stayed within what is promised`);
      for (const node of shard.configuration.chain) {
        check(
          cluster.host(node)?.declared === true,
          'in-sync',
          () => `${shard.name} was lost while ${nodeName(node)} lives`,
        );
      }
    },
  };
}
