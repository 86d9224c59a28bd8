/**
 * Verbs that are made of others: transactions, and what the master's transactions over several shards are made of.
 *
 * Owns      their rows. What a row says of a transaction follows from those of its steps, so it is given the look-up.
 * Does not  evaluate transactions (transaction.ts) or coordinate them (master/transactions/transactions.ts).
 */

import type { Store } from '../../store/store.ts';
import { BOOLEAN, KEYS, NUMBER } from '../fields.ts';
import type { GatherOperation, InstallOperation, Operation, Step, TransactionOperation } from '../operation.ts';
import type { EntryReader, EvalContext, Outcome } from '../reader.ts';
import { NO_EFFECT, Watched } from '../record.ts';
import { itemsResult, plainResult, type Result, Status } from '../result.ts';
import { groupVerb, type ValueBounds, type VerbRow } from '../row.ts';
import { keysOf } from './keys.ts';
import { TRANSACTION_OUTCOME_BYTES_MAX } from './limits.ts';

type RowOfOperation = (operation: Operation) => VerbRow;

interface Keyed {
  readonly key: string;
}

function sumOf<T>(parts: readonly T[], bytes: (part: T) => number): number {
  let sum = 0;
  for (const part of parts) sum += bytes(part);
  return sum;
}

/** More present values than that are refused before anything is done (transaction.ts). */
function presentOf(parts: readonly Keyed[], present: ValueBounds): number {
  const bytes = sumOf(parts, ({ key }) => present.ofKey(key));
  return Math.min(bytes, Math.max(TRANSACTION_OUTCOME_BYTES_MAX, present.longest));
}

// ---- transaction ------------------------------------------------------------------------------------------------

export function transactionVerb(rowOf: RowOfOperation): VerbRow {
  const bytes = (step: Step) => rowOf(step).bytes(step);
  const growth = (steps: readonly Step[], store: Pick<EntryReader, 'head'>): number =>
    sumOf(steps, (step) => {
      const own = rowOf(step).growth(step, store);
      return own === 0 ? 0 : own + step.key.length;
    });
  const bears = (steps: readonly Step[], present: ValueBounds): number =>
    sumOf(steps, (step) => rowOf(step).bears(step, present));
  return groupVerb<TransactionOperation>({
    verb: 'transaction',
    code: 11,
    fields: {
      conditions: { type: 'conditions', mostlyNone: true },
      then: { type: 'steps', mostlyNone: false },
      otherwise: { type: 'steps', mostlyNone: true },
      lenient: BOOLEAN,
    },
    writes: true,
    scope: 'keys',
    keys: keysOf,
    bytes: ({ conditions, then, otherwise }) => {
      const conditional = sumOf(conditions, ({ key, equals }) => key.length + (equals?.value.length ?? 0));
      return conditional + sumOf(then, bytes) + sumOf(otherwise, bytes);
    },
    parts: ({ conditions, then, otherwise }) => conditions.length + then.length + otherwise.length,
    growth: ({ then, otherwise }, store) => Math.max(growth(then, store), growth(otherwise, store)),
    bears: ({ then, otherwise }, present) =>
      Math.min(Math.max(bears(then, present), bears(otherwise, present)), TRANSACTION_OUTCOME_BYTES_MAX),
    tells: ({ then, otherwise }, watched, present) =>
      watched === Watched.no ? 0 : presentOf([...then, ...otherwise], present),
    changes: ({ then, otherwise }, { status, items }, seq) => {
      // Of a transaction that failed there are no items.
      if (items === null) return 0;
      const steps = status === Status.ok ? then : otherwise;
      let changes = 0;
      for (let at = 0; at < items.length; at++) changes += rowOf(steps[at]!).changes(steps[at]!, items[at]!, seq);
      return changes;
    },
  });
}

// ---- its two halves over several shards -------------------------------------------------------------------------

/** `readers`: of an entry with its value, and of its head. */
export function gatherVerb(readers: { readonly get: VerbRow; readonly stat: VerbRow }): VerbRow {
  /** What a transaction over several shards would have to bear: refused as soon as it is too much, before it is on this heap. */
  const read = ({ keys, heads }: GatherOperation, store: Store, time: number): Result => {
    const items: Result[] = [];
    const valued = keys.length - heads;
    let bytes = 0;
    for (const key of keys) {
      if (items.length >= valued) {
        items.push(readers.stat.read!({ verb: 'stat', key }, store, time));
        continue;
      }
      const item = readers.get.read!({ verb: 'get', key }, store, time);
      bytes += item.value?.length ?? 0;
      if (bytes > TRANSACTION_OUTCOME_BYTES_MAX && items.length > 0) return itemsResult(Status.valueTooLarge, 0, []);
      items.push(item);
    }
    return itemsResult(Status.ok, 0, items);
  };
  return groupVerb<GatherOperation>({
    verb: 'gather',
    code: 12,
    fields: { heads: NUMBER, keys: KEYS },
    scope: 'keys',
    keys: ({ keys }) => keys,
    bytes: ({ keys }) => sumOf(keys, (key) => key.length),
    parts: ({ keys }) => keys.length,
    bears: ({ keys, heads }, present) => {
      const valued = keys.slice(0, keys.length - heads);
      const bytes = sumOf(valued, (key) => present.ofKey(key));
      return Math.min(bytes, Math.max(TRANSACTION_OUTCOME_BYTES_MAX, present.longest));
    },
    read,
  });
}

export const install = groupVerb<InstallOperation>({
  verb: 'install',
  code: 13,
  fields: { effects: { type: 'effects', mostlyNone: false } },
  writes: true,
  scope: 'keys',
  keys: ({ effects }) => effects.map(({ key }) => key),
  bytes: ({ effects }) =>
    sumOf(effects, (effect) => effect.key.length + (effect.type === 'put' ? effect.value.length : 0)),
  parts: ({ effects }) => effects.length,
  growth: ({ effects }) =>
    sumOf(effects, (effect) => (effect.type === 'put' ? effect.value.length + effect.key.length : 0)),
  tells: ({ effects }, watched, present) => (watched === Watched.withPrevious ? presentOf(effects, present) : 0),
  changes: ({ effects }) => effects.length,
  evaluate: evaluateInstall,
});

function evaluateInstall(operation: InstallOperation, store: EntryReader, { seq }: EvalContext): Outcome {
  // Between gathering and installing this primary may have expired or evicted a key: there is nothing to remove then.
  const effects = operation.effects.filter(({ type, key }) => type === 'put' || store.head(key) !== undefined);
  const effect = effects.length === 0 ? NO_EFFECT : ({ type: 'many', effects } as const);
  return { effect, result: plainResult(Status.ok, seq) };
}
