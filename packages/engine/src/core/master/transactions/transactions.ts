/**
 * Transactions: the coordinator of transactions over several shards. (Over one shard: the primary evaluates them in one
 * request, and the master only orders them by all their keys: shard-queue.ts.)
 *
 * | stage      | has                                        | next                                                              |
 * |------------|--------------------------------------------|-------------------------------------------------------------------|
 * | none       | nothing                                    | blind, and its keys are free in all shards → installing (TT6); else locking |
 * | locking    | some of its locks                          | all granted → gathering; blind → installing                       |
 * | gathering  | all locks; reads in flight at the tails    | all answered → evaluate: read-only or no effect → done; else installing |
 * | installing | all locks, or none (TT6); its effects numbered in each shard that has any | all answered → done                |
 * | done       | nothing                                    |                                                                   |
 *
 * On node failure                nothing to do here. The gather and install operations are the shard's like any other: resent in
 *                                order, applied exactly once (the one recovery rule).
 * On loss of a shard             before installing: the transaction fails whole, nothing is written. While installing: its other
 *                                shards get their part (it was decided), the caller receives SHARD_LOST_IN_FLIGHT.
 * On coordinator failure         nothing: the master dies only with the process.
 *
 * Owns      locks held by transactions, the decision.
 * Does not  evaluate (transaction.ts), order single operations (shard-queue.ts), know chains (shard-control.ts).
 * Invariants (TR1 and TR2: core/data/transaction.ts)
 *   TT3  Locks are requested in all shards in one step, and each shard's queue is first come, first served: a transaction
 *       waits only for earlier arrivals. So there is no deadlock, and no need to detect or break one.
 *   TT4  From the last lock granted to the last install answered no other operation reads or writes the keys: the transaction
 *       takes effect at one point between the two, in real-time order (strict serializability). The primary's own
 *       records (expiry, eviction) may come between: they change nothing that was evaluated at the transaction's time.
 *   TT5  Installing is decided only when every shard concerned is alive and, as its nodes report, has room.
 *   TT6  Without locks its effects are numbered in all shards in one step, or in none: only if each part could be numbered at
 *       once, with credit, and no watcher wants what was there before. Whatever arrives later is ordered behind its part in
 *       every shard; so it takes effect at that step, and no reader sees half of it.
 * Why not two-phase commit with prepared records: the coordinator here cannot fail without the process, and what every
 * request already has (a number, being resent) is all that a prepared record would add.
 */

import { keysOf } from '../../data/group/keys.ts';
import { TRANSACTION_OUTCOME_BYTES_MAX } from '../../data/group/limits.ts';
import type { Entry, InstallOperation, TransactionOperation } from '../../data/operation.ts';
import { type EntryReader, readerOf, type SizedHead } from '../../data/reader.ts';
import { type PutEffect, type RemoveEffect, Watched } from '../../data/record.ts';
import { itemsResult, type Result, Status } from '../../data/result.ts';
import {
  evaluateTransaction,
  isBlind,
  isReadOnly,
  type KeyEffect,
  netEffects,
  toldBytes,
  valuedKeysOf,
} from '../../data/transaction.ts';
import { type ErrorCode, failureOf } from '../../protocol/errors.ts';
import { invariant } from '../../protocol/invariant.ts';
import type { MasterCall } from '../../protocol/machines.ts';
import type { MasterOutbox, Sink } from '../../protocol/outbox.ts';
import type { MasterSettings } from '../../protocol/settings.ts';
import { hashSlotOf, shardOfSlot } from '../../protocol/slot.ts';
import type { Call } from '../shard/call.ts';
import type { ShardControl } from '../shard/shard-control.ts';
import type { Tally } from '../tally.ts';
import type { Watches } from '../watch/watches.ts';

/** Version, in results, of what an install will write. No entry has it, and no condition names it. */
const TO_COME = Number.MAX_SAFE_INTEGER;

type Stage = 'locking' | 'gathering' | 'installing' | 'done';

/** The sink of a part's own operations in its shard. */
interface PartListener {
  onGathered(transaction: Transaction, part: Part, result: Result): void;
  onInstalled(transaction: Transaction): void;
}

/** One shard's part, and the sink of its lock, its gather and its install, one after the other. */
class Part implements Sink {
  readonly shard: ShardControl;
  keys: string[] = [];
  /** So many of them, the first ones, are gathered with their values. */
  valued = 0;
  transaction: Transaction;
  lock: Call | null = null;
  /** Its install is in flight, and not its lock or gather. */
  installing = false;
  /** Version its effects got: the seq of its install. */
  version = 0;
  private readonly listener: PartListener;

  constructor(shard: ShardControl, transaction: Transaction, listener: PartListener) {
    this.shard = shard;
    this.transaction = transaction;
    this.listener = listener;
  }

  onResult(result: Result): void {
    if (this.installing) {
      this.version = result.version;
      this.listener.onInstalled(this.transaction);
    } else this.listener.onGathered(this.transaction, this, result);
  }

  /** The shard was lost: onShardLost has seen to the rest. */
  onError(): void {
    if (this.installing) this.listener.onInstalled(this.transaction);
  }
}

export class Transaction implements MasterCall {
  readonly sink: Sink;
  readonly operation: TransactionOperation;
  readonly parts: Part[] = [];
  /** Of all its keys that have an entry, and of those whose values it needs. */
  readonly heads = new Map<string, SizedHead>();
  readonly entries = new Map<string, Entry>();
  stage: Stage = 'locking';
  /** Locks, gathers or installs still awaited. */
  awaited = 0;
  /** The caller was answered or gave up. */
  settled = false;
  result: Result | null = null;
  lostShard = -1;
  /** Its keys hold more than a transaction may read. */
  tooLarge = false;

  constructor(operation: TransactionOperation, sink: Sink) {
    this.operation = operation;
    this.sink = sink;
  }

  /** It may be applied though nobody answered it. */
  get decided(): boolean {
    return this.stage === 'installing';
  }
}

export class Transactions {
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;
  private readonly shards: readonly ShardControl[];
  private readonly open = new Set<Transaction>();
  private readonly watches: Watches;
  private readonly tally: Tally;
  private now = 0;

  /** `watches` is notified of every transaction that ended, before its locks are released. */
  constructor(
    settings: MasterSettings,
    outbox: MasterOutbox,
    shards: readonly ShardControl[],
    watches: Watches,
    tally: Tally,
  ) {
    this.watches = watches;
    this.tally = tally;
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
    const keys = keysOf(operation);
    if (keys.length === 0) {
      this.outbox.reply(sink, itemsResult(Status.ok, 0, []));
      return null;
    }
    const only = this.onlyShardOf(keys);
    if (only !== null) return only.submit(operation, sink);
    const transaction = new Transaction(operation, sink);
    this.part(transaction, keys);
    const lost = transaction.parts.find(({ shard }) => shard.lost);
    if (lost !== undefined) return this.refuse(sink, 'SHARD_LOST', `shard ${lost.shard.shard}`);
    this.open.add(transaction);
    if (!this.installAtOnce(transaction)) this.askForLocks(transaction);
    return transaction;
  }

  /** TT6. False: it needs locks, or to be refused, which is decided when it has them. */
  private installAtOnce(transaction: Transaction): boolean {
    if (!this.isBlind(transaction)) return false;
    const installs = this.evaluate(transaction, this.readerOf(transaction));
    if (installs.length === 0 || installs.some(isRefused)) return false;
    const calls: Call[] = [];
    for (const { part, operation } of installs) {
      const call = part.shard.queue.callIfFree(operation, part, transaction);
      if (call === null) return false;
      calls.push(call);
    }
    this.beginInstalling(transaction, installs);
    for (const call of calls) this.shards[call.shard]!.queue.sendFree(call);
    return true;
  }

  private askForLocks(transaction: Transaction): void {
    const { operation, parts } = transaction;
    transaction.awaited = parts.length;
    for (const part of parts) {
      part.lock = part.shard.queue.lock(operation, part.keys, part);
      // The last lock may be given, and the transaction end, within that call: then this lock was not known to finish().
      if (part.lock !== null && transaction.stage === 'done') part.shard.queue.unlock(part.lock);
      if (part.lock !== null) continue;
      this.fail(transaction, 'BUSY', `shard ${part.shard.shard}`);
      break;
    }
  }

  private refuse(sink: Sink, code: ErrorCode, details: string): null {
    this.outbox.fail(sink, code, details);
    return null;
  }

  private shardOf(key: string): ShardControl {
    return this.shards[shardOfSlot(hashSlotOf(key), this.shards.length)]!;
  }

  private onlyShardOf(keys: readonly string[]): ShardControl | null {
    const shard = this.shardOf(keys[0]!);
    for (let at = 1; at < keys.length; at++) if (this.shardOf(keys[at]!) !== shard) return null;
    return shard;
  }

  private part(transaction: Transaction, keys: readonly string[]): void {
    const { parts } = transaction;
    for (const key of keys) {
      let part = this.partOf(transaction, key);
      if (part === undefined) {
        part = new Part(this.shardOf(key), transaction, this);
        parts.push(part);
      }
      part.keys.push(key);
    }
  }

  /** Found by shard: a transaction has at most as many parts as there are shards, but perhaps a thousand keys. */
  private partOf({ parts }: Transaction, key: string): Part | undefined {
    const shard = this.shardOf(key);
    for (const part of parts) if (part.shard === shard) return part;
    return undefined;
  }

  giveUp(transaction: Transaction, reason: 'aborted' | 'timeout'): void {
    if (transaction.settled) return;
    transaction.settled = true;
    this.outbox.fail(transaction.sink, failureOf(reason, transaction.decided), '');
    // Once decided it runs to its end; before, its locks are released as soon as nothing of it is in flight.
    if (transaction.stage === 'locking') this.finish(transaction);
  }

  // ---- locking --------------------------------------------------------------------------------------------------

  onLocked(lock: Call): void {
    const { transaction } = lock.sink as Part;
    if (transaction.stage !== 'locking') return;
    transaction.awaited -= 1;
    if (transaction.awaited > 0) return;
    if (this.isBlind(transaction)) this.decide(transaction);
    else this.gather(transaction);
  }

  /** Nothing has to be read for it. */
  private isBlind(transaction: Transaction): boolean {
    return isBlind(transaction.operation) && !this.tellsPrevious(transaction);
  }

  private tellsPrevious({ operation }: Transaction): boolean {
    return this.watches.watchedKeys(keysOf(operation)) === Watched.withPrevious;
  }

  // ---- gathering ------------------------------------------------------------------------------------------------

  private gather(transaction: Transaction): void {
    transaction.stage = 'gathering';
    transaction.awaited = transaction.parts.length;
    const valued = valuedKeysOf(transaction.operation);
    for (const part of transaction.parts) {
      const whole = part.keys.filter((key) => valued.has(key));
      const heads = part.keys.filter((key) => !valued.has(key));
      part.keys = [...whole, ...heads];
      part.valued = whole.length;
      const gather = { verb: 'gather', key: '', keys: part.keys, heads: heads.length } as const;
      part.shard.queue.sendLocked(gather, part, transaction);
    }
  }

  /** Of its part. */
  onGathered(transaction: Transaction, part: Part, result: Result): void {
    if (transaction.stage !== 'gathering') return;
    if (result.status !== Status.ok) transaction.tooLarge = true;
    else this.keepGathered(transaction, part, result.items!);
    transaction.awaited -= 1;
    if (transaction.awaited > 0) return;
    if (transaction.settled) this.finish(transaction);
    else if (transaction.tooLarge) {
      transaction.result = itemsResult(Status.valueTooLarge, 0, []);
      this.answer(transaction);
    } else this.decide(transaction);
  }

  private keepGathered({ entries, heads }: Transaction, { keys, valued }: Part, items: readonly Result[]): void {
    keys.forEach((key, at) => {
      const { status, value, kind, version, expiresAt } = items[at]!;
      if (status !== Status.ok) return;
      const isWhole = at < valued;
      if (isWhole) entries.set(key, { value: value!, kind, version, expiresAt });
      heads.set(key, { kind, version, expiresAt, valueBytes: isWhole ? value!.length : Number(value) });
    });
  }

  private readerOf({ entries, heads }: Transaction): EntryReader {
    const get = (key: string): Entry | undefined => {
      const entry = entries.get(key);
      invariant(entry !== undefined || !heads.has(key), 'a value that is read was gathered');
      return entry;
    };
    return { ...readerOf(get), head: (key) => heads.get(key) };
  }

  // ---- deciding and installing ----------------------------------------------------------------------------------

  private decide(transaction: Transaction): void {
    const lost = transaction.parts.find(({ shard }) => shard.lost);
    if (lost !== undefined) return this.fail(transaction, 'SHARD_LOST', `shard ${lost.shard.shard}`);
    const reader = this.readerOf(transaction);
    const installs = this.evaluate(transaction, reader);
    if (installs.length === 0) return this.answer(transaction);
    if (this.tellsPrevious(transaction) && installs.some((one) => tellsTooMuch(one, reader))) {
      return this.fail(transaction, 'TRANSACTION_TOO_LARGE', 'watchers ask for what was there before');
    }
    if (installs.some(isRefused)) return this.fail(transaction, 'OUT_OF_MEMORY', '');
    this.install(transaction, installs);
  }

  /** Sets its result; what it writes, by shard. */
  private evaluate(transaction: Transaction, reader: EntryReader): Install[] {
    const moment = { time: this.now, seq: TO_COME, maxValueBytes: this.settings.maxValueBytes };
    const { effects, result } = evaluateTransaction(transaction.operation, reader, moment);
    transaction.result = result;
    return this.installsOf(transaction, effects, reader);
  }

  private installsOf(transaction: Transaction, effects: readonly KeyEffect[], reader: EntryReader): Install[] {
    if (isReadOnly(transaction.operation)) return [];
    const installs: Install[] = [];
    for (const effect of netEffects(effects, reader)) {
      const part = this.partOf(transaction, effect.key)!;
      let install = installs.find((one) => one.part === part);
      if (install === undefined) {
        install = { part, grows: false, operation: { verb: 'install', key: '', effects: [] } };
        installs.push(install);
      }
      install.operation.effects.push(effect);
      if (effect.type === 'put') install.grows = true;
    }
    return installs;
  }

  private install(transaction: Transaction, installs: readonly Install[]): void {
    this.beginInstalling(transaction, installs);
    for (const { part, operation } of installs) part.shard.queue.sendLocked(operation, part, transaction);
  }

  private beginInstalling(transaction: Transaction, installs: readonly Install[]): void {
    transaction.stage = 'installing';
    transaction.awaited = installs.length;
    for (const { part } of installs) part.installing = true;
  }

  /** Of one of its parts, or will never be. */
  onInstalled(transaction: Transaction): void {
    transaction.awaited -= 1;
    if (transaction.awaited > 0) return;
    if (transaction.lostShard < 0) return this.answer(transaction);
    this.fail(transaction, failureOf('lost', true), `shard ${transaction.lostShard}`);
  }

  // ---- ending ---------------------------------------------------------------------------------------------------

  private answer(transaction: Transaction): void {
    const result = this.withVersions(transaction);
    this.tally.count(transaction.operation, result);
    if (!transaction.settled) this.outbox.reply(transaction.sink, result);
    transaction.settled = true;
    this.finish(transaction);
  }

  /** What was written got its version when it was installed; evaluation could only say that it is to come. */
  private withVersions(transaction: Transaction): Result {
    const { operation } = transaction;
    const { status, items } = transaction.result!;
    const steps = status === Status.conditionFailed ? operation.otherwise : operation.then;
    const versioned = items!.map((item, at) => {
      if (item.version !== TO_COME) return item;
      return { ...item, version: this.partOf(transaction, steps[at]!.key)!.version };
    });
    return itemsResult(status, 0, versioned);
  }

  private fail(transaction: Transaction, code: ErrorCode, details: string): void {
    if (!transaction.settled) this.outbox.fail(transaction.sink, code, details);
    transaction.settled = true;
    this.finish(transaction);
  }

  private finish(transaction: Transaction): void {
    transaction.stage = 'done';
    this.open.delete(transaction);
    this.watches.groupDone(transaction);
    for (const { shard, lock } of transaction.parts) if (lock !== null) shard.queue.unlock(lock);
  }

  /** Every copy of a shard is gone: its locks and operations in flight went with its queue. */
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
      if (!transaction.settled) this.outbox.fail(transaction.sink, failureOf('closed', transaction.decided), '');
      transaction.settled = true;
    }
    this.open.clear();
  }

  /** The moment transactions decided in this turn are evaluated at. */
  setTime(now: number): void {
    this.now = now;
  }
}

interface Install {
  readonly part: Part;
  grows: boolean;
  readonly operation: InstallOperation & { readonly effects: (PutEffect | RemoveEffect)[] };
}

/** A node of its shard is full. */
function isRefused({ part, grows }: Install): boolean {
  return grows && part.shard.refusesGrowth;
}

function tellsTooMuch({ operation }: Install, reader: EntryReader): boolean {
  return (
    toldBytes(operation.effects, Watched.withPrevious, reader) > TRANSACTION_OUTCOME_BYTES_MAX &&
    operation.effects.length > 1
  );
}
