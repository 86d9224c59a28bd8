/**
 * Strict serializability, the half that concerns reads (program-order.ts has the other: in every shard a transaction takes
 * effect in order of arrival): from its gather to its install, or to the moment it is decided, nobody else writes its keys.
 * So what it was evaluated on is what is there when it takes effect, in all its shards at one point (TT4).
 */
import type { SimulatedCall } from '../call.ts';
import { keysOf } from '../keys.ts';
import type { LogEntry } from '../oracle/log-tree.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function isolation({ cluster, shards }: World): Checker {
  function checkPart(gather: SimulatedCall, install: SimulatedCall | undefined): void {
    const { committedLog, name } = shards[gather.shard]!;
    const keys = keysOf(gather.operation);
    const end = install !== undefined && install.seq >= 0 ? install.seq - 1 : gather.seenUntil;
    for (let seq = gather.seq + 1; seq <= end; seq++) {
      const entry = committedLog.get(seq);
      const isTorn = entry !== undefined && entry.record!.request !== 0 && touches(entry, keys);
      check(!isTorn, 'isolation', () => {
        return `${name}: seq ${seq} wrote keys of call ${gather.index}, which had read them at seq ${gather.seq} and holds them to seq ${end}`;
      });
    }
  }

  return {
    name: 'isolation',
    finish() {
      for (const { parts, result } of cluster.calls) {
        const installs = parts.filter(({ operation }) => operation.verb === 'install');
        if (result === null && installs.length === 0) continue;
        for (const part of parts) {
          if (part.operation.verb !== 'gather') continue;
          checkPart(
            part,
            installs.find(({ shard }) => shard === part.shard),
          );
        }
      }
    },
  };
}

function touches({ record }: LogEntry, keys: ReadonlySet<string>): boolean {
  const { effect } = record!;
  if (effect.type === 'clear') return true;
  if (effect.type === 'many') return effect.effects.some(({ key }) => keys.has(key));
  return effect.type !== 'none' && keys.has(effect.key);
}
