/**
 * Primary: the head of a chain, where requests become records (protocol §3.2).
 *
 * Owns      duplicates, evaluation, the primary's own records (expiry, eviction), the seal, memory limits.
 * Does not  apply or pass records on: `take` does.
 * Invariants
 *   P1  every request makes exactly one record: failed conditions, refusals and logged reads too.
 *   P2  a request already in the log is ignored: its record is in a window, or it was answered.
 *   P3  sealed, it makes no record of its own.
 *   P4  it grows only while every node of the chain has room; replicas are never asked whether they have.
 */

import { textOf } from '../data/block.ts';
import { evaluate, liveEntry, type Moment, type Outcome } from '../data/evaluate.ts';
import { isWrite, type Operation, type Step } from '../data/operation.ts';
import {
  type DeadlineEffect,
  type Effect,
  NO_EFFECT,
  newPutEffect,
  newRecord,
  type PreviousValue,
  type PutEffect,
  type Record,
  type RemovalCause,
  type RemoveEffect,
  Watched,
} from '../data/record.ts';
import { itemsResult, plainResult, Status } from '../data/result.ts';
import { evaluateTransaction, type KeyEffect, TRANSACTION_OUTCOME_BYTES_MAX, toldBytes } from '../data/transaction.ts';
import { invariant } from '../protocol/invariant.ts';
import type { RequestMessage } from '../protocol/messages.ts';
import type { NodeContext } from './context.ts';
import type { CopyState } from './copy-state.ts';
import { atSoftLimit, overHardLimit } from './memory/memory.ts';
import { read } from './read.ts';

/** Redis's default for maxmemory-samples. */
const EVICTION_SAMPLES = 5;
/** Under pressure a write makes room for so many times its own size, so that the shard shrinks while it is written to. */
const EVICTION_FACTOR = 2;
const EVICTIONS_MAX = 64;
/** Bytes evicted in one slice of shrinking. */
const SHRINK_BYTES = 64 * 1024;
/** Shrinking waits while so many records are not known to be committed: they are on the node's heap. */
const SHRINK_WINDOW = 4096;

/** What becomes of a primary's records; and of uses that no record shows (hashes of entries). */
export interface PrimaryOutputs {
  take(record: Record): void;
  used(hash: number): void;
}

export class Primary {
  private readonly state: CopyState;
  private readonly context: NodeContext;
  private readonly outputs: PrimaryOutputs;
  private sealed = false;
  /** Bytes to come down to, as a node of the chain holds too much; Infinity = none does. */
  private shrinkTo = Number.POSITIVE_INFINITY;

  constructor(state: CopyState, context: NodeContext, outputs: PrimaryOutputs) {
    this.state = state;
    this.context = context;
    this.outputs = outputs;
  }

  seal(): void {
    this.sealed = true;
  }

  /** A new configuration: what was asked for in the last one is over. */
  configured(): void {
    this.sealed = false;
    this.keepAll();
  }

  /** Asks for a part of the shard to be evicted, which {@link shrink} does. */
  evictPart(part: number): void {
    if (part > 0) this.shrinkTo = Math.min(this.shrinkTo, this.state.data.liveBytes * (1 - part));
  }

  get isToShrink(): boolean {
    return this.shrinkTo !== Number.POSITIVE_INFINITY;
  }

  /** Takes that back. */
  keepAll(): void {
    this.shrinkTo = Number.POSITIVE_INFINITY;
  }

  onRequest({ request, operation, committedSeq, pressure, watched }: RequestMessage): void {
    const { state } = this;
    invariant(!this.sealed, 'nothing is asked of a sealed primary');
    state.commit(committedSeq);
    if (request <= state.lastRequest) return;
    invariant(request === state.lastRequest + 1, 'requests come in order, without gap');
    // Room is made before evaluation: what eviction removes must be gone when conditions are judged.
    const refused = this.makeRoom(operation, pressure) ? null : this.outOfMemory(operation);
    const outcome = refused ?? this.evaluate(operation, watched);
    const { effect, result } = outcome;
    const told = watched === Watched.no ? effect : this.inFull(effect, watched);
    this.noteUses(operation, outcome);
    this.outputs.take(newRecord(state.lastSeq + 1, request, watched, told, result));
  }

  /** Reads in the log, and writes that were refused, have used entries and leave nothing that the tail could see it by. */
  private noteUses(operation: Operation, { effect, result }: Outcome): void {
    const { data } = this.state;
    if (operation.verb === 'transaction') {
      const steps = result.status === Status.conditionFailed ? operation.otherwise : operation.then;
      for (const step of steps) if (isUse(step)) this.outputs.used(data.hashOf(step.key));
    } else if (effect.type !== 'none' || result.status === Status.absent) {
      return;
    } else if (operation.key !== '' && (isWrite(operation) || isUse(operation))) {
      if (isWrite(operation)) data.touch(operation.key);
      const hash = data.takeUse();
      if (hash !== -1) this.outputs.used(hash);
    }
  }

  private evaluate(operation: Operation, watched: Watched): Outcome {
    const { state, context } = this;
    if (!isWrite(operation)) return { effect: NO_EFFECT, result: read(operation, state.data, context.time) };
    const { maxValueBytes } = context.settings;
    const moment: Moment = { time: context.time, seq: state.lastSeq + 1, maxValueBytes };
    switch (operation.verb) {
      case 'clear':
        return { effect: { type: 'clear' }, result: plainResult(Status.ok, 0) };
      case 'transaction': {
        const { effects, result } = evaluateTransaction(operation, state.data, moment);
        if (watched !== Watched.no && effects.length > 1) {
          const told = toldBytes(effects, watched, state.data);
          if (told > TRANSACTION_OUTCOME_BYTES_MAX) return transactionTooLarge();
        }
        return { effect: together(effects), result };
      }
      case 'install': {
        // Between gathering and installing this primary may have expired or evicted a key: there is nothing to remove then.
        const effects = operation.effects.filter(
          (effect) => effect.type === 'put' || state.data.head(effect.key) !== undefined,
        );
        return { effect: together(effects), result: plainResult(Status.ok, moment.seq) };
      }
      default:
        return evaluate(operation, state.data, moment);
    }
  }

  /** An effect as watchers hear it: a new deadline with its value, and on request with what was there before. */
  private inFull(effect: Effect, watched: Watched): Effect {
    const before = new Map<string, PreviousValue | null>();
    switch (effect.type) {
      case 'none':
      case 'clear':
        return effect;
      case 'many':
        return { type: 'many', effects: effect.effects.map((part) => this.keyEffectInFull(part, watched, before)) };
      default:
        return this.keyEffectInFull(effect, watched, before);
    }
  }

  /** `before`: what earlier effects of the same record left, by key. */
  private keyEffectInFull(
    effect: KeyEffect,
    watched: Watched,
    before: Map<string, PreviousValue | null>,
  ): PutEffect | RemoveEffect {
    const { key } = effect;
    const previous = before.has(key) ? before.get(key)! : this.valueOf(key);
    const full = effect.type === 'deadline' ? putAgain(effect, previous) : effect;
    before.set(key, full.type === 'put' ? { value: textOf(full.value), kind: full.kind } : null);
    return watched === Watched.withPrevious ? { ...full, previous } : full;
  }

  private valueOf(key: string): PreviousValue | null {
    const entry = liveEntry(this.state.data, key, this.context.time);
    return entry === undefined ? null : { value: entry.value, kind: entry.kind };
  }

  private outOfMemory(operation: Operation): Outcome {
    const version = this.state.data.head(operation.key)?.version ?? 0;
    return { effect: NO_EFFECT, result: plainResult(Status.outOfMemory, version) };
  }

  // ---- memory ---------------------------------------------------------------------------------------------------

  /** False if the operation must be refused for want of memory. */
  private makeRoom(operation: Operation, pressure: boolean): boolean {
    const { context, state } = this;
    if (context.settings.maxMemoryBytes === 0) return true;
    const bytes = growthOf(operation) + this.carriedOver(operation);
    if (bytes === 0) return true;
    const growth = state.data.growthFor(operation.key.length, bytes);
    if (!pressure && !atSoftLimit(context, growth)) return true;
    // What is installed was decided with the room known then (transactions.ts): it is never refused.
    const decided = operation.verb === 'install';
    if (context.settings.eviction === 'noeviction') return decided;
    const needed = bytes + operation.key.length;
    const freed = this.evict(EVICTION_FACTOR * needed);
    // On the way down to a new limit the node is over it whatever this write does.
    if (context.shrinking && freed >= needed) return true;
    return decided || !overHardLimit(context, growth);
  }

  /** Bytes an append writes again besides its own. */
  private carriedOver({ verb, key }: Operation): number {
    return verb === 'append' ? (this.state.data.head(key)?.valueBytes ?? 0) : 0;
  }

  /** One slice of eviction that no write asks for; true if it has removed something, so that more may follow. */
  shrink(): boolean {
    const { state } = this;
    if (this.shrinkTo === Number.POSITIVE_INFINITY) return false;
    if (this.sealed || state.window.length >= SHRINK_WINDOW) return false;
    const bytes = state.data.liveBytes - this.shrinkTo;
    if (bytes > 0) return this.evict(Math.min(bytes, SHRINK_BYTES)) > 0;
    this.keepAll();
    return false;
  }

  /** Evicts about so many bytes; returns how many. */
  private evict(bytes: number): number {
    const { state, context } = this;
    let freed = 0;
    for (let evictions = 0; freed < bytes && evictions < EVICTIONS_MAX; evictions++) {
      const before = state.data.liveBytes;
      const key = state.data.evictionCandidate(EVICTION_SAMPLES, context.random);
      if (key === undefined) break;
      this.removeOwn(key, 'evict');
      freed += before - state.data.liveBytes;
      state.data.reclaim();
    }
    return freed;
  }

  // ---- records of its own ---------------------------------------------------------------------------------------

  /** One slice of active expiry; true if there was something to remove, so that more may follow. */
  expire(): boolean {
    if (this.sealed) return false;
    const { expireRemove, expireExamine } = this.context.settings;
    const keys = this.state.data.due(this.context.time, expireRemove, expireExamine);
    for (const key of keys) if (this.isPast(key)) this.removeOwn(key, 'expire');
    return keys.length > 0;
  }

  /** The store's list is a hint: it may name a key twice. */
  private isPast(key: string): boolean {
    const head = this.state.data.head(key);
    return head !== undefined && head.expiresAt !== 0 && head.expiresAt <= this.context.time;
  }

  private removeOwn(key: string, cause: RemovalCause): void {
    const { state } = this;
    const effect = { type: 'remove', key, cause } as const;
    this.outputs.take(newRecord(state.lastSeq + 1, 0, Watched.no, effect, plainResult(Status.ok, 0)));
  }
}

/** Whether a read is a use of its entry. */
function isUse(operation: Operation): boolean {
  return operation.verb === 'get' || (operation.verb === 'stat' && operation.uses === true);
}

/** A new deadline, told as the put of the value that stays. */
function putAgain({ key, expiresAt }: DeadlineEffect, present: PreviousValue | null): PutEffect {
  invariant(present !== null, 'what gets a deadline is there');
  return newPutEffect(key, present.value, present.kind, expiresAt);
}

/** Its record would bear more than a heap can, of what was there before: nothing is done. */
function transactionTooLarge(): Outcome {
  return { effect: NO_EFFECT, result: itemsResult(Status.valueTooLarge, 0, []) };
}

function together(effects: readonly KeyEffect[]): Effect {
  return effects.length === 0 ? NO_EFFECT : { type: 'many', effects };
}

/** Bytes of value a request may add; 0 = it cannot grow the store. */
function growthOf(operation: Operation): number {
  switch (operation.verb) {
    case 'put':
    case 'append':
      return operation.value.length + 1;
    case 'set-range':
      return operation.offset + operation.value.length + 1;
    case 'set-bit':
      return Math.ceil((operation.offset + 1) / 8);
    case 'increment':
    case 'increment-float':
      return 24;
    case 'transaction':
      return Math.max(growthOfSteps(operation.then), growthOfSteps(operation.otherwise));
    case 'install':
      return operation.effects.reduce(
        (sum, effect) => (effect.type === 'put' ? sum + effect.value.length + effect.key.length : sum),
        0,
      );
    default:
      return 0;
  }
}

function growthOfSteps(steps: readonly Step[]): number {
  return steps.reduce((bytes, step) => {
    const growth = growthOf(step);
    return growth === 0 ? bytes : bytes + growth + step.key.length;
  }, 0);
}
