/**
 * A watch is told all changes of a transaction at once, with one mark that is its own; and what was there before, if it
 * asked for that, is what the record of the change says (which evaluation.ts compares with the log).
 */
import type { Effect, ManyEffect } from '@quintet/engine/internal';
import { check } from '../violation.ts';
import type { Change, SimulatedWatch } from '../watch.ts';
import type { Checker, World } from './checker.ts';

export function watchTransactions({ cluster, shards }: World): Checker {
  const callOfMark = new Map<number, number>();
  const markOfCall = new Map<number, number>();

  function checkMark(watch: SimulatedWatch, { shard, version, transaction: mark }: Change): void {
    const { record } = shards[shard]!.committedLog.get(version)!;
    const isPart = record!.effect.type === 'many';
    const told = `${watch.name}: seq ${version} of shard ${shard} is ${isPart ? '' : 'not '}of a transaction`;
    check(mark > 0 === isPart, 'watch-transactions', () => `${told}, and its mark is ${mark}`);
    if (!isPart) return;
    const { index } = shards[shard]!.requests.get(record!.request)!;
    const isOwn = (callOfMark.get(mark) ?? index) === index && (markOfCall.get(index) ?? mark) === mark;
    check(isOwn, 'watch-transactions', () => `${told} (call ${index}), and bears another's mark, ${mark}`);
    callOfMark.set(mark, index);
    markOfCall.set(index, mark);
  }

  function checkAtOnce(watch: SimulatedWatch): void {
    const told = new Map<number, number>();
    for (const [at, changes] of watch.heard.entries()) {
      for (const { transaction: mark, key } of changes) {
        if (mark === 0) continue;
        const before = told.get(mark) ?? at;
        check(
          before === at,
          'watch-transactions',
          () => `${watch.name}: ${key} was told after the rest of its transaction`,
        );
        told.set(mark, at);
      }
    }
  }

  /** `nth`: of the changes of its key in its record. */
  function checkPrevious(watch: SimulatedWatch, change: Change, nth: number): void {
    const { record } = shards[change.shard]!.committedLog.get(change.version)!;
    // What a primary removes by itself says nothing of what was there.
    if (!watch.filter.previous || record!.request === 0 || record!.effect.type === 'clear') return;
    const wanted = previousIn(record!.effect, change.key, nth);
    const same = change.previous?.value === wanted?.value && change.previous?.kind === wanted?.kind;
    check(wanted !== undefined && same, 'watch-transactions', () => {
      return `${watch.name}: before seq ${change.version}, ${change.key} was ${JSON.stringify(change.previous)}, not ${JSON.stringify(wanted)}`;
    });
  }

  function checkChanges(watch: SimulatedWatch): void {
    const counts = new Map<string, number>();
    for (const change of watch.heard.flat()) {
      if (!shards[change.shard]!.committedLog.has(change.version)) continue;
      const place = `${change.shard}/${change.version}/${change.key}`;
      const nth = counts.get(place) ?? 0;
      counts.set(place, nth + 1);
      checkMark(watch, change);
      checkPrevious(watch, change, nth);
    }
  }

  return {
    name: 'watch-transactions',
    finish() {
      for (const watch of cluster.watches) {
        checkAtOnce(watch);
        checkChanges(watch);
      }
    },
  };
}

/** What was there before, as the record says; undefined = it does not. */
function previousIn(effect: Effect, key: string, nth: number) {
  if (effect.type === 'none' || effect.type === 'clear' || effect.type === 'patch') return undefined;
  const parts: ManyEffect['effects'] = effect.type === 'many' ? effect.effects : [effect];
  const part = parts.filter((one) => one.key === key)[nth];
  return part === undefined || part.type === 'deadline' ? undefined : part.previous;
}
