/**
 * PortExecutor: the application's end of a handle, a Executor like any other for the Store on top of it.
 *
 * Owns      the port, the calls in flight.
 * Giving up A call given up is settled here at once, so that a timeout holds even if the main thread is busy; the other
 *           end is told, and its answer is ignored. What it was doing is not known here: a write counts as in flight.
 * Ends      with close(), or when the other end closes: what is in flight fails with CLOSED or CLOSED_IN_FLIGHT.
 * Keep-alive The port keeps the thread alive only while somebody waits for an answer, or holds it.
 * Bounded   Ports have no back-pressure, so calls and bytes in flight are counted here, and refused with BUSY.
 */
import type { MessagePort } from 'node:worker_threads';
import { writeOperation } from '../../core/codec/operations.ts';
import { Reader } from '../../core/codec/reader.ts';
import { readResult } from '../../core/codec/records.ts';
import type { Batch, Writer } from '../../core/codec/writer.ts';
import type { Operation } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import { costOf } from '../../core/data/row.ts';
import { rowOf } from '../../core/data/verbs.ts';
import type { WatchFilter } from '../../core/data/watch-filter.ts';
import { type ErrorCode, failureOf } from '../../core/protocol/errors.ts';
import type { ShardId } from '../../core/protocol/ids.ts';
import type { WatchSink } from '../../core/protocol/outbox.ts';
import { hashSlotOf, shardOfSlot } from '../../core/protocol/slot.ts';
import { NATIVE } from '../../runtime/memory/native.ts';
import type { ExecutorLimits, PendingCall, PendingWatch, Sink, StoreExecutor } from '../executor.ts';
import { PortBatch } from './port-batch.ts';
import { PortWatches } from './port-watches.ts';
import {
  FAILED,
  FOR_SHARD,
  GIVE_UP_ABORTED,
  GIVE_UP_TIMEOUT,
  type Greeting,
  IMPLIED_VERSION,
  monotonicMs,
  readFailure,
  WATCH_PROGRESS,
  WATCH_STARTED,
} from './port-wire.ts';

export class PortExecutor implements StoreExecutor {
  readonly cluster: string;
  readonly limits: ExecutorLimits;
  readonly shards: number;
  readonly #port: MessagePort;
  readonly #greeting: Greeting;
  /** By slot; a call stays until its answer comes, given up or not. */
  readonly #calls: (PortCall | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #watches = new PortWatches((id, code, rest) => this.#request(id, code, rest));
  readonly #reader = new Reader(NATIVE);
  readonly #requests: PortBatch;
  /** Calls somebody waits for. */
  #waiting = 0;
  #pendingCalls = 0;
  #pendingBytes = 0;
  #closed = false;

  constructor(port: MessagePort, greeting: Greeting) {
    this.#port = port;
    this.#greeting = greeting;
    this.#requests = new PortBatch(port);
    this.cluster = greeting.cluster;
    this.shards = greeting.shards;
    this.limits = { maxKeyBytes: greeting.maxKeyBytes, maxValueBytes: greeting.maxValueBytes };
    port.on('message', (batch: Batch) => this.#onBatch(batch));
    port.on('close', () => this.#end());
    port.unref();
  }

  now(): number {
    return monotonicMs() + this.#greeting.clockOffsetMs;
  }

  shardOf(key: string): ShardId {
    return shardOfSlot(hashSlotOf(key), this.shards);
  }

  submit(operation: Operation, sink: Sink): PendingCall {
    const call = this.#take(operation, sink);
    if (call.done) return call;
    const { out } = this.#requests;
    out.word(call.slot);
    writeOperation(out, operation);
    this.#requests.added(call.bytes);
    return call;
  }

  submitToShard(shard: ShardId, operation: Operation, sink: Sink): PendingCall {
    const call = this.#take(operation, sink);
    if (call.done) return call;
    const { out } = this.#requests;
    out.word(call.slot);
    out.word(FOR_SHARD);
    out.word(shard);
    writeOperation(out, operation);
    this.#requests.added(call.bytes);
    return call;
  }

  giveUp(call: PendingCall, reason: 'aborted' | 'timeout'): void {
    (call as PortCall).giveUp(reason);
  }

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): PendingWatch {
    if (!this.#closed) return this.#watches.watch(filter, from, sink);
    sink.onEnd('CLOSED', '');
    return { stop: () => undefined };
  }

  hold(): () => void {
    this.#hold();
    let held = true;
    return () => {
      if (held) this.left();
      held = false;
    };
  }

  /** Fails what is in flight and releases the port. Idempotent. */
  close(): void {
    this.#requests.flush();
    this.#end();
    this.#port.close();
  }

  /** A call with a slot, or one that has been refused. */
  #take(operation: Operation, sink: Sink): PortCall {
    const row = rowOf(operation);
    const bytes = costOf(row, operation);
    const call = new PortCall(this, sink, row.writes, bytes);
    if (this.#closed) {
      call.refuse('CLOSED', '');
    } else if (this.#isFull()) {
      call.refuse('BUSY', 'of this handle');
    } else {
      call.slot = this.#freeSlots.pop() ?? this.#calls.length;
      this.#calls[call.slot] = call;
      this.#pendingCalls++;
      this.#pendingBytes += bytes;
      this.#hold();
    }
    return call;
  }

  #hold(): void {
    if (++this.#waiting === 1) this.#port.ref();
  }

  #isFull(): boolean {
    const { maxPendingCalls, maxPendingBytes } = this.#greeting;
    return this.#pendingCalls >= maxPendingCalls || this.#pendingBytes >= maxPendingBytes;
  }

  /** Somebody no longer waits for this call. */
  left(): void {
    if (--this.#waiting === 0) this.#port.unref();
  }

  tellGivenUp(call: PortCall, reason: 'aborted' | 'timeout'): void {
    this.#request(call.slot, reason === 'aborted' ? GIVE_UP_ABORTED : GIVE_UP_TIMEOUT);
  }

  #request(slot: number, code: number, rest?: (out: Writer) => void): void {
    const { out } = this.#requests;
    out.word(slot);
    out.word(code);
    rest?.(out);
    this.#requests.added(0);
  }

  #onBatch(batch: Batch): void {
    if (this.#closed) return;
    const from = this.#reader;
    from.open(batch);
    while (from.at < from.end) {
      const slot = from.word();
      const code = from.word();
      if (code <= WATCH_STARTED && code >= WATCH_PROGRESS) this.#watches.onAnswer(slot, code, from);
      else if (code === FAILED) this.#release(slot).fail(...readFailure(from));
      else this.#release(slot).answer(readResult(code, IMPLIED_VERSION, from));
    }
    from.close();
  }

  #release(slot: number): PortCall {
    const call = this.#calls[slot]!;
    this.#calls[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#pendingCalls--;
    this.#pendingBytes -= call.bytes;
    return call;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#requests.close();
    for (const call of this.#calls) call?.fail(failureOf('closed', call.write), '');
    this.#calls.length = 0;
    this.#watches.close();
  }
}

/** One call in flight through the port. */
class PortCall {
  slot = -1;
  done = false;
  readonly write: boolean;
  readonly bytes: number;
  readonly #executor: PortExecutor;
  readonly #sink: Sink;

  constructor(executor: PortExecutor, sink: Sink, write: boolean, bytes: number) {
    this.#executor = executor;
    this.#sink = sink;
    this.write = write;
    this.bytes = bytes;
  }

  refuse(code: ErrorCode, details: string): void {
    this.done = true;
    this.#sink.onError(code, details);
  }

  answer(result: Result): void {
    if (this.done) return;
    this.done = true;
    this.#executor.left();
    this.#sink.onResult(result);
  }

  fail(code: ErrorCode, details: string): void {
    if (this.done) return;
    this.#executor.left();
    this.refuse(code, details);
  }

  giveUp(reason: 'aborted' | 'timeout'): void {
    if (this.done) return;
    this.#executor.tellGivenUp(this, reason);
    this.fail(failureOf(reason, this.write), '');
  }
}
