/**
 * What a transaction comes to on a plain map, written from the documentation and sharing no code with core/data/transaction.ts;
 * and how a watcher is told an effect.
 *
 * Owns      conditions, what a step sees of earlier ones, all or nothing.
 * Does not  know shards: entries are looked up, wherever they are.
 */
import {
  type Effect,
  type Entry,
  type ManyEffect,
  NO_EFFECT,
  type Operation,
  type Result,
  Status,
  textOf,
  ValueKind,
  Watched,
} from '@quintet/engine/internal';
import { type EvalContext, expected, isPast } from './model.ts';

type TransactionOperation = Operation & { verb: 'transaction' };
export type KeyEffect = ManyEffect['effects'][number];
export type LookUp = (key: string) => Entry | undefined;

export interface TransactionExpectation {
  readonly effects: readonly KeyEffect[];
  readonly result: Result;
  /** What the keys written hold afterwards. */
  readonly after: ReadonlyMap<string, Entry | undefined>;
}

const DONE: readonly Status[] = [Status.ok, Status.absent, Status.conditionFailed];

export function expectedTransaction(
  { conditions, then, otherwise, lenient }: TransactionOperation,
  lookUp: LookUp,
  moment: EvalContext,
): TransactionExpectation {
  const live = (key: string): Entry | undefined => {
    const entry = lookUp(key);
    return entry === undefined || isPast(entry.expiresAt, moment.time) ? undefined : entry;
  };
  const isMet = conditions.every(({ key, ifVersion, equals }) => {
    const entry = live(key);
    if (ifVersion === -2 && entry === undefined) return false;
    if (ifVersion >= 0 && (entry?.version ?? 0) !== ifVersion) return false;
    return equals === null || (entry?.value === equals.value && entry.kind === equals.kind);
  });
  const after = new Map<string, Entry | undefined>();
  const effects: KeyEffect[] = [];
  const items: Result[] = [];
  for (const step of isMet ? then : otherwise) {
    const present = after.has(step.key) ? after.get(step.key) : live(step.key);
    const { effect, result } = expected(step, present, moment);
    if (!lenient && !DONE.includes(result.status)) return refused(result.status);
    items.push(result);
    if (!isOfKey(effect)) continue;
    effects.push(effect);
    after.set(step.key, entryAfter(effect, present, moment.seq));
  }
  return { effects, result: whole(isMet ? Status.ok : Status.conditionFailed, moment.seq, items), after };
}

function whole(status: Status, version: number, items: readonly Result[]): Result {
  return { status, version, value: null, kind: ValueKind.text, expiresAt: 0, page: null, items };
}

function refused(status: Status): TransactionExpectation {
  return { effects: [], result: whole(status, 0, []), after: new Map() };
}

function isOfKey(effect: Effect): effect is KeyEffect {
  return effect.type === 'put' || effect.type === 'remove' || effect.type === 'deadline';
}

function entryAfter(effect: KeyEffect, before: Entry | undefined, version: number): Entry | undefined {
  if (effect.type === 'remove') return undefined;
  if (effect.type === 'deadline') return before && { ...before, version, expiresAt: effect.expiresAt };
  return { value: textOf(effect.value), kind: effect.kind, version, expiresAt: effect.expiresAt };
}

export function together(effects: readonly KeyEffect[]): Effect {
  return effects.length === 0 ? NO_EFFECT : { type: 'many', effects };
}

/** An effect as its record has it if somebody watches: deadlines with their value; on request with what was there before. */
export function asTold(effect: Effect, watched: Watched, lookUp: LookUp, time: number): Effect {
  if (watched === Watched.no || (effect.type !== 'many' && !isOfKey(effect))) return effect;
  const left = new Map<string, { value: string; kind: ValueKind } | null>();
  const tell = (part: KeyEffect): KeyEffect => {
    const entry = lookUp(part.key);
    const isThere = entry !== undefined && !isPast(entry.expiresAt, time);
    const before =
      left.get(part.key) ?? (isThere && !left.has(part.key) ? { value: entry.value, kind: entry.kind } : null);
    const previous = watched === Watched.withPrevious ? { previous: before } : {};
    if (part.type === 'remove') {
      left.set(part.key, null);
      return { ...part, ...previous };
    }
    const { value, kind } = part.type === 'put' ? part : before!;
    left.set(part.key, { value: textOf(value), kind });
    return { type: 'put', key: part.key, value, kind, expiresAt: part.expiresAt, ...previous };
  };
  return effect.type === 'many' ? { type: 'many', effects: effect.effects.map(tell) } : tell(effect);
}
