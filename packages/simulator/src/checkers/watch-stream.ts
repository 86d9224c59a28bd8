/**
 * A watch is told the committed log of its keys: from where it began or resumed, each change once, in order of seq within
 * a shard, committed before it is told. One that left or was ended was told a beginning of that; one that came back goes on
 * from there. Nobody watches on over the loss of a shard.
 */
import { type ManyEffect, type PatchEffect, textOf } from '@quintet/engine/internal';
import type { LogEntry } from '../oracle/log-tree.ts';
import { check } from '../violation.ts';
import type { Change, SimulatedWatch, WatchFilter } from '../watch.ts';
import type { Checker, World } from './checker.ts';

/** What a change says, but for its mark and what was there before. */
type Told = Pick<Change, 'type' | 'key' | 'value' | 'kind' | 'expiresAt' | 'version'>;

export function watchStream({ cluster, shards }: World): Checker {
  function checkShard(watch: SimulatedWatch, shard: number, from: number): void {
    const { committedLog, committed, name } = shards[shard]!;
    const wanted: Told[] = [];
    for (let seq = from + 1; seq <= committed.seq; seq++) {
      const entry = committedLog.get(seq);
      if (entry !== undefined) wanted.push(...changesIn(entry, watch.filter));
    }
    const heard = watch.heard.flat().filter((change) => change.shard === shard);
    for (const [at, change] of heard.entries()) {
      const want = wanted[at];
      check(want !== undefined && isSame(change, want), 'watch-stream', () => {
        return `${watch.name}, from seq ${from} of ${name}: told ${JSON.stringify(change)}, committed ${JSON.stringify(want)}`;
      });
    }
    for (const place of watch.passed) {
      if (place.shard !== shard) continue;
      const skipped = wanted[place.heard];
      check(skipped === undefined || skipped.version > place.seq, 'watch-stream', () => {
        return `${watch.name} of ${name}: was told to be at seq ${place.seq} before ${JSON.stringify(skipped)}`;
      });
    }
    const next = wanted[heard.length];
    check(next === undefined || watch.stage !== 'started', 'watch-stream', () => {
      return `${watch.name}, from seq ${from} of ${name}: was not told ${JSON.stringify(next)}`;
    });
  }

  return {
    name: 'watch-stream',
    watchTold(watch, changes) {
      check(watch.stage === 'started', 'watch-stream', () => `${watch.name} is ${watch.stage}, and was told something`);
      for (const { shard, version, key } of changes) {
        const { committedSeq } = cluster.master.shards[shard]!;
        check(version <= committedSeq, 'watch-stream', () => {
          return `${watch.name} was told of ${key}, seq ${version} of shard ${shard}, committed is ${committedSeq}`;
        });
      }
    },
    lost({ shard, name }) {
      const deaf = cluster.watches.find(({ stage, begins }) => stage === 'started' && begins.has(shard));
      check(deaf === undefined, 'watch-stream', () => `${deaf!.name} was not told of the loss of ${name}`);
    },
    finish() {
      for (const watch of cluster.watches) {
        check(watch.stage !== 'starting', 'watch-stream', () => `${watch.name} never started`);
        for (const [shard, from] of watch.begins) checkShard(watch, shard, from);
      }
    },
  };
}

function changesIn({ seq: version, record }: LogEntry, filter: WatchFilter): Told[] {
  const { effect } = record!;
  if (effect.type === 'none') return [];
  const plain = { value: '', kind: 0, expiresAt: 0, version } as const;
  if (effect.type === 'clear') return [{ type: 'clear', key: '', ...plain }];
  const parts: readonly Part[] = effect.type === 'many' ? effect.effects : [effect];
  return parts.filter(({ key }) => matches(filter, key)).map((part) => toldOf(part, plain));
}

type Part = ManyEffect['effects'][number] | PatchEffect;

function toldOf(part: Part, plain: Omit<Told, 'type' | 'key'>): Told {
  if (part.type === 'remove') return { type: part.cause, key: part.key, ...plain };
  // A watched record tells a new deadline or bytes with the value: this one can equal nothing that is told.
  if (part.type === 'deadline' || part.type === 'patch')
    return { type: 'put', key: part.key, ...plain, value: '(not marked as watched)' };
  const { key, value, kind, expiresAt } = part;
  return { type: 'put', key, value: textOf(value), kind, expiresAt, version: plain.version };
}

function matches({ text, shard }: WatchFilter, key: string): boolean {
  return shard === null ? key.startsWith(text) : key === text;
}

function isSame(one: Told, other: Told): boolean {
  const same = one.type === other.type && one.key === other.key && one.version === other.version;
  return same && one.value === other.value && one.kind === other.kind && one.expiresAt === other.expiresAt;
}
