/**
 * Spoils one answer of a history, so that it is usually no longer linearizable.
 */

import type { OperationRecord, Result } from '../../src/operation.ts';
import type { Prng } from '../../src/prng.ts';

/** A copy with one answer changed; `within` restricts the choice to a share of the records, e.g. [0.9, 1]. */
export function spoil(
  prng: Prng,
  records: readonly OperationRecord[],
  within: readonly [number, number] = [0, 1],
): OperationRecord[] {
  const first = Math.floor(records.length * within[0]);
  const last = Math.ceil(records.length * within[1]);
  const choice = records.slice(first, last).filter(({ outcome }) => outcome.kind === 'ok');
  if (choice.length === 0) return [...records];
  const victim = prng.pick(choice);
  return records.map((record) => {
    if (record !== victim || record.outcome.kind !== 'ok') return record;
    return { ...record, outcome: { kind: 'ok', result: spoilResult(prng, record.outcome.result, records) } };
  });
}

function spoilResult(prng: Prng, result: Result, records: readonly OperationRecord[]): Result {
  const fields = (Object.keys(result) as (keyof Result)[]).filter((field) => result[field] !== undefined);
  const field = prng.pick(fields);
  if (field === 'applied') return { ...result, applied: !result.applied };
  if (field === 'value') return { ...result, value: prng.pick([null, ...valuesOf(records)]) };
  const near = (result[field] ?? 1) + prng.pick([-2, -1, 1, 2]);
  return { ...result, [field]: near };
}

function valuesOf(records: readonly OperationRecord[]): string[] {
  return records.flatMap(({ operation }) => ('value' in operation ? [operation.value] : []));
}
