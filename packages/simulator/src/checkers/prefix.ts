/**
 * Protocol §7.2: a member's log is a prefix of its predecessor's, a learner's of its source's. Which says that no two
 * members hold different records of one seq.
 */
import { NOBODY, type NodeId, nodeName } from '@quintet/engine/internal';
import { isPrefix } from '../oracle/log-tree.ts';
import type { ShardOracle } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function prefix({ cluster }: World): Checker {
  function compare(shard: ShardOracle, before: NodeId, after: NodeId): void {
    const longer = shard.headOf(before);
    const shorter = shard.headOf(after);
    if (longer === undefined || shorter === undefined) return;
    check(isPrefix(shorter, longer), 'prefix', () => {
      const [last, own] = [longer.seq, shorter.seq];
      return `${shard.name}: the log of ${nodeName(after)} (to ${own}) is no prefix of ${nodeName(before)}'s (to ${last})`;
    });
  }

  function compareLearner(shard: ShardOracle): void {
    const { chain, learner, since } = shard.configuration;
    if (learner === NOBODY || cluster.host(learner)?.node?.inspect(shard.shard)?.state.since !== since) return;
    compare(shard, chain[chain.length - 1]!, learner);
  }

  function compareAll(shard: ShardOracle): void {
    const { chain } = shard.configuration;
    for (let at = 1; at < chain.length; at++) compare(shard, chain[at - 1]!, chain[at]!);
    compareLearner(shard);
  }

  return {
    name: 'prefix',
    followed(shard, { id }) {
      const { chain, learner } = shard.configuration;
      const at = chain.indexOf(id);
      if (at > 0) compare(shard, chain[at - 1]!, id);
      if (at >= 0 && at < chain.length - 1) compare(shard, id, chain[at + 1]!);
      if (id === learner || at === chain.length - 1) compareLearner(shard);
    },
    changed({ shard }) {
      compareAll(shard);
    },
  };
}
