/**
 * Protocol §7.5 and §7.7: accepted answers are seq 1, 2, 3 …, each says what its record says, and every member holds that
 * very record.
 */
import { nodeName } from '@quintet/engine/internal';
import { ancestorAt, sameResult } from '../oracle/log-tree.ts';
import { check } from '../violation.ts';
import type { Checker } from './checker.ts';

export function acceptedAnswers(): Checker {
  const last = new Map<number, number>();
  return {
    name: 'accepted-answers',
    changed({ shard, anew }) {
      if (anew) last.set(shard.shard, shard.root.seq);
    },
    accepted({ shard, answer, entry }) {
      const before = last.get(shard.shard) ?? 0;
      last.set(shard.shard, answer.seq);
      check(
        answer.seq === before + 1,
        'accepted-answers',
        () => `${shard.name}: seq ${answer.seq} accepted after ${before}`,
      );
      const record = entry.record!;
      const same = record.request === answer.request && sameResult(record.result, answer.result);
      check(
        same,
        'accepted-answers',
        () => `${shard.name}: the answer to seq ${answer.seq} is not what its record says`,
      );
      for (const node of shard.configuration.chain) {
        check(ancestorAt(shard.headOf(node), entry.seq) === entry, 'accepted-answers', () => {
          return `${shard.name}: seq ${answer.seq} was accepted, and ${nodeName(node)} does not hold that record`;
        });
      }
    },
  };
}
