/**
 * FakeExecutor: a Executor without threads, for tests of what lies above. A few shards in Maps, evaluated with the core's own
 * rules, answered in the next turn of the event loop and in order.
 *
 * Owns      data, time (the real clock), calls under way.
 * Does not  replicate, lose or reorder anything.
 */

import { EventEmitter } from 'node:events';
import { textOf } from '../../src/core/data/block.ts';
import { type Change, changesOf } from '../../src/core/data/change.ts';
import { evaluate } from '../../src/core/data/evaluate.ts';
import {
  type Entry,
  type Operation,
  type ScanOperation,
  ValueKind,
  type WriteOperation,
} from '../../src/core/data/operation.ts';
import { type EntryReader, type EvalContext, liveEntry, type Outcome, readerOf } from '../../src/core/data/reader.ts';
import type { Effect } from '../../src/core/data/record.ts';
import { plainResult, type Result, Status, valueResult } from '../../src/core/data/result.ts';
import { evaluateTransaction } from '../../src/core/data/transaction.ts';
import { isWrite } from '../../src/core/data/verbs.ts';
import type { WatchFilter } from '../../src/core/data/watch-filter.ts';
import { type ErrorCode, failureOf } from '../../src/core/protocol/errors.ts';
import type { WatchSink } from '../../src/core/protocol/outbox.ts';
import { hashSlotOf, shardOfSlot } from '../../src/core/protocol/slot.ts';
import type { PendingCall, PendingWatch, Sink, StoreExecutor } from '../../src/executor/executor.ts';
import { FakeWatches } from './fake-watches.ts';
import { nextEvent } from './next-event.ts';

export class FakeExecutor implements StoreExecutor {
  readonly cluster = 'fake';
  readonly watches = new FakeWatches();
  readonly limits = { maxKeyBytes: 65_536, maxValueBytes: 16 * 1024 * 1024 };
  readonly shards: number;
  /** Calls not answered yet, in order. */
  readonly pending: FakeCall[] = [];
  /** Operations submitted so far, in order; tests empty it. */
  submitted: Operation[] = [];
  /** The most calls that were ever under way at a time. */
  pendingMost = 0;
  /** Every operation is refused with this, inside of submit. */
  refuseWith: ErrorCode | undefined;
  readonly #data: Map<string, Entry>[];
  /** `submitted`, `settled`: something happened to a call. */
  readonly #events = new EventEmitter();
  #seq = 0;
  #transactions = 0;
  #held = false;
  #scheduled = false;

  constructor(shards = 4) {
    this.shards = shards;
    this.#data = Array.from({ length: shards }, () => new Map());
  }

  now(): number {
    return Date.now();
  }

  shardOf(key: string): number {
    return shardOfSlot(hashSlotOf(key), this.shards);
  }

  submit(operation: Operation, sink: Sink): PendingCall {
    return this.submitToShard(this.shardOf(operation.key), operation, sink);
  }

  submitToShard(shard: number, operation: Operation, sink: Sink): PendingCall {
    this.submitted.push(operation);
    const call = new FakeCall(shard, operation, sink, () => this.#events.emit('settled'));
    if (this.refuseWith !== undefined) {
      call.fail(this.refuseWith);
      return call;
    }
    this.pending.push(call);
    this.pendingMost = Math.max(this.pendingMost, this.pending.length);
    this.#schedule();
    this.#events.emit('submitted');
    return call;
  }

  giveUp(call: PendingCall, reason: 'aborted' | 'timeout'): void {
    (call as FakeCall).giveUp(reason);
  }

  /** Resolves as soon as so many calls are under way. */
  async underWay(calls: number): Promise<void> {
    while (this.pending.length < calls) await nextEvent(this.#events, 'submitted');
  }

  /** Resolves as soon as every call under way was given up. */
  async givenUp(): Promise<void> {
    while (this.pending.some(({ settled }) => settled === 0)) await nextEvent(this.#events, 'settled');
  }

  watch(filter: WatchFilter, from: ReadonlyMap<number, number> | null, sink: WatchSink): PendingWatch {
    const shards = filter.shard === null ? this.#data.keys() : [filter.shard];
    const now = new Map(Array.from(shards, (shard) => [shard, this.#seq]));
    return this.watches.watch(filter, from, now, sink);
  }

  /** Who waits for this fake waits in a test, which is alive. */
  hold(): () => void {
    return () => undefined;
  }

  /** Answers nothing from now on; the function returned goes on with what waits. */
  stall(): () => void {
    this.#held = true;
    return () => {
      this.#held = false;
      this.#schedule();
    };
  }

  /** Everything under way fails, as when a cluster closes. */
  failAll(): void {
    for (const call of this.pending.splice(0)) call.fail(failureOf('closed', isWrite(call.operation)));
  }

  #schedule(): void {
    if (this.#scheduled || this.#held) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#held) return;
      for (const call of this.pending.splice(0)) call.answer(this.#evaluate(call));
    });
  }

  #evaluate({ shard, operation }: FakeCall): Result {
    const data = this.#data[shard]!;
    if (isWrite(operation)) return this.#write(shard, operation);
    switch (operation.verb) {
      case 'count':
        return valueResult(Status.ok, 0, String(data.size), ValueKind.text, 0);
      case 'scan':
        return this.#scan(data, operation);
      default: {
        const entry = liveEntry(
          readerOf((key) => data.get(key)),
          operation.key,
          this.now(),
        );
        if (entry === undefined) return plainResult(Status.absent, 0);
        const value = operation.verb === 'get' ? entry.value : String(entry.value.length);
        return valueResult(Status.ok, entry.version, value, entry.kind, entry.expiresAt);
      }
    }
  }

  #write(shard: number, operation: WriteOperation): Result {
    const seq = ++this.#seq;
    const moment = { time: this.now(), seq, maxValueBytes: this.limits.maxValueBytes };
    const { effect, result } = outcomeOf(
      operation,
      readerOf((key) => this.#data[this.shardOf(key)]!.get(key)),
      moment,
    );
    const mark = effect.type === 'many' ? ++this.#transactions : 0;
    const parts = effect.type === 'many' ? effect.effects : [effect];
    this.watches.tell(parts.flatMap((part) => this.#apply(shard, part, seq, mark)));
    return result;
  }

  /** Returns what watchers hear of it. */
  #apply(clearing: number, effect: Effect, seq: number, mark: number): Change[] {
    const shard = 'key' in effect ? this.shardOf(effect.key) : clearing;
    const data = this.#data[shard]!;
    const before = 'key' in effect ? (data.get(effect.key) ?? null) : null;
    applyTo(data, effect, seq);
    if (effect.type === 'deadline') {
      const { value, kind, expiresAt } = data.get(effect.key)!;
      const put = { type: 'put', key: effect.key, value, kind, expiresAt, previous: before } as const;
      return changesOf(shard, { seq, effect: put }, mark);
    }
    const told = effect.type === 'put' || effect.type === 'remove' ? { ...effect, previous: before } : effect;
    return changesOf(shard, { seq, effect: told }, mark);
  }

  /** In the order of a hash, as the real store walks: so that keys which come and go do not move others. */
  #scan(data: Map<string, Entry>, { cursor, limit, prefix, keysOnly }: ScanOperation): Result {
    const ahead = [...data.keys()].map((key) => [hashOf(key), key] as const).filter(([hash]) => hash >= cursor);
    ahead.sort(([a], [b]) => a - b);
    const entries: (string | number)[] = [];
    let next = -1;
    for (const [hash, key] of ahead) {
      if (entries.length >= limit * 5 && hash !== hashOf(entries.at(-5) as string)) {
        next = hash;
        break;
      }
      const entry = liveEntry(
        readerOf((one) => data.get(one)),
        key,
        this.now(),
      );
      if (entry === undefined || !key.startsWith(prefix)) continue;
      entries.push(key, keysOnly ? '' : entry.value, entry.kind, entry.version, entry.expiresAt);
    }
    return { ...plainResult(Status.ok, 0), page: { cursor: next, entries } };
  }
}

/** FNV-1a, 31 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 1;
}

class FakeCall {
  readonly shard: number;
  readonly operation: Operation;
  /** Times the sink was called: never more than one. */
  settled = 0;
  readonly #sink: Sink;
  readonly #onSettled: () => void;

  constructor(shard: number, operation: Operation, sink: Sink, onSettled: () => void) {
    this.shard = shard;
    this.operation = operation;
    this.#sink = sink;
    this.#onSettled = onSettled;
  }

  answer(result: Result): void {
    if (this.settled++ === 0) this.#sink.onResult(result);
    this.#onSettled();
  }

  fail(code: ErrorCode): void {
    if (this.settled++ === 0) this.#sink.onError(code, '');
    this.#onSettled();
  }

  giveUp(reason: 'aborted' | 'timeout'): void {
    this.fail(failureOf(reason, isWrite(this.operation)));
  }
}

function applyTo(data: Map<string, Entry>, effect: Effect, seq: number): void {
  switch (effect.type) {
    case 'put':
      data.set(effect.key, {
        value: textOf(effect.value),
        kind: effect.kind,
        version: seq,
        expiresAt: effect.expiresAt,
      });
      break;
    case 'remove':
      data.delete(effect.key);
      break;
    case 'deadline':
      data.set(effect.key, { ...data.get(effect.key)!, version: seq, expiresAt: effect.expiresAt });
      break;
    case 'clear':
      data.clear();
      break;
    default:
      break;
  }
}

function outcomeOf(operation: WriteOperation, data: EntryReader, moment: EvalContext): Outcome {
  if (operation.verb !== 'transaction') return evaluate(operation, data, moment);
  const { effects, result } = evaluateTransaction(operation, data, moment);
  return { effect: { type: 'many', effects }, result };
}
