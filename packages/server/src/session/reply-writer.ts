/**
 * ReplyWriter: the way out of one connection: replies in order, one write per turn, and the end.
 *
 * Owns      the queue of replies, the bytes the transport has not sent yet, and the state of the connection's end.
 * Does not  know commands or read requests (request-reader.ts); the session is told what it should know.
 * Invariants
 *   RW1  texts are written in the order of their requests; small ones once per turn of the event loop, together
 *   RW2  a client that stops reading, or is pushed too much, loses the connection (output-guard.ts)
 *   RW4  no turn is taken up by the output of one client (WRITE_MAX)
 *   RW3  open → closing (takes nothing new, sends what is owed) → ended (all is written) → closed; any state → closed
 */

import type { ValueInPlace } from '@quintet/engine/internal';
import { STRANGER_BYTES } from '../access/strangers.ts';
import type { CutOffReason } from '../listen/incidents.ts';
import { OutputGuard } from '../listen/output-guard.ts';
import type { Transport } from '../listen/transport.ts';
import { type Encoder, RESP2 } from '../resp/encoder.ts';
import { ReplyBytes } from '../resp/reply-bytes.ts';
import type { ServerContext } from '../state/server-context.ts';
import { type LargeAnswer, type PendingReply, ReplyQueue, type Request } from './reply-queue.ts';

/** What the way out needs of the session it belongs to. */
export interface ReplyWriterOwner {
  /** Written bytes may have made room for further commands. */
  onWritten(): void;
  /** A reply that had to wait is there. */
  onAnswered(request: Request): void;
  /** Ends the connection at once. */
  cutOff(reason: CutOffReason): void;
  /** Whether others add to what is written here: it is subscribed to something. */
  readonly isSubscriber: boolean;
  /** It has not given the password that is needed. */
  readonly isStranger: boolean;
  /** An error that is a bug came out of making a reply. */
  onBug(thrown: unknown): void;
  flushScheduled: boolean;
  flush(): void;
}

const UNTAKEN_SHARE = 0.5;

/** Bytes written to one client in a turn, and bytes it has not taken above which no more are written. */
const WRITE_MAX = 1024 * 1024;

export class ReplyWriter {
  encoder: Encoder = RESP2;
  private readonly owner: ReplyWriterOwner;
  private readonly context: ServerContext;
  private readonly transport: Transport;
  private readonly queue: ReplyQueue;
  private readonly guard: OutputGuard;
  /** The transport's, as of the last flush or drain: asking it for every command would cost too much. */
  private unsentBytes = 0;
  private writtenBytes = 0;
  /** Called once when no reply is pending. */
  private onIdle: (() => void) | null = null;
  private state: 'open' | 'closing' | 'ended' | 'closed' = 'open';

  constructor(owner: ReplyWriterOwner, context: ServerContext, transport: Transport) {
    this.owner = owner;
    this.context = context;
    this.transport = transport;
    this.queue = new ReplyQueue(
      context.errorStatistics,
      (reply) => this.onText(reply),
      (thrown) => owner.onBug(thrown),
    );
    this.guard = new OutputGuard(
      context.limits,
      () => ({
        bytes: this.queue.heldBytes + transport.unsentBytes,
        taken: this.writtenBytes - transport.unsentBytes - transport.stuckBytes,
      }),
      () => this.onLimit(),
    );
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Replies opened and not yet gone. */
  get pending(): number {
    return this.queue.count;
  }

  /** Replies held here, and written bytes not sent yet. */
  get outputBytes(): number {
    return this.queue.heldBytes + this.unsentBytes;
  }

  /** Bytes of the requests whose replies are pending. */
  get requestBytes(): number {
    return this.queue.requestBytes;
  }

  add(text: string): void {
    this.queue.add(text, this.encoder);
  }

  /** Of what went well. */
  addAnswer(text: string): void {
    this.queue.addAnswer(text, this.encoder);
  }

  /** Whether {@link addValue} may be called. */
  get takesBytes(): boolean {
    return this.queue.takesBytes;
  }

  addValue(value: ValueInPlace): void {
    this.queue.addValue(value);
  }

  open(answer: LargeAnswer | null, request: Request): PendingReply {
    return this.queue.open(this.encoder, answer, request);
  }

  isHead(reply: PendingReply): boolean {
    return this.queue.isHead(reply);
  }

  /** Calls once no reply is pending any more. One at a time. */
  whenIdle(callback: () => void): void {
    if (this.queue.count === 0) callback();
    else this.onIdle = callback;
  }

  /** Whether `share` of a limit is reached, so that no further command may be begun. */
  isFull(share: number): boolean {
    const { limits } = this.context;
    const { count, longCount, requestBytes, expectedBytes } = this.queue;
    const output = this.outputBytes;
    return (
      count >= limits.pendingOperations * share ||
      requestBytes >= limits.pendingBytes * share ||
      output >= this.softBytes * share ||
      // Replies not here yet count by what the last ones weighed: a pipeline of large reads is let in bit by bit.
      output + longCount * expectedBytes >= limits.outputSoftBytes * share
    );
  }

  private get softBytes(): number {
    return this.owner.isStranger ? STRANGER_BYTES : this.context.limits.outputSoftBytes;
  }

  /** A value of a reply that is still put together came to so many bytes. */
  sawValue(bytes: number): void {
    this.queue.saw(bytes);
  }

  /** How many values of unknown length there is room for, to judge by the last ones; 1 at least. */
  get valuesExpected(): number {
    const room = this.context.limits.outputSoftBytes - this.outputBytes;
    return Math.max(1, Math.floor(room / this.queue.expectedBytes));
  }

  /** Whether it is the client that keeps the way out full: much is written that it has not taken. */
  get isUntaken(): boolean {
    return this.queue.readyBytes + this.unsentBytes >= this.context.limits.outputSoftBytes * UNTAKEN_SHARE;
  }

  onDrain(): void {
    this.unsentBytes = this.transport.unsentBytes;
    if (this.queue.readyBytes > 0) this.flush();
  }

  /** Sends what is owed, then ends the connection. */
  close(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.context.scheduleFlush(this.owner);
  }

  /** The connection is gone. False if that was known. */
  onClosed(): boolean {
    if (this.state === 'closed') return false;
    this.state = 'closed';
    this.queue.discard();
    this.guard.stop();
    return true;
  }

  /** Writes what is ready, as far as the client takes it. Called by the context once per turn. */
  flush(): void {
    if (this.state === 'closed' || this.state === 'ended') return;
    this.write();
    this.guard.check(this.outputBytes, this.owner.isSubscriber);
    if (this.state === 'closing' && this.queue.count === 0 && this.queue.heldBytes === 0) this.finish();
    else this.owner.onWritten();
  }

  /** What is left is written when the transport has drained, or in the next turn. */
  private write(): void {
    const { queue, transport } = this;
    let written = 0;
    while (queue.readyBytes > 0 && written < WRITE_MAX && transport.unsentBytes < WRITE_MAX) {
      const piece = queue.take();
      written += piece.length;
      if (piece instanceof ReplyBytes) this.writeBytes(piece);
      else transport.write(piece);
    }
    this.context.counters.outputBytes += written;
    this.writtenBytes += written;
    this.unsentBytes = transport.unsentBytes;
    if (queue.readyBytes > 0 && this.unsentBytes < WRITE_MAX) this.context.scheduleFlush(this.owner);
  }

  /** What the kernel took at once nobody reads any more. */
  private writeBytes(replies: ReplyBytes): void {
    const { transport } = this;
    transport.write(replies.bytes);
    if (transport.unsentBytes === 0) replies.release();
  }

  private finish(): void {
    this.state = 'ended';
    this.transport.resume();
    this.transport.end();
  }

  private onText(reply: PendingReply | null): void {
    if (!this.owner.flushScheduled) this.context.scheduleFlush(this.owner);
    if (reply !== null) this.owner.onAnswered(reply.request);
    this.guard.check(this.outputBytes, this.owner.isSubscriber);
    if (this.onIdle === null || this.queue.count > 0) return;
    const callback = this.onIdle;
    this.onIdle = null;
    callback();
  }

  private onLimit(): void {
    this.context.counters.outputLimitDisconnections++;
    this.owner.cutOff('output-limit');
  }
}
