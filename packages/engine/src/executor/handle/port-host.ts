/**
 * PortHost: the cluster's end of a handle. Takes requests off a port, submits them, posts the answers.
 *
 * Owns      the port, the calls in flight on behalf of one application thread.
 * Does not  decide anything: order, limits and errors are the caller's below it.
 * Ends      when the other thread dies or closes its port (its calls are given up, nobody waits for them), or when the
 *           cluster closes (everything answered so far is posted first: a port delivers what was posted before close).
 * Keep-alive The port is unref'd: a handle that nobody uses keeps no process alive. Calls in flight do, in the runtime.
 */

import type { MessagePort } from 'node:worker_threads';
import { readOperation } from '../../core/codec/operations.ts';
import { Reader } from '../../core/codec/reader.ts';
import { resultCode, writeResultFields } from '../../core/codec/records.ts';
import type { Batch } from '../../core/codec/writer.ts';
import type { Operation } from '../../core/data/operation.ts';
import type { Result } from '../../core/data/result.ts';
import type { ErrorCode } from '../../core/protocol/errors.ts';
import { VERSION } from '../../core/protocol/version.ts';
import { NATIVE } from '../../runtime/memory/native.ts';
import type { PendingCall, Sink, StoreExecutor } from '../executor.ts';
import { PortBatch } from './port-batch.ts';
import { PortWatchHost, type WatchWindow } from './port-watch-host.ts';
import {
  FAILED,
  FOR_SHARD,
  GIVE_UP_ABORTED,
  GIVE_UP_TIMEOUT,
  type Greeting,
  IMPLIED_VERSION,
  monotonicMs,
  PROGRESS_TAKEN,
  TAKEN,
  UNWATCH,
  WATCH,
  writeFailure,
} from './port-wire.ts';

/** What one handle may have in flight; beyond that BUSY. */
export interface PortLimits extends WatchWindow {
  readonly maxPendingCalls: number;
  readonly maxPendingBytes: number;
}

export class PortHost {
  readonly #port: MessagePort;
  readonly #executor: StoreExecutor;
  readonly #reader = new Reader(NATIVE);
  readonly #answers: PortBatch;
  readonly #watches: PortWatchHost;
  readonly #onClosed: (host: PortHost) => void;
  /** By slot. */
  readonly #pending: (PendingCall | undefined)[] = [];
  #closed = false;

  /** Greets and listens; the other end of `port` may be anywhere by the time it does. */
  constructor(port: MessagePort, executor: StoreExecutor, limits: PortLimits, onClosed: (host: PortHost) => void) {
    this.#port = port;
    this.#executor = executor;
    this.#onClosed = onClosed;
    const { maxPendingCalls, maxPendingBytes } = limits;
    this.#answers = new PortBatch(port);
    this.#watches = new PortWatchHost(executor, limits, this.#answers);
    port.postMessage({
      quintet: 'handle',
      version: VERSION,
      cluster: executor.cluster,
      shards: executor.shards,
      ...executor.limits,
      maxPendingCalls,
      maxPendingBytes,
      clockOffsetMs: executor.now() - monotonicMs(),
    } satisfies Greeting);
    port.on('message', (batch: Batch) => this.#onBatch(batch));
    port.on('close', () => this.#end());
    port.unref();
  }

  /** Posts what was answered, then closes the port. The other side fails what is still in flight there. Idempotent. */
  close(): void {
    this.#answers.flush();
    this.#end();
    this.#port.close();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#answers.close();
    for (const slot of this.#pending.keys()) this.#giveUp(slot, 'aborted');
    this.#pending.length = 0;
    this.#watches.close();
    this.#onClosed(this);
  }

  #onBatch(batch: Batch): void {
    if (this.#closed) return;
    const from = this.#reader;
    from.open(batch);
    while (from.at < from.end) this.#onRequest(from.word(), from.word(), from);
    from.close();
  }

  #onRequest(slot: number, code: number, from: Reader): void {
    switch (code) {
      case GIVE_UP_ABORTED:
        return this.#giveUp(slot, 'aborted');
      case GIVE_UP_TIMEOUT:
        return this.#giveUp(slot, 'timeout');
      case WATCH:
        this.#watches.onWatch(slot, from);
        return;
      case UNWATCH:
        this.#watches.onUnwatch(slot);
        return;
      case TAKEN:
        this.#watches.onTaken(slot, from.number());
        return;
      case PROGRESS_TAKEN:
        this.#watches.onProgressTaken(slot);
        return;
      case FOR_SHARD:
        this.#submit(slot, from.word(), readOperation(from.word(), from));
        return;
      default:
        this.#submit(slot, undefined, readOperation(code, from));
    }
  }

  #submit(slot: number, shard: number | undefined, operation: Operation): void {
    const sink = new PortSink(this, slot);
    const pending =
      shard === undefined
        ? this.#executor.submit(operation, sink)
        : this.#executor.submitToShard(shard, operation, sink);
    // A refusal may have been told already.
    if (!sink.settled) this.#pending[slot] = pending;
  }

  #giveUp(slot: number, reason: 'aborted' | 'timeout'): void {
    const pending = this.#pending[slot];
    if (pending !== undefined) this.#executor.giveUp(pending, reason);
  }

  answer(slot: number, result: Result): void {
    if (this.#closed) return;
    this.#pending[slot] = undefined;
    const code = resultCode(result, IMPLIED_VERSION);
    const { out } = this.#answers;
    out.word(slot);
    out.word(code);
    writeResultFields(out, code, result, IMPLIED_VERSION);
    this.#answers.added(result.value?.length ?? 0);
  }

  fail(slot: number, code: ErrorCode, details: string): void {
    if (this.#closed) return;
    this.#pending[slot] = undefined;
    const { out } = this.#answers;
    out.word(slot);
    out.word(FAILED);
    writeFailure(out, code, details);
    this.#answers.added(0);
  }
}

class PortSink implements Sink {
  settled = false;
  readonly #host: PortHost;
  readonly #slot: number;

  constructor(host: PortHost, slot: number) {
    this.#host = host;
    this.#slot = slot;
  }

  onResult(result: Result): void {
    this.settled = true;
    this.#host.answer(this.#slot, result);
  }

  onError(code: ErrorCode, details: string): void {
    this.settled = true;
    this.#host.fail(this.#slot, code, details);
  }
}
