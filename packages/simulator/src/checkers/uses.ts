/**
 * Where eviction goes by uses, a read that the master answers from its cache is one: once all is at rest, the primary, which decides
 * what is evicted, knows of it, unless the shard was reconfigured since (what tells it is advice, and may be lost with a tail).
 */
import { storeOf } from '../insides.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

interface Use {
  readonly shard: number;
  readonly key: string;
  readonly version: number;
  readonly epoch: number;
  readonly at: number;
}

export function uses({ cluster, options, shards }: World): Checker {
  /** The last use of each key. */
  const used = new Map<string, Use>();

  function checkUse({ shard, key, version, epoch, at }: Use): void {
    const control = cluster.master.shards[shard]!;
    const host = cluster.host(control.primary);
    if (control.epoch !== epoch || host?.node == null) return;
    const store = storeOf(host.node.inspect(shard)!)!;
    if (store.head(key)?.version !== version) return;
    const idleMs = store.idleMs(key);
    // Marks are in whole ticks.
    const most = host.time - at + options.node.useTickMs;
    check(idleMs <= most, 'uses', () => {
      return `${shards[shard]!.name}: ${key} was read from the cache at ${at}, and counts as idle for ${idleMs} ms at ${host.time}`;
    });
  }

  return {
    name: 'uses',
    known({ shard: { shard }, call: { operation }, result: { version } }) {
      const { memory, shards: controls } = cluster.master;
      if (operation.verb !== 'get' || !memory.evicts) return;
      const { epoch } = controls[shard]!;
      used.set(`${shard}/${operation.key}`, { shard, key: operation.key, version, epoch, at: cluster.now });
    },
    finish() {
      for (const use of used.values()) checkUse(use);
    },
  };
}
