/**
 * Primary: the head of a chain, where requests become records (protocol §3.2).
 *
 * Owns      duplicates, evaluation, the primary's own records (expiry, eviction), the seal.
 * Does not  apply or pass records on: `take` does. Decide what is evicted, and what has no room (memory/eviction.ts).
 * Invariants
 *   PR1  every request makes exactly one record: failed conditions, refusals and logged reads too.
 *   PR2  a request already in the log is ignored: its record is in a window, or it was answered.
 *   PR3  sealed, it makes no record of its own.
 *   PR4  it grows only while every node of the chain has room; replicas are not consulted.
 */

import { textOf } from '../data/block.ts';
import { evaluate, read } from '../data/evaluate.ts';
import { TRANSACTION_OUTCOME_BYTES_MAX } from '../data/group/limits.ts';
import type { Operation, TransactionOperation } from '../data/operation.ts';
import { type EvalContext, liveEntry, type Outcome } from '../data/reader.ts';
import { ReceivedPutEffect } from '../data/received-put.ts';
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
import { Use } from '../data/row.ts';
import { evaluateTransaction, type KeyEffect, toldBytes } from '../data/transaction.ts';
import { isWrite, rowOf } from '../data/verbs.ts';
import { invariant } from '../protocol/invariant.ts';
import type { RequestMessage } from '../protocol/messages.ts';
import type { NodeContext } from './context.ts';
import type { CopyState } from './copy-state.ts';
import { Eviction } from './memory/eviction.ts';

/** What becomes of a primary's records; and of uses that no record shows (hashes of entries). */
export interface PrimaryOutputs {
  take(record: Record): void;
  used(hash: number): void;
}

export class Primary {
  private readonly state: CopyState;
  private readonly context: NodeContext;
  private readonly outputs: PrimaryOutputs;
  readonly eviction: Eviction;
  sealed = false;

  constructor(state: CopyState, context: NodeContext, outputs: PrimaryOutputs) {
    this.state = state;
    this.context = context;
    this.outputs = outputs;
    this.eviction = new Eviction(state, context, this);
  }

  seal(): void {
    this.sealed = true;
  }

  /** A new configuration: requests of the last one are void. */
  configured(): void {
    this.sealed = false;
    this.eviction.keepAll();
  }

  onRequest({ request, operation, committedSeq, pressure, watched }: RequestMessage): void {
    const { state } = this;
    invariant(!this.sealed, 'nothing is asked of a sealed primary');
    state.commit(committedSeq);
    if (request <= state.lastRequest) return;
    invariant(request === state.lastRequest + 1, 'requests come in order, without gap');
    // Room is made before evaluation: what eviction removes must be gone when conditions are judged.
    const hasRoom = this.eviction.makeRoom(operation, pressure);
    const outcome = hasRoom ? this.evaluate(operation, watched) : this.outOfMemory(operation);
    const { effect, result } = outcome;
    const told = watched === Watched.no ? effect : this.inFull(effect, this.tellable(operation, effect, watched));
    this.noteUses(operation, outcome);
    this.outputs.take(newRecord(state.lastSeq + 1, request, watched, told, result));
  }

  /** Reads in the log, and writes that were refused, have used entries and leave nothing that the tail could see it by. */
  private noteUses(operation: Operation, { effect, result }: Outcome): void {
    const { data } = this.state;
    if (operation.verb === 'transaction') {
      const steps = result.status === Status.conditionFailed ? operation.otherwise : operation.then;
      for (const step of steps) if (rowOf(step).uses(step) !== Use.none) this.outputs.used(data.hashOf(step.key));
    } else if (effect.type !== 'none' || result.status === Status.absent) {
      return;
    } else if (operation.key !== '') {
      const row = rowOf(operation);
      if (row.writes) data.touch(operation.key);
      else if (row.uses(operation) === Use.none) return;
      const hash = data.takeUse();
      if (hash !== -1) this.outputs.used(hash);
    }
  }

  private evaluate(operation: Operation, watched: Watched): Outcome {
    const { state, context } = this;
    if (!isWrite(operation)) return { effect: NO_EFFECT, result: read(operation, state.data, context.time) };
    const { maxValueBytes, patchesFrom: longer } = context.settings;
    // Watchers are told the whole value, and a transaction's steps see it.
    const isPatched = watched === Watched.no && operation.verb !== 'transaction';
    const patchesFrom = isPatched ? longer : Number.POSITIVE_INFINITY;
    const moment: EvalContext = { time: context.time, seq: state.lastSeq + 1, maxValueBytes, patchesFrom };
    if (operation.verb === 'transaction') return this.evaluateTransaction(operation, watched, moment);
    return evaluate(operation, state.data, moment);
  }

  private evaluateTransaction(operation: TransactionOperation, watched: Watched, moment: EvalContext): Outcome {
    const { data } = this.state;
    const { effects, result } = evaluateTransaction(operation, data, moment);
    if (watched !== Watched.no && effects.length > 1) {
      if (toldBytes(effects, watched, data) > TRANSACTION_OUTCOME_BYTES_MAX) return transactionTooLarge();
    }
    return { effect: effects.length === 0 ? NO_EFFECT : { type: 'many', effects }, result };
  }

  /**
   * What an install may tell of what watchers asked for. It was decided, so it is done; but a watcher that began since may ask
   * for more of the values before than a record can carry. Then none of them are told, and the master ends such watches.
   */
  private tellable({ verb }: Operation, effect: Effect, watched: Watched): Watched {
    if (verb !== 'install' || effect.type !== 'many' || effect.effects.length === 1) return watched;
    const told = toldBytes(effect.effects, watched, this.state.data);
    return told > TRANSACTION_OUTCOME_BYTES_MAX ? Watched.yes : watched;
  }

  /** An effect as watchers receive it: a new deadline with its value, and on request with the previous value. */
  private inFull(effect: Effect, watched: Watched): Effect {
    const before = new Map<string, PreviousValue | null>();
    invariant(effect.type !== 'patch', 'a watched write bears the whole value');
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
    // A large value is not made a string for nobody.
    const isTold = watched === Watched.withPrevious || effect.type === 'deadline';
    const previous = !isTold ? null : before.has(key) ? before.get(key)! : this.valueOf(key);
    const full = effect.type === 'deadline' ? putAgain(effect, previous) : inStrings(effect);
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

  // ---- records of its own ---------------------------------------------------------------------------------------

  /** No entry expires before. */
  get nextExpiry(): number {
    return this.sealed ? Number.POSITIVE_INFINITY : this.state.data.nextDue;
  }

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

  evict(key: string): void {
    this.removeOwn(key, 'evict');
  }

  private removeOwn(key: string, cause: RemovalCause): void {
    const { state } = this;
    const effect = { type: 'remove', key, cause } as const;
    this.outputs.take(newRecord(state.lastSeq + 1, 0, Watched.no, effect, plainResult(Status.ok, 0)));
  }
}

/** Watchers receive strings. */
function inStrings<E extends PutEffect | RemoveEffect>(effect: E): E | PutEffect {
  return effect instanceof ReceivedPutEffect ? newPutEffect(effect.key, effect.value, effect.kind, 0) : effect;
}

/** A new deadline, delivered as the put of the value that stays. */
function putAgain({ key, expiresAt }: DeadlineEffect, present: PreviousValue | null): PutEffect {
  invariant(present !== null, 'what gets a deadline is there');
  return newPutEffect(key, present.value, present.kind, expiresAt);
}

/** Its record would hold more previous values than a heap can: nothing is done. */
function transactionTooLarge(): Outcome {
  return { effect: NO_EFFECT, result: itemsResult(Status.valueTooLarge, 0, []) };
}
