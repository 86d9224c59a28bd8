/**
 * MasterDriver: runs the master machine on the main thread: calls and batches in, outputs carried out, one real timer.
 *
 * Owns      the machine, the order of its outputs, its turns and its timer, how many calls are in flight.
 * Does not  know threads (fleet.ts) or what operations mean.
 * Invariants
 *   MD1  outputs are carried out in the order they were emitted, after the machine's call returned: a sink, a note's
 *       listener or a spawn may therefore call in here again. Sends are encoded at once and posted once a turn.
 *   MD2  what a sink or a listener throws reaches the process as an uncaught exception and disturbs nobody else's answer.
 *   MD3  once the machine has thrown it is not asked again, except to fail what is in flight.
 *   MD4  an entry with a deadline is answered at once by the time it is, not by the turn's: thousands of such reads in one turn, or a
 *        thread that was kept waiting in it, would else show what expired milliseconds ago.
 * Why one time a turn: reading the clock costs 40 ns, a fiftieth of a whole replicated put. It is refreshed as each turn
 * ends and stands still in between; batches bear the time at which they are posted.
 */

import { decodeBatch } from '../../core/codec/decoder.ts';
import { Reader } from '../../core/codec/reader.ts';
import type { Batch } from '../../core/codec/writer.ts';
import type { Change } from '../../core/data/change.ts';
import type { KeyReadOperation, Operation } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import type { WatchFilter } from '../../core/data/watch-filter.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import type { Heartbeat } from '../../core/protocol/heartbeat.ts';
import { MASTER, type NodeId, type Seat, type ShardId } from '../../core/protocol/ids.ts';
import { invariant } from '../../core/protocol/invariant.ts';
import type {
  KeyInPlace,
  MasterCall,
  MasterMachine,
  MasterWatch,
  MemoryLimitChange,
  ValueInPlace,
} from '../../core/protocol/machines.ts';
import type { Message } from '../../core/protocol/messages.ts';
import type { DeathReason, Note } from '../../core/protocol/notes.ts';
import type { MasterOutbox, Sink, WatchSink } from '../../core/protocol/outbox.ts';
import { NATIVE } from '../memory/native.ts';
import type { Failure, MasterInputs } from '../runtime.ts';
import type { KeepAlive } from '../threads/keep-alive.ts';
import type { BatchSender } from './batch-sender.ts';
import { KnownAnswers, throwLater } from './known-answers.ts';

/** Outputs that are rare enough to be objects. */
type RareOutput =
  | { readonly type: 'fail'; readonly sink: Sink; readonly failure: Failure }
  | { readonly type: 'spawn'; readonly node: NodeId }
  | { readonly type: 'terminate'; readonly node: NodeId }
  | { readonly type: 'note'; readonly note: Note }
  | { readonly type: 'watch-started'; readonly sink: WatchSink; readonly positions: ReadonlyMap<ShardId, number> }
  | { readonly type: 'changes'; readonly sink: WatchSink; readonly changes: readonly Change[] }
  | { readonly type: 'watch-progress'; readonly sink: WatchSink; readonly places: ReadonlyMap<ShardId, number> }
  | { readonly type: 'watch-ended'; readonly sink: WatchSink; readonly failure: Failure }
  | { readonly type: 'fatal'; readonly error: Error };

/** What the driver needs done that is not its own. */
export interface DriverListener {
  spawn(node: NodeId): void;
  terminate(node: NodeId): void;
  /** Of all nodes that are up, as they are now. */
  heartbeats(): readonly Heartbeat[];
  note(note: Note): void;
  /** The machine threw; what was in flight has been failed. */
  fatal(error: Error): void;
}

export interface MasterDriverParts<M extends MasterMachine> {
  readonly createMaster: (outbox: MasterOutbox) => M;
  readonly sender: BatchSender;
  readonly keepAlive: KeepAlive;
  readonly listener: DriverListener;
}

/** setTimeout takes more for 1 ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Master time: ms since the epoch by the monotonic clock. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}

export class MasterDriver<M extends MasterMachine> implements MasterInputs, MasterOutbox {
  readonly machine: M;
  /** Calls that failed since the start, by code. */
  readonly failures = new Map<ErrorCode, number>();
  private readonly sender: BatchSender;
  private readonly reader = new Reader(NATIVE);
  private readonly keepAlive: KeepAlive;
  private readonly listener: DriverListener;
  /** Outputs not yet carried out, in order: a reply is its sink here and its result there; the rest null and the output. */
  private sinks: (Sink | null)[] = [];
  private payloads: (Result | RareOutput)[] = [];
  private draining = false;
  private readonly knownAnswers = new KnownAnswers();
  private turnWanted = false;
  /** This turn's time; 0 = not read yet. */
  private turnTime = 0;
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  private state: 'open' | 'broken' | 'closed' = 'open';

  constructor(parts: MasterDriverParts<M>) {
    this.sender = parts.sender;
    this.keepAlive = parts.keepAlive;
    this.listener = parts.listener;
    this.machine = parts.createMaster(this);
  }

  // ---- inputs ----------------------------------------------------------------------------------------------------

  start(): void {
    this.input((now) => this.machine.start(now));
  }

  submit(shard: ShardId, operation: Operation, sink: Sink): MasterCall {
    if (this.state === 'broken') {
      sink.onError('CLOSED', 'the master failed');
      return { sink };
    }
    this.keepAlive.hold();
    let call: MasterCall | undefined;
    try {
      call = this.machine.submit(shard, operation, sink, this.now());
    } catch (error) {
      this.breakDown(error, sink);
    }
    this.drain();
    return call ?? { sink };
  }

  // ---- what is known at once ---------------------------------------------------------------------------------------

  /** Answers a read from the cache; false if it must be submitted. The sink is called soon, and never within this call. */
  readAtOnce(operation: KeyReadOperation, sink: Sink): boolean {
    const result = this.known(operation);
    if (result === null) return false;
    this.knownAnswers.tell(sink, result);
    return true;
  }

  private known(operation: KeyReadOperation): Result | null {
    if (this.state !== 'open') return null;
    try {
      return this.machine.readAtOnce(operation, this.readClock);
    } catch (error) {
      this.breakDown(error);
      this.drain();
      return null;
    }
  }

  /** The value kept under this name ({@link keepCopy}) if it may be answered now; undefined = it is not kept, null = submit the read. */
  copyAtOnce(name: string): unknown {
    if (this.state !== 'open' || !this.knownAnswers.mayAnswer()) return null;
    return this.machine.copyAtOnce(name, this.readClock);
  }

  /** A read from the cache that is its caller's at once. Null: submit it. */
  entryAtOnce(operation: KeyReadOperation): Result | null {
    return this.knownAnswers.mayAnswer() ? this.known(operation) : null;
  }

  showAtOnce(key: KeyInPlace, longest: number): ValueInPlace | null {
    if (this.state !== 'open' || !this.knownAnswers.mayAnswer()) return null;
    try {
      return this.machine.showAtOnce(key, longest, this.readClock);
    } catch (error) {
      this.breakDown(error);
      this.drain();
      return null;
    }
  }

  valueBound(shard: ShardId, key: string): number {
    return this.state === 'open' ? this.machine.valueBound(shard, key) : 0;
  }

  keepCopy(name: string, key: string, value: unknown): void {
    this.machine.keepCopy(name, key, value);
  }

  /** MD4. Begins a turn. */
  private readonly readClock = (): number => Math.max(this.now(), clock());

  /** A watch keeps no process alive: it is for those who live for another reason. */
  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): MasterWatch {
    let watch: MasterWatch = { sink };
    if (this.state === 'open') this.input(() => (watch = this.machine.watch(filter, from, sink)));
    else sink.onEnd('CLOSED', '');
    return watch;
  }

  unwatch(watch: MasterWatch): void {
    this.input((now) => this.machine.unwatch(watch, now));
  }

  giveUp(call: MasterCall, reason: 'aborted' | 'timeout'): void {
    this.input((now) => this.machine.giveUp(call, reason, now));
  }

  readonly onBatch = (batch: Batch): void => {
    if (this.state !== 'open') return;
    this.now();
    try {
      decodeBatch(batch, this.reader, this.receive);
    } catch (error) {
      this.breakDown(error);
    }
    this.drain();
  };

  onReady(node: NodeId): void {
    this.input((now) => this.machine.nodeReady(node, now));
  }

  onDied(node: NodeId, reason: DeathReason, detail: string): void {
    this.input((now) => this.machine.nodeDied(node, reason, detail, now));
  }

  /** Something was posted to a node: a batch at the end of a turn, or anything else at any time. */
  onSent(): void {
    if (this.state !== 'open') return;
    this.machine.posted(this.turnTime === 0 ? clock() : this.turnTime);
    // In a turn its end does this.
    if (this.turnTime === 0) this.setTimer();
  }

  resetShard(shard: ShardId): void {
    this.input((now) => this.machine.resetShard(shard, now));
  }

  reviveSeat(seat: Seat): void {
    this.input((now) => this.machine.reviveSeat(seat, now));
  }

  /** A call like any other: the process lives until it is answered. */
  setMemoryLimit(limit: MemoryLimitChange, sink: Sink): void {
    if (this.state !== 'open') return sink.onError('CLOSED', '');
    this.keepAlive.hold();
    this.input((now) => this.machine.setMemoryLimit(limit, sink, now), sink);
  }

  /** Fails everything in flight; afterwards only submit is still answered (with CLOSED, by the machine). */
  close(): void {
    this.input(() => this.machine.close());
    if (this.state === 'open') this.state = 'closed';
    clearTimeout(this.timer);
  }

  private readonly receive = (from: NodeId, message: Message): void => {
    this.machine.receive(from, message, this.turnTime);
  };

  /** `sink`: of a call that this is, and that must be answered even if the machine throws. */
  private input(call: (now: number) => void, sink?: Sink): void {
    if (this.state !== 'open') return;
    try {
      call(this.now());
    } catch (error) {
      this.breakDown(error, sink);
    }
    this.drain();
  }

  // ---- outputs ---------------------------------------------------------------------------------------------------

  send(to: NodeId, message: Message): void {
    invariant(to !== MASTER, 'the master sends to nodes');
    // A dead node's link is gone already, and what is sent to the dead is lost anyway.
    this.sender.send(to, message, this.turnTime);
  }

  reply(sink: Sink, result: Result): void {
    this.sinks.push(sink);
    this.payloads.push(result);
  }

  fail(sink: Sink, code: ErrorCode, details: string): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
    this.emit({ type: 'fail', sink, failure: { code, details } });
  }

  watchStarted(sink: WatchSink, positions: ReadonlyMap<ShardId, number>): void {
    this.emit({ type: 'watch-started', sink, positions });
  }

  changes(sink: WatchSink, changes: readonly Change[]): void {
    this.emit({ type: 'changes', sink, changes });
  }

  watchProgress(sink: WatchSink, places: ReadonlyMap<ShardId, number>): void {
    this.emit({ type: 'watch-progress', sink, places });
  }

  watchEnded(sink: WatchSink, code: Failure['code'], details: string): void {
    this.emit({ type: 'watch-ended', sink, failure: { code, details } });
  }

  spawn(node: NodeId): void {
    this.emit({ type: 'spawn', node });
  }

  terminate(node: NodeId): void {
    this.emit({ type: 'terminate', node });
  }

  note(note: Note): void {
    this.emit({ type: 'note', note });
  }

  private emit(output: RareOutput): void {
    this.sinks.push(null);
    this.payloads.push(output);
  }

  /** Carries out what was emitted, and what that causes in turn. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    while (this.sinks.length > 0) {
      const { sinks, payloads } = this;
      this.sinks = [];
      this.payloads = [];
      for (let i = 0; i < sinks.length; i++) this.carryOut(sinks[i]!, payloads[i]!);
    }
    this.draining = false;
  }

  private carryOut(sink: Sink | null, payload: Result | RareOutput): void {
    try {
      if (sink !== null) {
        this.keepAlive.release();
        sink.onResult(payload as Result);
      } else this.carryOutRare(payload as RareOutput);
    } catch (error) {
      throwLater(error);
    }
  }

  private carryOutRare(output: RareOutput): void {
    switch (output.type) {
      case 'fail':
        this.keepAlive.release();
        output.sink.onError(output.failure.code, output.failure.details);
        break;
      case 'watch-started':
        output.sink.onStart(output.positions);
        break;
      case 'changes':
        output.sink.onChanges(output.changes);
        break;
      case 'watch-progress':
        output.sink.onProgress(output.places);
        break;
      case 'watch-ended':
        output.sink.onEnd(output.failure.code, output.failure.details);
        break;
      case 'spawn':
        this.listener.spawn(output.node);
        break;
      case 'terminate':
        this.listener.terminate(output.node);
        break;
      case 'note':
        this.listener.note(output.note);
        break;
      case 'fatal':
        this.listener.fatal(output.error);
        break;
    }
  }

  // ---- turns and time --------------------------------------------------------------------------------------------

  /** This turn's time. Whoever asks begins a turn, at whose end batches are posted and the timer is set. */
  private now(): number {
    if (this.turnTime === 0) this.turnTime = clock();
    if (!this.turnWanted) {
      this.turnWanted = true;
      setImmediate(this.endTurn);
    }
    return this.turnTime;
  }

  private readonly endTurn = (): void => {
    this.turnTime = clock();
    if (this.state === 'open') this.input((now) => this.machine.endTurn(now));
    this.turnWanted = false;
    this.sender.flush(this.turnTime);
    this.turnTime = 0;
    if (this.state === 'open') this.setTimer();
    this.keepAlive.settle();
  };

  /** A timer set too early costs one look; only a deadline that came nearer needs a new one. */
  private setTimer(): void {
    const deadline = this.machine.nextDeadline();
    if (deadline >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = deadline;
    // Rounded up: a timer that fires before its deadline would have to be set again.
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(0, Math.ceil(deadline - clock())));
    this.timer = setTimeout(this.onTimer, delayMs);
    this.timer.unref();
  }

  private readonly onTimer = (): void => {
    this.timerAt = Number.POSITIVE_INFINITY;
    this.input(() => {
      // Of this moment, as heartbeats are: a turn that was begun before may have taken long.
      this.turnTime = clock();
      if (this.turnTime >= this.machine.nextDeadline()) this.machine.tick(this.turnTime, this.listener.heartbeats());
    });
  };

  // ---- the end ---------------------------------------------------------------------------------------------------

  /**
   * The machine threw: a bug, and its state means nothing any more. Callers hear of it now instead of waiting for ever;
   * the one whose call broke it too, whom the machine may not have known yet.
   */
  private breakDown(thrown: unknown, submitting?: Sink): void {
    if (this.state === 'broken') return;
    this.state = 'broken';
    clearTimeout(this.timer);
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    try {
      this.machine.close();
    } catch (second) {
      error.message += ` (and calls in flight could not be failed: ${String(second)})`;
    }
    const isKnown = this.payloads.some((output, i) => {
      return this.sinks[i] === submitting || ('sink' in output && output.sink === submitting);
    });
    if (submitting !== undefined && !isKnown) this.fail(submitting, 'CLOSED_IN_FLIGHT', '');
    this.emit({ type: 'fatal', error });
  }
}
