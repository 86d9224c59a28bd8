/**
 * ReplyQueue: the replies of one connection, put back into the order of their requests.
 *
 * Owns      one PendingReply per request not yet answered, or answered but behind one that is not; the text ready to go.
 * Does not  touch the socket, or know what a reply means. The session takes the text and writes it.
 * Invariants
 *   RQ1  texts leave in the order in which their replies were opened, each exactly once
 *   RQ2  the head is never settled: a settled head leaves at once, with all settled ones behind it
 *   RQ3  an error in making a reply goes to `onThrown`, never to whoever brought the result
 *   RQ4  `heldBytes` is all text held here, ready or waiting, so that its owner can bound it
 * Why a list of sinks  A PendingReply is the Sink of its operation: one small object per command is all it costs to
 *           have operations finish in any order; no promise, no closure, no map of ids.
 */

import type { ErrorCode } from '@quintet/engine';
import type { Sink } from '@quintet/engine/internal';
import { type Block, type Result, Status, type ValueInPlace } from '@quintet/engine/internal';
import type { Command } from '../command/command.ts';
import { engineError, statusError } from '../engine/errors.ts';
import { bulk, CRLF, type Encoder } from '../resp/encoder.ts';
import { ReplyBytes } from '../resp/reply-bytes.ts';
import type { ErrorStatistics } from '../state/error-statistics.ts';
import type { SlowReply } from './slow-work.ts';

/** Turns an operation's result into a reply. Not called for statuses that are errors for every command. */
export type Answer = (result: Result, encoder: Encoder) => string;
/** A reply: encoded, or a large value to be sent as a bulk string. */
export type Reply = string | Block;
/** An {@link Answer} that can do with a block. */
export type LargeAnswer = (result: Result, encoder: Encoder) => Reply;

/** What the results of several operations come to. */
export type Finish = (results: readonly Result[]) => string | SlowReply;

/** The same answer where replies are put together, in a transaction. */
export function asText(answer: LargeAnswer): Answer {
  return (result, encoder) => {
    const reply = answer(result, encoder);
    return typeof reply === 'string' ? reply : bulk(reply.text());
  };
}

/** The request a reply belongs to. */
export interface Request {
  readonly command: Command | null;
  readonly args: readonly string[];
  readonly bytes: number;
  /** When it was begun (ServerContext.turnTime). */
  readonly begunAt: number;
  /** The reply may be long: it has values in it. */
  readonly long: boolean;
  /** The client wants no reply (CLIENT REPLY OFF). */
  readonly muted: boolean;
}

export class PendingReply implements Sink {
  next: PendingReply | null = null;
  /** Null until it is settled. */
  text: Reply | null = null;
  readonly request: Request;
  private readonly queue: ReplyQueue;
  private readonly encoder: Encoder;
  private readonly answer: LargeAnswer | null;

  constructor(queue: ReplyQueue, encoder: Encoder, answer: LargeAnswer | null, request: Request) {
    this.queue = queue;
    this.encoder = encoder;
    this.answer = answer;
    this.request = request;
  }

  onResult(result: Result): void {
    try {
      const failure = statusError(result.status);
      const reply = failure ?? this.answer!(result, this.encoder);
      // Not of what went well: to look into a reply has it put together early, and there are hundreds of thousands a second.
      if (result.status !== Status.ok && typeof reply === 'string') this.queue.errors.count(reply);
      this.queue.settle(this, reply);
    } catch (thrown) {
      this.queue.onThrown(thrown);
    }
  }

  onError(code: ErrorCode, details: string): void {
    try {
      this.resolve(engineError(code, details));
    } catch (thrown) {
      this.queue.onThrown(thrown);
    }
  }

  /** Settles a reply whose operations its handler followed by itself. */
  resolve(text: string): void {
    this.queue.errors.count(text);
    this.queue.settle(this, text);
  }
}

/** What is written in one go. */
export type Piece = string | Uint8Array | ReplyBytes;

/** Of a reply known at once. */
const NO_REQUEST: Request = { command: null, args: [], bytes: 0, begunAt: 0, long: false, muted: false };

/**
 * What a long reply is taken for before the first is seen. A pipeline begins with as many reads as would be no more than the
 * soft limit if they were so long, and is let on by what they bring: twenty values of 15 MB are not all here at once. Each
 * reply seen halves it: small ones, as most are, should not keep the rest of a pipeline waiting for turn after turn.
 */
const FIRST_EXPECTED_BYTES = 1024 * 1024;

/** Text is put together up to so many bytes: joining and converting more than that at once keeps everybody waiting. */
const CHUNK = 256 * 1024;

export class ReplyQueue {
  /** Replies opened and not yet gone. */
  count = 0;
  /** Of those, the ones that may be long and are not here yet. */
  longCount = 0;
  requestBytes = 0;
  heldBytes = 0;
  /** Of those, what is ready to be written. */
  readyBytes = 0;
  /** What a long reply that is pending is expected to bring. */
  expectedBytes = FIRST_EXPECTED_BYTES;
  private guessedBytes = FIRST_EXPECTED_BYTES;
  /** A decaying maximum of the long replies seen. */
  private seenBytes = 0;
  readonly onThrown: (thrown: unknown) => void;
  /** Counts the replies that are errors, whether they reach the client or not. */
  readonly errors: ErrorStatistics;
  private readonly onSettled: (reply: PendingReply | null) => void;
  private head: PendingReply | null = null;
  private tail: PendingReply | null = null;
  /** What is ready to be written, in pieces of about CHUNK or one large reply; and the piece that still grows, one of the two. */
  private chunks: Piece[] = [];
  private ready = '';
  private readyReplies: ReplyBytes | null = null;
  private discarded = false;

  /** `onSettled` is called whenever text was added, with the reply unless it never had to wait. */
  constructor(
    errors: ErrorStatistics,
    onSettled: (reply: PendingReply | null) => void,
    onThrown: (thrown: unknown) => void,
  ) {
    this.errors = errors;
    this.onSettled = onSettled;
    this.onThrown = onThrown;
  }

  /** Opens the place of the next reply. */
  open(encoder: Encoder, answer: LargeAnswer | null, request: Request): PendingReply {
    const reply = new PendingReply(this, encoder, answer, request);
    if (this.tail === null) this.head = reply;
    else this.tail.next = reply;
    this.tail = reply;
    this.count++;
    if (request.long) this.longCount++;
    this.requestBytes += request.bytes;
    return reply;
  }

  /** A reply known at once: no place to keep for it unless others are before it. */
  add(text: string, encoder: Encoder): void {
    this.errors.count(text);
    this.addAnswer(text, encoder);
  }

  /** The same of what went well: it is not looked into. */
  addAnswer(text: string, encoder: Encoder): void {
    if (this.discarded) return;
    if (this.head === null) this.makeReady(text);
    else this.open(encoder, null, NO_REQUEST).text = text;
    this.heldBytes += text.length;
    this.onSettled(null);
  }

  /**
   * Whether a reply may be added as bytes: none is pending, and what is ready is not text. Text and bytes in turns would each be a
   * write of their own.
   */
  get takesBytes(): boolean {
    return this.head === null && this.ready === '' && !this.discarded;
  }

  /** A value known at once. REQUIRES {@link takesBytes}, and that it is no longer than REPLY_VALUE_BYTES_MAX. */
  addValue(value: ValueInPlace): void {
    if (this.readyReplies?.hasRoom(value.length) === false) this.endPiece();
    this.readyReplies ??= new ReplyBytes();
    const before = this.readyReplies.length;
    this.readyReplies.addBulk(value);
    const written = this.readyReplies.length - before;
    this.heldBytes += written;
    this.readyBytes += written;
    this.onSettled(null);
  }

  settle(reply: PendingReply, wanted: Reply): void {
    if (reply.text !== null || this.discarded) return;
    const text = reply.request.muted ? '' : wanted;
    reply.text = text;
    this.heldBytes += text.length;
    if (reply.request.long) {
      this.longCount--;
      this.saw(text.length);
    }
    if (reply === this.head) this.releaseSettled();
    this.onSettled(reply);
  }

  /** A long reply, or one value of it, came to so many bytes. */
  saw(bytes: number): void {
    this.guessedBytes >>= 1;
    this.seenBytes = Math.max(bytes, this.seenBytes - (this.seenBytes >> 5));
    this.expectedBytes = Math.max(1, this.guessedBytes, this.seenBytes);
  }

  isHead(reply: PendingReply): boolean {
    return this.head === reply;
  }

  /** The first piece of what is ready to be written, which then is the taker's; '' if there is none. */
  take(): Piece {
    if (this.chunks.length === 0) this.endPiece();
    const piece = this.chunks.shift() ?? '';
    this.heldBytes -= piece.length;
    this.readyBytes -= piece.length;
    return piece;
  }

  /** The client is gone: forgets all replies, those to come included. */
  discard(): void {
    this.discarded = true;
    this.head = this.tail = null;
    this.ready = '';
    this.readyReplies = null;
    this.chunks = [];
    this.count = this.longCount = this.requestBytes = this.heldBytes = this.readyBytes = 0;
  }

  private makeReady(text: string): void {
    if (this.readyReplies !== null) this.endPiece();
    this.ready += text;
    this.readyBytes += text.length;
    if (this.ready.length >= CHUNK) this.endPiece();
  }

  /** What grew goes behind the other pieces. */
  private endPiece(): void {
    if (this.ready !== '') this.chunks.push(this.ready);
    if (this.readyReplies !== null) this.chunks.push(this.readyReplies);
    this.ready = '';
    this.readyReplies = null;
  }

  /** A bulk string, its value written from where it lies. */
  private makeBlockReady({ bytes, length }: Block): void {
    const head = `$${length}${CRLF}`;
    this.makeReady(head);
    this.endPiece();
    for (let at = 0; at < length; at += CHUNK) this.chunks.push(bytes.subarray(at, at + CHUNK));
    this.readyBytes += length;
    this.makeReady(CRLF);
    this.heldBytes += head.length + CRLF.length;
  }

  private releaseSettled(): void {
    let reply = this.head;
    while (reply !== null && reply.text !== null) {
      if (typeof reply.text === 'string') this.makeReady(reply.text);
      else this.makeBlockReady(reply.text);
      this.count--;
      this.requestBytes -= reply.request.bytes;
      reply = reply.next;
    }
    this.head = reply;
    if (reply === null) this.tail = null;
  }
}
