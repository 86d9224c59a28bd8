/**
 * Every record does and answers what a plain map would at its place in the log (model.ts); and a primary's own records
 * remove only what may be removed.
 */
import { type Entry, isWrite, type Record as LogRecord, Status } from '@quintet/engine/core';
import { expected, isPast } from '../model.ts';
import { sameEffect, sameResult, valueAt } from '../truth/log-tree.ts';
import type { Made } from '../truth/shard-truth.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function evaluation({ options }: World): Checker {
  const { maxMemoryBytes, eviction, maxValueBytes } = options.node;

  function before({ shard, parent }: Made, key: string): Entry | undefined {
    const isOnBranch = parent.seq >= shard.committed.seq;
    return isOnBranch
      ? valueAt(parent, shard.committed, shard.contents, key)
      : valueAt(parent, shard.root, new Map(), key);
  }

  function checkOwn(made: Made, { effect }: LogRecord): void {
    const where = made.shard.where(made.host);
    check(effect.type === 'remove', 'evaluation', () => `${where}: a record of its own that removes nothing`);
    const entry = before(made, effect.key);
    check(entry !== undefined, 'evaluation', () => `${where}: removed ${effect.key}, which is not there`);
    if (effect.cause === 'expire') {
      check(
        isPast(entry.expiresAt, made.host.time),
        'evaluation',
        () => `${where}: ${effect.key} expired before its time`,
      );
    } else
      check(eviction !== 'noeviction' && maxMemoryBytes > 0, 'evaluation', () => `${where}: evicted without leave`);
  }

  return {
    name: 'evaluation',
    made(made) {
      const { record, seq } = made.entry as { record: LogRecord; seq: number };
      if (record.request === 0) return checkOwn(made, record);
      const { operation } = made.call!;
      const moment = { time: made.host.time, seq, maxValueBytes };
      const entry = before(made, operation.key);
      const wanted = expected(operation, entry, moment);
      const refused = record.result.status === Status.outOfMemory;
      if (refused && maxMemoryBytes > 0 && isWrite(operation) && record.effect.type === 'none') return;
      const right = sameEffect(record.effect, wanted.effect) && sameResult(record.result, wanted.result);
      check(right, 'evaluation', () => {
        const [got, want] = [record, wanted].map(({ effect, result }) => JSON.stringify({ effect, result }));
        const [on, at] = [JSON.stringify(entry), made.host.time];
        return `${made.shard.where(made.host)}: ${operation.verb} ${operation.key} on ${on} at ${at}: ${got}, not ${want}`;
      });
    },
  };
}
