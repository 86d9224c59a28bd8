/**
 * What the cache has of a key is what is accepted of it, looked at whenever something was: a record of the key, or a value of it.
 *
 * A read that the master answers by itself shows exactly what is accepted of its key at this moment, alive, of a shard that is not
 * lost: version, value, kind and deadline. So it is never older than what a watch was told before, which is checked as well: of
 * each key, against the newest change that anybody was told.
 */
import { Status } from '@quintet/engine/internal';
import { cachedEntry } from '../insides.ts';
import { shardOfKey } from '../keys.ts';
import { isPast } from '../model.ts';
import type { ShardOracle } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function cachedReads({ cluster, shards }: World): Checker {
  const told = shards.map(() => new Map<string, number>());

  function checkEntry(shard: ShardOracle, key: string): void {
    const cached = cachedEntry(cluster.master, key);
    if (cached === null || shardOfKey(key, shards.length) !== shard.shard) return;
    const entry = shard.contents.get(key);
    const same = entry !== undefined && cached.value === entry.value && cached.expiresAt === entry.expiresAt;
    check(same && cached.version === entry.version, 'cached-reads', () => {
      return `${shard.name}: cached of ${key} is ${JSON.stringify(cached)}, accepted is ${JSON.stringify(entry)}`;
    });
  }

  return {
    name: 'cached-reads',
    accepted({ shard, entry }) {
      const { effect } = entry.record!;
      const effects = effect.type === 'many' ? effect.effects : [effect];
      for (const one of effects) if ('key' in one) checkEntry(shard, one.key);
    },
    valued({ shard, read }) {
      if (read.call.operation.verb === 'get') checkEntry(shard, read.call.operation.key);
    },
    watchTold(_watch, changes) {
      for (const { shard, key, version } of changes) {
        const known = told[shard]!;
        known.set(key, Math.max(version, known.get(key) ?? 0));
      }
    },
    known({ shard, call, result }) {
      const { operation } = call;
      const { key } = operation;
      const asked = `${shard.name}: ${operation.verb} ${key}, answered from the cache,`;
      check(!shard.lost, 'cached-reads', () => `${asked} is of a lost shard`);
      const newest = told[shard.shard]!.get(key) ?? 0;
      check(result.version >= newest, 'cached-reads', () => {
        return `${asked} showed seq ${result.version} after a watch was told of seq ${newest}`;
      });
      const entry = shard.contents.get(key);
      check(result.status === Status.ok && entry?.version === result.version, 'cached-reads', () => {
        return `${asked} showed seq ${result.version}, accepted is ${entry === undefined ? 'nothing' : `seq ${entry.version}`}`;
      });
      check(!isPast(entry!.expiresAt, cluster.now), 'cached-reads', () => `${asked} showed an entry past its deadline`);
      const { value, kind, expiresAt } = entry!;
      const wanted = operation.verb === 'stat' ? String(value.length) : value;
      const same = result.value === wanted && result.kind === kind && result.expiresAt === expiresAt;
      check(
        same,
        'cached-reads',
        () => `${asked} showed ${JSON.stringify(result)}, accepted is ${JSON.stringify(entry)}`,
      );
    },
  };
}
