/**
 * Where eviction goes by uses, a read that the master answers from its cache is one. The tail is told of it; and once all is at rest
 * the primary, which decides what is evicted, knows of it too, unless the shard was reconfigured since (what tells it is advice, and
 * may be lost with a node).
 */
import { MASTER } from '@quintet/engine/internal';
import { cachedHash, storeOf } from '../insides.ts';
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
  /** By shard: hashes of keys that were used and that no tail was told of since. */
  const untold = shards.map(() => new Map<number, string>());

  function checkUse({ shard, key, version, epoch, at }: Use): void {
    const control = cluster.master.shards[shard]!;
    const host = cluster.host(control.primary);
    if (control.epoch !== epoch || host?.node == null) return;
    const store = storeOf(host.node.inspect(shard)!)!;
    if (store.head(key)?.version !== version) return;
    const idleMs = store.idleMs(key);
    // Marks are in whole ticks, of the time of the node, which may not have reached that of the read yet.
    const most = Math.max(0, host.time - at) + options.node.useTickMs;
    check(idleMs <= most, 'uses', () => {
      return `${shards[shard]!.name}: ${key} was read from the cache at ${at}, and counts as idle for ${idleMs} ms at ${host.time}`;
    });
  }

  return {
    name: 'uses',
    known({ shard: { shard }, call: { operation }, result: { version } }) {
      const { memory, shards: controls } = cluster.master;
      const { key } = operation;
      if (operation.verb !== 'get' || !memory.evicts) return;
      const { epoch } = controls[shard]!;
      used.set(`${shard}/${key}`, { shard, key, version, epoch, at: cluster.now });
      untold[shard]!.set(cachedHash(cluster.master, key), key);
    },
    sent(from, to, message) {
      if (from !== MASTER || message.type !== 'touched') return;
      const { name, configuration } = shards[message.shard]!;
      check(to === configuration.chain.at(-1), 'uses', () => `${name}: uses were told a node that is not its tail`);
      for (const hash of message.hashes) untold[message.shard]!.delete(hash);
    },
    lost({ shard }) {
      untold[shard]!.clear();
    },
    finish() {
      for (const use of used.values()) checkUse(use);
      // While nothing is evicted nobody needs to be told.
      if (!cluster.master.memory.evicts) return;
      for (const [shard, keys] of untold.entries()) {
        const [key] = keys.values();
        check(
          key === undefined,
          'uses',
          () => `${shards[shard]!.name}: no tail was told that ${key} was read from the cache`,
        );
      }
    },
  };
}
