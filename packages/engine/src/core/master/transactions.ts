/**
 * Transactions: the coordinator of those whose keys lie in several shards. (Of one shard: the primary evaluates them in one
 * request, and the master only orders them by all their keys: shard-queue.ts.)
 *
 * | stage      | has                                        | next                                                              |
 * |------------|--------------------------------------------|-------------------------------------------------------------------|
 * | locking    | some of its locks                          | all given → gathering; blind → installing                         |
 * | gathering  | all locks; reads under way at the tails    | all answered → evaluate: read-only or no effect → done; else installing |
 * | installing | all locks; its effects numbered in each shard that has any | all answered → done                               |
 * | done       | nothing                                    |                                                                   |
 *
 * A death leaves                 a member of a chain: nothing to do here. The gather and install operations are the shard's like
 *                                any other: sent again in order, done exactly once (the one recovery rule).
 * A lost shard leaves            before installing: the transaction fails whole, nothing is written. While installing: its other
 *                                shards get their part (it was decided), the caller hears SHARD_LOST_IN_FLIGHT.
 * The master cannot leave:       it dies with the process.
 *
 * Owns      locks held by transactions, the decision.
 * Does not  evaluate (transaction.ts), order single operations (shard-queue.ts), know chains (shard-control.ts).
 * Invariants
 *   X3  Locks are asked for in all shards in one step, and each shard's line is first come, first served: who waits, waits
 *       for an earlier arrival. So there is no circle of waiting, and no need to detect or break one.
 *   X4  From the last lock given to the last install answered nobody else reads or writes the keys: the transaction takes
 *       effect at one point between the two, in the order real time gives (strict serializability). The primary's own
 *       records (expiry, eviction) may come between: they change nothing that was evaluated at the transaction's time.
 *   X5  Installing is decided only when every shard concerned is alive and, by its nodes' own word, has room.
 * Why not two-phase commit with prepared records: the coordinator here cannot fail without the process, and what every
 * request already has (a number, being sent again) is all that a prepared record would add.
 */

import type { ErrorCode } from '../errors.ts';
import type { EntryReader } from '../evaluate.ts';
import type { MasterCall } from '../machines.ts';
import {
  type Entry,
  type InstallOperation,
  plainResult,
  type Result,
  Status,
  type TransactionOperation,
} from '../operation.ts';
import type { MasterOutbox, Sink } from '../outbox.ts';
import type { MasterSettings } from '../settings.ts';
import { hashSlotOf, shardOfSlot } from '../slot.ts';
import { evaluateTransaction, isBlind, isReadOnly, type KeyEffect, keysOf, netEffects } from '../transaction.ts';
import type { Call } from './call.ts';
import type { ShardControl } from './shard-control.ts';

/** Version, in results, of what an install will write. No entry has it, and no condition asks for it. */
const TO_COME = Number.MAX_SAFE_INTEGER;

/** One shard's part. */
interface Part {
  readonly shard: ShardControl;
  readonly keys: string[];
  lock: Call | null;
  /** Version its effects got: the seq of its install. */
  version: number;
}

type Stage = 'locking' | 'gathering' | 'installing' | 'done';

export class Transaction implements MasterCall {
  readonly sink: Sink;
  readonly operation: TransactionOperation;
  readonly parts: readonly Part[];
  readonly entries = new Map<string, Entry>();
  stage: Stage = 'locking';
  /** Locks, gathers or installs still awaited. */
  awaited = 0;
  /** The caller was answered or gave up. */
  settled = false;
  result: Result | null = null;
  lostShard = -1;

  constructor(operation: TransactionOperation, sink: Sink, parts: readonly Part[]) {
    this.operation = operation;
    this.sink = sink;
    this.parts = parts;
  }
}

export class Transactions {
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;
  private readonly shards: readonly ShardControl[];
  private readonly open = new Set<Transaction>();
  private readonly done: (transaction: Transaction) => void;
  private now = 0;

  /** `done` hears of every transaction that ended, before its locks are let go. */
  constructor(
    settings: MasterSettings,
    outbox: MasterOutbox,
    shards: readonly ShardControl[],
    done: (transaction: Transaction) => void,
  ) {
    this.done = done;
    this.settings = settings;
    this.outbox = outbox;
    this.shards = shards;
  }

  get count(): number {
    return this.open.size;
  }

  /** Takes a transaction on. Of one shard it becomes that shard's call. */
  submit(operation: TransactionOperation, sink: Sink, now: number): MasterCall | null {
    this.now = now;
    const parts = this.partsOf(operation);
    if (parts.length === 0) {
      this.outbox.reply(sink, { ...plainResult(Status.ok, 0), items: [] });
      return null;
    }
    if (parts.length === 1) return parts[0]!.shard.submit(operation, sink);
    const lost = parts.find(({ shard }) => shard.lost);
    if (lost !== undefined) return this.refuse(sink, 'SHARD_LOST', `shard ${lost.shard.shard}`);
    const transaction = new Transaction(operation, sink, parts);
    this.open.add(transaction);
    transaction.awaited = parts.length;
    for (const part of parts) {
      part.lock = part.shard.queue.lock(operation, part.keys, this.lockSink(transaction));
      // The last lock may be given, and the transaction end, within that call: then this lock was not known to finish().
      if (part.lock !== null && transaction.stage === 'done') part.shard.queue.unlock(part.lock);
      if (part.lock !== null) continue;
      this.fail(transaction, 'BUSY', `shard ${part.shard.shard}`);
      break;
    }
    return transaction;
  }

  private refuse(sink: Sink, code: ErrorCode, details: string): null {
    this.outbox.fail(sink, code, details);
    return null;
  }

  private partsOf(operation: TransactionOperation): Part[] {
    const parts = new Map<number, Part>();
    for (const key of keysOf(operation)) {
      const shard = shardOfSlot(hashSlotOf(key), this.shards.length);
      const part = parts.get(shard) ?? { shard: this.shards[shard]!, keys: [], lock: null, version: 0 };
      parts.set(shard, part);
      part.keys.push(key);
    }
    return [...parts.values()];
  }

  giveUp(transaction: Transaction, reason: 'aborted' | 'timeout'): void {
    if (transaction.settled) return;
    transaction.settled = true;
    const decided = transaction.stage === 'installing';
    const codes = { aborted: ['ABORTED', 'ABORTED_IN_FLIGHT'], timeout: ['TIMEOUT', 'TIMEOUT_IN_FLIGHT'] } as const;
    this.outbox.fail(transaction.sink, codes[reason][decided ? 1 : 0], '');
    // Once decided it runs to its end; before, its locks are let go as soon as nothing of it is under way.
    if (transaction.stage === 'locking') this.finish(transaction);
  }

  // ---- locking --------------------------------------------------------------------------------------------------

  /** Locks are told by ShardControl through `onLocked`; their sink only says to whom they belong. */
  private lockSink(transaction: Transaction): LockSink {
    return { transaction, onResult: () => undefined, onError: () => undefined };
  }

  onLocked(lock: Call): void {
    const { transaction } = lock.sink as LockSink;
    if (transaction.stage !== 'locking') return;
    transaction.awaited -= 1;
    if (transaction.awaited > 0) return;
    if (isBlind(transaction.operation)) this.decide(transaction);
    else this.gather(transaction);
  }

  // ---- gathering ------------------------------------------------------------------------------------------------

  private gather(transaction: Transaction): void {
    transaction.stage = 'gathering';
    transaction.awaited = transaction.parts.length;
    for (const part of transaction.parts) {
      const sink: Sink = {
        onResult: (result) => this.onGathered(transaction, part, result),
        onError: () => undefined,
      };
      part.shard.queue.sendLocked({ verb: 'gather', key: '', keys: part.keys }, sink, transaction);
    }
  }

  private onGathered(transaction: Transaction, part: Part, result: Result): void {
    if (transaction.stage !== 'gathering') return;
    part.keys.forEach((key, at) => {
      const { status, value, kind, version, expiresAt } = result.items![at]!;
      if (status === Status.ok) transaction.entries.set(key, { value: value!, kind, version, expiresAt });
    });
    transaction.awaited -= 1;
    if (transaction.awaited > 0) return;
    if (transaction.settled) this.finish(transaction);
    else this.decide(transaction);
  }

  // ---- deciding and installing ----------------------------------------------------------------------------------

  private decide(transaction: Transaction): void {
    const { operation, entries } = transaction;
    const lost = transaction.parts.find(({ shard }) => shard.lost);
    if (lost !== undefined) return this.fail(transaction, 'SHARD_LOST', `shard ${lost.shard.shard}`);
    const reader: EntryReader = { get: (key) => entries.get(key) };
    const moment = { time: this.now, seq: TO_COME, maxValueBytes: this.settings.maxValueBytes };
    const { effects, result } = evaluateTransaction(operation, reader, moment);
    transaction.result = result;
    const writing = this.installsOf(transaction, effects, reader);
    if (writing.length === 0) return this.answer(transaction);
    if (writing.some(({ part, grows }) => grows && part.shard.refusesGrowth)) {
      return this.fail(transaction, 'OUT_OF_MEMORY', '');
    }
    this.install(transaction, writing);
  }

  private installsOf(transaction: Transaction, effects: readonly KeyEffect[], reader: EntryReader): Install[] {
    if (isReadOnly(transaction.operation)) return [];
    const byShard = new Map<Part, InstallOperation['effects'][number][]>();
    const partOf = new Map(transaction.parts.flatMap((part) => part.keys.map((key) => [key, part] as const)));
    for (const effect of netEffects(effects, reader)) {
      const part = partOf.get(effect.key)!;
      const list = byShard.get(part) ?? [];
      byShard.set(part, list);
      list.push(effect);
    }
    return [...byShard].map(([part, list]) => ({
      part,
      grows: list.some(({ type }) => type === 'put'),
      operation: { verb: 'install', key: '', effects: list },
    }));
  }

  private install(transaction: Transaction, writing: readonly Install[]): void {
    transaction.stage = 'installing';
    transaction.awaited = writing.length;
    for (const { part, operation } of writing) {
      const sink: Sink = {
        onResult: (result) => {
          part.version = result.version;
          this.onInstalled(transaction);
        },
        onError: () => this.onInstalled(transaction),
      };
      part.shard.queue.sendLocked(operation, sink, transaction);
    }
  }

  private onInstalled(transaction: Transaction): void {
    transaction.awaited -= 1;
    if (transaction.awaited > 0) return;
    if (transaction.lostShard < 0) return this.answer(transaction);
    this.fail(transaction, 'SHARD_LOST_IN_FLIGHT', `shard ${transaction.lostShard}`);
  }

  // ---- ending ---------------------------------------------------------------------------------------------------

  private answer(transaction: Transaction): void {
    const result = this.withVersions(transaction);
    if (!transaction.settled) this.outbox.reply(transaction.sink, result);
    transaction.settled = true;
    this.finish(transaction);
  }

  /** What was written got its version when it was installed; evaluation could only say that it is to come. */
  private withVersions(transaction: Transaction): Result {
    const { operation, parts } = transaction;
    const result = transaction.result!;
    const steps = result.status === Status.conditionFailed ? operation.otherwise : operation.then;
    const versions = new Map(parts.flatMap(({ keys, version }) => keys.map((key) => [key, version] as const)));
    const items = result.items!.map((item, at) => {
      return item.version === TO_COME ? { ...item, version: versions.get(steps[at]!.key)! } : item;
    });
    return { ...result, version: 0, items };
  }

  private fail(transaction: Transaction, code: ErrorCode, details: string): void {
    if (!transaction.settled) this.outbox.fail(transaction.sink, code, details);
    transaction.settled = true;
    this.finish(transaction);
  }

  private finish(transaction: Transaction): void {
    transaction.stage = 'done';
    this.open.delete(transaction);
    this.done(transaction);
    for (const { shard, lock } of transaction.parts) if (lock !== null) shard.queue.unlock(lock);
  }

  /** Every copy of a shard is gone: its locks and whatever was under way in it went with its queue. */
  onShardLost(shard: ShardControl): void {
    for (const transaction of [...this.open]) {
      const part = transaction.parts.find((one) => one.shard === shard);
      if (part === undefined) continue;
      part.lock = null;
      transaction.lostShard = shard.shard;
      if (transaction.stage !== 'installing') this.fail(transaction, 'SHARD_LOST', `shard ${shard.shard}`);
    }
  }

  /** The cluster closes: nothing is answered any more. */
  close(): void {
    for (const transaction of this.open) {
      const decided = transaction.stage === 'installing';
      if (!transaction.settled) this.outbox.fail(transaction.sink, decided ? 'CLOSED_IN_FLIGHT' : 'CLOSED', '');
      transaction.settled = true;
    }
    this.open.clear();
  }

  /** The moment transactions decided in this turn are evaluated at. */
  setTime(now: number): void {
    this.now = now;
  }
}

interface LockSink extends Sink {
  readonly transaction: Transaction;
}

interface Install {
  readonly part: Part;
  readonly grows: boolean;
  readonly operation: InstallOperation;
}
