/**
 * A read that the master answers by itself shows exactly what is accepted of its key at this moment, alive, of a shard that is not
 * lost: version, value, kind and deadline. So it is never older than what a watch was told before, which is checked as well: of
 * each key, against the newest change that anybody was told.
 */
import { Status } from '@quintet/engine/internal';
import { isPast } from '../model.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function cachedReads({ cluster, shards }: World): Checker {
  const told = shards.map(() => new Map<string, number>());

  return {
    name: 'cached-reads',
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
