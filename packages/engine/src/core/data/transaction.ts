/**
 * Evaluates a transaction against a snapshot of its keys. Pure, and the same in both places that evaluate:
 *
 *   keys of one shard      the primary evaluates against its store and makes one record (node/primary.ts)
 *   keys of several shards the master evaluates against gathered entries and installs the effects (master/transactions/transactions.ts)
 *
 * Owns      conditions, the overlay that lets a step see what earlier steps wrote, all-or-nothing.
 * Does not  evaluate single steps (evaluate.ts), lock, or write.
 * Invariants
 *   TR1  the outcome depends on its arguments alone.
 *   TR2  a transaction that fails has no effect at all; a lenient one has the effects of its steps that did not fail.
 */
import { textOf } from './block.ts';
import { evaluate, readKey } from './evaluate.ts';
import { TRANSACTION_OUTCOME_BYTES_MAX, TRANSACTION_READ_MAX } from './group/limits.ts';
import type { Condition, Entry, Step, TransactionOperation } from './operation.ts';
import {
  conditionHolds,
  type EntryReader,
  type EvalContext,
  hasValue,
  headOf,
  liveHead,
  type Outcome,
  partOf,
  type SizedHead,
} from './reader.ts';
import { type DeadlineEffect, type Effect, NO_EFFECT, type PutEffect, type RemoveEffect, Watched } from './record.ts';
import { itemsResult, type Result, Status } from './result.ts';
import { Needs } from './row.ts';
import { isWrite, rowOf } from './verbs.ts';

/** An effect a transaction can have on one key. */
export type KeyEffect = PutEffect | RemoveEffect | DeadlineEffect;

export interface TransactionOutcome {
  /** In the order of the steps. */
  readonly effects: readonly KeyEffect[];
  /** ok = `then` was taken; conditionFailed = `otherwise` was; else the status of the step that failed it. */
  readonly result: Result;
}

/** Steps as one operation: taken if every condition holds. */
export function transactionOf(
  then: readonly Step[],
  conditions: readonly Condition[] = [],
  otherwise: readonly Step[] = [],
): TransactionOperation {
  return { verb: 'transaction', key: '', conditions, then, otherwise, lenient: false };
}

/** The condition that a key still has the version that was read (0 = is absent). */
export function unchanged(key: string, version: number): Condition {
  return { key, ifVersion: version, equals: null };
}

export function evaluateTransaction(
  operation: TransactionOperation,
  base: EntryReader,
  moment: EvalContext,
): TransactionOutcome {
  const overlay = new Overlay(base);
  const holds = allHold(operation.conditions, overlay, moment.time);
  const steps = holds ? operation.then : operation.otherwise;
  const effects: KeyEffect[] = [];
  const items: Result[] = [];
  let bytes = 0;
  for (const step of steps) {
    const { effect, result } = overlay.evaluate(step, moment);
    if (isFailure(result.status) && !operation.lenient) return failed(result.status);
    bytes += (result.value?.length ?? 0) + (effect.type === 'put' ? effect.value.length : 0);
    if (bytes > TRANSACTION_OUTCOME_BYTES_MAX || overlay.bytesRead > TRANSACTION_READ_MAX)
      return failed(Status.valueTooLarge);
    items.push(result);
    if (isOfKey(effect)) effects.push(effect);
  }
  const status = holds ? Status.ok : Status.conditionFailed;
  return { effects, result: itemsResult(status, moment.seq, items) };
}

function failed(status: Status): TransactionOutcome {
  return { effects: [], result: itemsResult(status, 0, []) };
}

/** A step that could not be done, as opposed to one whose own condition did not hold. */
function isFailure(status: Status): boolean {
  return status !== Status.ok && status !== Status.absent && status !== Status.conditionFailed;
}

function allHold(conditions: readonly Condition[], base: EntryReader, time: number): boolean {
  for (const condition of conditions) if (!holds(condition, base, time)) return false;
  return true;
}

function holds({ key, ifVersion, equals }: Condition, base: EntryReader, time: number): boolean {
  const head = liveHead(base, key, time);
  if (!conditionHolds(ifVersion, head)) return false;
  return equals === null || hasValue(base, key, head, equals);
}

function isOfKey(effect: Effect): effect is KeyEffect {
  return effect.type === 'put' || effect.type === 'remove' || effect.type === 'deadline';
}

/** Up to so many written keys are looked through one by one: most transactions write two, and a Map costs 200 ns. */
const FEW = 8;

/** Entries as earlier steps left them, over entries as they were. */
export class Overlay implements EntryReader {
  /** Of values of `base`. */
  bytesRead = 0;
  private readonly base: EntryReader;
  /** Keys written, each once, and what was written; `places` finds them once they are many. */
  private readonly keys: string[] = [];
  private readonly entries: (Entry | undefined)[] = [];
  private readonly heads: (SizedHead | undefined)[] = [];
  private places: Map<string, number> | null = null;

  constructor(base: EntryReader) {
    this.base = base;
  }

  get(key: string): Entry | undefined {
    const at = this.find(key);
    return at < 0 ? this.counted(this.base.get(key)) : this.entries[at];
  }

  peek(key: string): Entry | undefined {
    const at = this.find(key);
    return at < 0 ? this.counted(this.base.peek(key)) : this.entries[at];
  }

  touch(key: string): void {
    if (this.find(key) < 0) this.base.touch(key);
  }

  idleMs(key: string): number {
    return this.find(key) < 0 ? this.base.idleMs(key) : 0;
  }

  head(key: string): SizedHead | undefined {
    const at = this.find(key);
    return at < 0 ? this.base.head(key) : this.heads[at];
  }

  part(key: string, offset: number, length: number): string {
    const at = this.find(key);
    if (at >= 0) return partOf(this.entries[at], offset, length);
    const part = this.base.part(key, offset, length);
    this.bytesRead += part.length;
    return part;
  }

  /** A step as it is after the ones before; what it does is in force for the ones behind. */
  evaluate(step: Step, moment: EvalContext): Outcome {
    if (!isWrite(step)) return { effect: NO_EFFECT, result: readKey(step, this, moment.time) };
    const outcome = evaluate(step, this, moment);
    if (isOfKey(outcome.effect)) this.apply(outcome.effect, moment.seq);
    return outcome;
  }

  private counted(entry: Entry | undefined): Entry | undefined {
    if (entry !== undefined) this.bytesRead += entry.value.length;
    return entry;
  }

  apply(effect: KeyEffect, version: number): void {
    const { key } = effect;
    switch (effect.type) {
      case 'put':
        this.setWhole(key, { value: textOf(effect.value), kind: effect.kind, version, expiresAt: effect.expiresAt });
        return;
      case 'remove':
        this.set(key, undefined, undefined);
        return;
      case 'deadline': {
        const head = this.head(key);
        if (head === undefined) return;
        const { expiresAt } = effect;
        this.set(key, this.withDeadline(key, head, version, expiresAt), { ...head, version, expiresAt });
      }
    }
  }

  /** The value is read only when it is needed. */
  private withDeadline(key: string, { kind }: SizedHead, version: number, expiresAt: number): Entry {
    const at = this.find(key);
    const present = at < 0 ? undefined : this.entries[at];
    const value = (): string => present?.value ?? this.counted(this.base.peek(key))!.value;
    return {
      get value() {
        return value();
      },
      kind,
      version,
      expiresAt,
    };
  }

  private find(key: string): number {
    return this.places === null ? this.keys.indexOf(key) : (this.places.get(key) ?? -1);
  }

  private setWhole(key: string, entry: Entry): void {
    this.set(key, entry, headOf(entry));
  }

  private set(key: string, entry: Entry | undefined, head: SizedHead | undefined): void {
    const at = this.find(key);
    if (at >= 0) {
      this.entries[at] = entry;
      this.heads[at] = head;
      return;
    }
    this.keys.push(key);
    this.entries.push(entry);
    this.heads.push(head);
    if (this.places !== null) this.places.set(key, this.keys.length - 1);
    else if (this.keys.length > FEW) this.places = new Map(this.keys.map((one, place) => [one, place]));
  }
}

/** The final effect on each key, deadlines with their value: it can be installed even if entries have expired since. */
export function netEffects(effects: readonly KeyEffect[], base: EntryReader): (PutEffect | RemoveEffect)[] {
  const overlay = new Overlay(base);
  const last = new Map<string, KeyEffect>();
  for (const effect of effects) {
    overlay.apply(effect, 0);
    last.set(effect.key, effect);
  }
  const net: (PutEffect | RemoveEffect)[] = [];
  for (const [key, effect] of last) {
    const entry = overlay.get(key);
    if (effect.type === 'remove' || entry === undefined) net.push({ type: 'remove', key, cause: 'delete' });
    else net.push({ type: 'put', key, value: entry.value, kind: entry.kind, expiresAt: entry.expiresAt });
  }
  return net;
}

/** Bytes of present values that watchers receive besides `effects`: previous values, and values with a new deadline. */
export function toldBytes(effects: readonly KeyEffect[], watched: Watched, base: Pick<EntryReader, 'head'>): number {
  const lengths = new Map<string, number>();
  let bytes = 0;
  for (const effect of effects) {
    const before = lengths.get(effect.key) ?? base.head(effect.key)?.valueBytes ?? 0;
    if (watched === Watched.withPrevious) bytes += before;
    if (effect.type === 'deadline') bytes += before;
    const after = effect.type === 'put' ? effect.value.length : effect.type === 'remove' ? 0 : before;
    lengths.set(effect.key, after);
  }
  return bytes;
}

/** The keys whose values a transaction has to see; of the others, versions and deadlines are enough. */
export function valuedKeysOf({ conditions, then, otherwise }: TransactionOperation): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { key, equals } of conditions) if (equals !== null) keys.add(key);
  for (const step of then) if (needsValue(step)) keys.add(step.key);
  for (const step of otherwise) if (needsValue(step)) keys.add(step.key);
  return keys;
}

/** A deadline that is set over several shards is installed with its value. */
function needsValue(step: Step): boolean {
  const row = rowOf(step);
  return row.setsDeadline || row.reads(step) === Needs.value;
}

/** Whether it needs to see entries at all: puts without conditions do not. */
export function isBlind({ conditions, then }: TransactionOperation): boolean {
  return conditions.length === 0 && then.every((step) => rowOf(step).reads(step) === Needs.nothing);
}

/** Whether it cannot write. */
export function isReadOnly({ then, otherwise }: TransactionOperation): boolean {
  return !then.some(isWrite) && !otherwise.some(isWrite);
}
