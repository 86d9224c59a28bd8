/** Protocol §7.9: the store of a member, and of a learner that ended catch-up, is its log replayed. */

import type { Entry } from '@quintet/engine/internal';
import type { Copy } from '@quintet/engine/machines';
import { learnerStage, storeOf } from '../insides.ts';
import type { Host } from '../observer.ts';
import { type Contents, contentsAt } from '../oracle/log-tree.ts';
import type { ShardOracle } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function storeEqualsLog({ cluster, shards }: World): Checker {
  let turn = 0;

  function compare(shard: ShardOracle, host: Host, copy: Copy): void {
    const head = shard.headOf(host.id);
    const store = storeOf(copy);
    if (head === undefined || store === null || learnerStage(copy) === 'begun') return;
    const wanted = contentsAt(head, shard.committed, shard.contents) ?? contentsAt(head, shard.root, new Map());
    if (wanted === null) return;
    check(store.size === wanted.size, 'store-equals-log', () => {
      return `${shard.where(host)}: ${store.size} entries, ${wanted.size} by its log (to ${head.seq})`;
    });
    for (const [key, entry] of wanted) compareEntry(shard, host, key, { got: store.get(key), wanted: entry });
  }

  function compareEntry(
    shard: ShardOracle,
    host: Host,
    key: string,
    { got, wanted }: { got: Entry | undefined; wanted: Entry },
  ) {
    const { value, kind, version, expiresAt } = wanted;
    const same = got?.value === value && got.kind === kind && got.version === version && got.expiresAt === expiresAt;
    check(same, 'store-equals-log', () => {
      return `${shard.where(host)}: ${key} is ${JSON.stringify(got)}, by its log ${JSON.stringify(wanted)}`;
    });
  }

  function compareAll(shard: ShardOracle): void {
    for (const host of cluster.running) {
      const copy = host.node?.inspect(shard.shard);
      if (copy !== undefined) compare(shard, host, copy);
    }
  }

  return {
    name: 'store-equals-log',
    changed({ shard, after }) {
      // At a join: a learner's mistakes are caught before later writes can paint over them.
      const host = cluster.host(after.chain[after.chain.length - 1]!);
      const copy = host?.node?.inspect(shard.shard);
      if (host !== undefined && copy !== undefined) compare(shard, host, copy);
    },
    sample() {
      turn += 1;
      compareAll(shards[turn % shards.length]!);
    },
    finish() {
      for (const shard of shards) {
        compareAll(shard);
        const wanted: Contents = shard.contents;
        const { chain } = cluster.master.shards[shard.shard]!;
        for (const node of chain) {
          const store = storeOf(cluster.host(node)!.node!.inspect(shard.shard)!);
          check(store?.size === wanted.size, 'store-equals-log', () => `${shard.name}: copies differ at rest`);
        }
      }
    },
  };
}
