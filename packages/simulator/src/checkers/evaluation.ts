/**
 * Every record does and answers what a plain map would at its place in the log (model.ts, model-transaction.ts), and says
 * what was there before where that is asked for; and a primary's own records remove only what may be removed.
 */
import {
  type Effect,
  type Entry,
  isWrite,
  type Record as LogRecord,
  type Operation,
  plainResult,
  Status,
  Watched,
} from '@quintet/engine/internal';
import { type EvalContext, type Expectation, expected, isPast } from '../model.ts';
import { asTold, expectedTransaction, type LookUp, together } from '../model-transaction.ts';
import { mayEvict, mayRefuse } from '../options.ts';
import { afterPatch, sameEffect, sameResult, valueAt } from '../oracle/log-tree.ts';
import type { Made } from '../oracle/shard-oracle.ts';
import { check } from '../violation.ts';
import type { Checker, World } from './checker.ts';

export function evaluation({ options }: World): Checker {
  const { maxValueBytes, patchesFrom } = options.node;

  function before({ shard, parent }: Made, key: string): Entry | undefined {
    const isOnBranch = parent.seq >= shard.committed.seq;
    return isOnBranch
      ? valueAt(parent, shard.committed, shard.contents, key)
      : valueAt(parent, shard.root, new Map(), key);
  }

  /** A patch as the put it stands for. */
  function inFull(made: Made, { effect, watched }: LogRecord): Effect {
    if (effect.type !== 'patch') return effect;
    const entry = before(made, effect.key);
    const isMeant = watched === Watched.no && entry !== undefined && entry.value.length > patchesFrom;
    check(isMeant, 'evaluation', () => `${made.shard.where(made.host)}: a patch of ${effect.key}, which has no place`);
    const { value, kind, expiresAt } = afterPatch(entry, effect, 0);
    return { type: 'put', key: effect.key, value, kind, expiresAt };
  }

  function wantedOf(operation: Operation, lookUp: LookUp, moment: EvalContext): Expectation {
    if (operation.verb === 'transaction') {
      const { effects, result } = expectedTransaction(operation, lookUp, moment);
      return { effect: together(effects), result };
    }
    if (operation.verb !== 'install') return expected(operation, lookUp(operation.key), moment);
    // What expired or was evicted since it was gathered needs no removal.
    const effects = operation.effects.filter(({ type, key }) => type === 'put' || lookUp(key) !== undefined);
    return { effect: together(effects), result: plainResult(Status.ok, moment.seq) };
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
    } else check(mayEvict(options) && mayRefuse(options), 'evaluation', () => `${where}: evicted without leave`);
  }

  return {
    name: 'evaluation',
    made(made) {
      const { record, seq } = made.entry as { record: LogRecord; seq: number };
      if (record.request === 0) return checkOwn(made, record);
      const { operation } = made.call!;
      const moment = { time: made.host.time, seq, maxValueBytes };
      const lookUp = (key: string) => before(made, key);
      const wanted = wantedOf(operation, lookUp, moment);
      const effect: Effect = asTold(wanted.effect, record.watched, lookUp, moment.time);
      const refused = record.result.status === Status.outOfMemory;
      if (refused && mayRefuse(options) && isWrite(operation) && record.effect.type === 'none') return;
      const right = sameEffect(inFull(made, record), effect) && sameResult(record.result, wanted.result);
      check(right, 'evaluation', () => {
        const [got, want] = [record, { ...wanted, effect }].map(({ effect, result }) =>
          JSON.stringify({ effect, result }),
        );
        const [on, at] = [JSON.stringify(lookUp(operation.key)), made.host.time];
        return `${made.shard.where(made.host)}: ${operation.verb} ${operation.key} on ${on} at ${at}: ${got}, not ${want}`;
      });
    },
  };
}
