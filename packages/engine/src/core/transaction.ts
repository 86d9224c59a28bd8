/**
 * Transactions: what one comes to, given the entries of its keys. Pure, and the same for both places that ask:
 *
 *   keys of one shard      the primary evaluates against its store and makes one record (node/primary.ts)
 *   keys of several shards the master evaluates against gathered entries and installs the effects (master/transactions.ts)
 *
 * Owns      conditions, the overlay that lets a step see what earlier steps wrote, all-or-nothing.
 * Does not  evaluate single steps (evaluate.ts), lock, or write.
 * Invariants
 *   X1  the outcome depends on its arguments alone.
 *   X2  a transaction that fails has no effect at all; a lenient one has the effects of its steps that did not fail.
 */
import { textOf } from './block.ts';
import {
  conditionHolds,
  type EntryReader,
  evaluate,
  type Head,
  liveEntry,
  liveHead,
  type Moment,
  type Outcome,
  readKey,
} from './evaluate.ts';
import {
  ANY_VERSION,
  type Condition,
  type Entry,
  KEEP_TTL,
  type Step,
  type TransactionOperation,
} from './operation.ts';
import { type DeadlineEffect, NO_EFFECT, type PutEffect, type RemoveEffect } from './record.ts';
import { itemsResult, type Result, Status } from './result.ts';

/** An effect a transaction can have on one key. */
export type KeyEffect = PutEffect | RemoveEffect | DeadlineEffect;

export interface TransactionOutcome {
  /** In the order of the steps. */
  readonly effects: readonly KeyEffect[];
  /** ok = `then` was taken; conditionFailed = `otherwise` was; else the status of the step that failed it. */
  readonly result: Result;
}

/**
 * Bytes that results and effects of one transaction may come to. Its steps are small beside what they can make (a bit set
 * far out, a large value read a hundred times), and all of it must fit a node's heap at once.
 */
export const TRANSACTION_BYTES_MAX = 32 * 1024 * 1024;

export function evaluateTransaction(
  operation: TransactionOperation,
  base: EntryReader,
  moment: Moment,
): TransactionOutcome {
  const holds = allHold(operation.conditions, base, moment.time);
  const steps = holds ? operation.then : operation.otherwise;
  const overlay = new Overlay(base);
  const effects: KeyEffect[] = [];
  const items: Result[] = [];
  let bytes = 0;
  for (const step of steps) {
    const { effect, result } = evaluateStep(step, overlay, moment);
    if (isFailure(result.status) && !operation.lenient) return failed(result.status);
    bytes += (result.value?.length ?? 0) + (effect.type === 'put' ? effect.value.length : 0);
    if (bytes > TRANSACTION_BYTES_MAX) return failed(Status.valueTooLarge);
    items.push(result);
    if (effect.type === 'put' || effect.type === 'remove' || effect.type === 'deadline') {
      overlay.apply(effect, moment.seq);
      effects.push(effect);
    }
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
  if (equals === null) return conditionHolds(ifVersion, liveHead(base, key, time));
  const entry = liveEntry(base, key, time);
  if (!conditionHolds(ifVersion, entry)) return false;
  return entry !== undefined && entry.value === equals.value && entry.kind === equals.kind;
}

function evaluateStep(step: Step, reader: EntryReader, moment: Moment): Outcome {
  if (step.verb === 'get' || step.verb === 'stat')
    return { effect: NO_EFFECT, result: readKey(step, reader, moment.time) };
  return evaluate(step, reader, moment);
}

/** Up to so many written keys are looked through one by one: most transactions write two, and a Map costs 200 ns. */
const FEW = 8;

/** Entries as earlier steps left them, over entries as they were. */
class Overlay implements EntryReader {
  private readonly base: EntryReader;
  /** Keys written, each once, and what was written; `places` finds them once they are many. */
  private readonly keys: string[] = [];
  private readonly entries: (Entry | undefined)[] = [];
  private places: Map<string, number> | null = null;

  constructor(base: EntryReader) {
    this.base = base;
  }

  get(key: string): Entry | undefined {
    const at = this.find(key);
    return at < 0 ? this.base.get(key) : this.entries[at];
  }

  peek(key: string): Entry | undefined {
    const at = this.find(key);
    return at < 0 ? this.base.peek(key) : this.entries[at];
  }

  idleMs(key: string): number {
    return this.find(key) < 0 ? this.base.idleMs(key) : 0;
  }

  head(key: string): Head | undefined {
    const at = this.find(key);
    return at < 0 ? this.base.head(key) : this.entries[at];
  }

  apply(effect: KeyEffect, version: number): void {
    const { key } = effect;
    switch (effect.type) {
      case 'put':
        this.set(key, { value: textOf(effect.value), kind: effect.kind, version, expiresAt: effect.expiresAt });
        return;
      case 'remove':
        this.set(key, undefined);
        return;
      case 'deadline': {
        const entry = this.get(key);
        if (entry === undefined) return;
        this.set(key, { value: entry.value, kind: entry.kind, version, expiresAt: effect.expiresAt });
      }
    }
  }

  private find(key: string): number {
    return this.places === null ? this.keys.indexOf(key) : (this.places.get(key) ?? -1);
  }

  private set(key: string, entry: Entry | undefined): void {
    const at = this.find(key);
    if (at >= 0) {
      this.entries[at] = entry;
      return;
    }
    this.keys.push(key);
    this.entries.push(entry);
    if (this.places !== null) this.places.set(key, this.keys.length - 1);
    else if (this.keys.length > FEW) this.places = new Map(this.keys.map((one, place) => [one, place]));
  }
}

/** The last word on each key, deadlines told with their value: what can be installed whatever expired meanwhile. */
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

/** Every key a transaction names, once. */
export function keysOf({ conditions, then, otherwise }: TransactionOperation): readonly string[] {
  if (conditions.length + then.length + otherwise.length <= FEW) return fewKeysOf(conditions, then, otherwise);
  const keys = new Set<string>();
  for (const { key } of conditions) keys.add(key);
  for (const { key } of then) keys.add(key);
  for (const { key } of otherwise) keys.add(key);
  return [...keys];
}

function fewKeysOf(...parts: (readonly { readonly key: string }[])[]): readonly string[] {
  const keys: string[] = [];
  for (const part of parts) for (const { key } of part) if (!keys.includes(key)) keys.push(key);
  return keys;
}

/** Whether it needs to see entries at all: puts without conditions, and deletes nobody asks the outcome of, do not. */
export function isBlind({ conditions, then }: TransactionOperation): boolean {
  return conditions.length === 0 && then.every((step) => step.verb === 'put' && isBlindPut(step));
}

function isBlindPut(step: Step & { verb: 'put' }): boolean {
  return step.ifVersion === ANY_VERSION && step.ttl !== KEEP_TTL && !step.previous;
}

/** Whether it can write. */
export function isReadOnly({ then, otherwise }: TransactionOperation): boolean {
  const reads = (step: Step) => step.verb === 'get' || step.verb === 'stat';
  return then.every(reads) && otherwise.every(reads);
}
