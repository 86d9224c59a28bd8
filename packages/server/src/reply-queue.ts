/**
 * ReplyQueue: the replies of one connection, put back into the order of their requests.
 *
 * Owns      one PendingReply per request not yet answered, or answered but behind one that is not; the text ready to go.
 * Does not  touch the socket, or know what a reply means. The session takes the text and writes it.
 * Invariants
 *   Q1  texts leave in the order in which their replies were opened, each exactly once
 *   Q2  the head is never settled: a settled head leaves at once, with all settled ones behind it
 *   Q3  an error in making a reply goes to `onThrown`, never to whoever brought the result
 *   Q4  `heldBytes` is all text held here, ready or waiting, so that its owner can bound it
 * Why a list of sinks  A PendingReply is the CallSink of its operation: one small object per command is all it costs to
 *           have operations finish in any order; no promise, no closure, no map of ids.
 */
import type { CallSink, ErrorCode } from '@quintet/engine';
import type { Block, Result } from '@quintet/engine/core';
import type { Command } from './commands/command.ts';
import { engineError, statusError } from './errors.ts';
import { bulk, CRLF, type Encoder } from './resp/encoder.ts';

/** Turns an operation's result into a reply. Not called for statuses that are errors for every command. */
export type Answer = (result: Result, encoder: Encoder) => string;
/** A reply: encoded, or a large value to be sent as a bulk string. */
export type Reply = string | Block;
/** An {@link Answer} that can do with a block. */
export type LargeAnswer = (result: Result, encoder: Encoder) => Reply;

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
  /** The client wants no reply (CLIENT REPLY OFF). */
  readonly muted: boolean;
}

export class PendingReply implements CallSink {
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
      this.queue.settle(this, failure ?? this.answer!(result, this.encoder));
    } catch (thrown) {
      this.queue.onThrown(thrown);
    }
  }

  onError(code: ErrorCode, details: string): void {
    try {
      this.queue.settle(this, engineError(code, details));
    } catch (thrown) {
      this.queue.onThrown(thrown);
    }
  }

  /** Settles a reply whose operations its handler followed by itself. */
  resolve(text: string): void {
    this.queue.settle(this, text);
  }
}

/** Of a reply known at once. */
const NO_REQUEST: Request = { command: null, args: [], bytes: 0, begunAt: 0, muted: false };

/** What a reply is taken for before the first is seen. */
const FIRST_EXPECTED_BYTES = 64 * 1024;

/** Text is put together up to so many bytes: joining and converting more than that at once keeps everybody waiting. */
const CHUNK = 256 * 1024;

/** Begins an error. */
const MINUS = 0x2d;

export class ReplyQueue {
  /** Replies opened and not yet gone. */
  count = 0;
  requestBytes = 0;
  heldBytes = 0;
  /** Of those, what is ready to be written. */
  readyBytes = 0;
  /** A decaying maximum of the replies seen: what one pending operation is expected to bring. */
  expectedBytes = FIRST_EXPECTED_BYTES;
  readonly onThrown: (thrown: unknown) => void;
  private readonly onErrorReply: () => void;
  private readonly onSettled: (reply: PendingReply | null) => void;
  private head: PendingReply | null = null;
  private tail: PendingReply | null = null;
  /** What is ready to be written, in pieces of about CHUNK or one large reply, and the piece that still grows. */
  private chunks: (string | Uint8Array)[] = [];
  private ready = '';
  private discarded = false;

  /** `onSettled` is called whenever text was added, with the reply unless it never had to wait. */
  constructor(
    onSettled: (reply: PendingReply | null) => void,
    onThrown: (thrown: unknown) => void,
    onErrorReply: () => void,
  ) {
    this.onErrorReply = onErrorReply;
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
    this.requestBytes += request.bytes;
    return reply;
  }

  /** A reply known at once: no place to keep for it unless others are before it. */
  add(text: string, encoder: Encoder): void {
    if (this.discarded) return;
    if (this.head === null) this.makeReady(text);
    else this.open(encoder, null, NO_REQUEST).text = text;
    this.heldBytes += text.length;
    this.onSettled(null);
  }

  settle(reply: PendingReply, wanted: Reply): void {
    if (reply.text !== null || this.discarded) return;
    const text = reply.request.muted ? '' : wanted;
    reply.text = text;
    this.heldBytes += text.length;
    this.expectedBytes = Math.max(text.length, this.expectedBytes - (this.expectedBytes >> 5));
    if (reply === this.head) this.releaseSettled();
    this.onSettled(reply);
  }

  isHead(reply: PendingReply): boolean {
    return this.head === reply;
  }

  /** The first piece of what is ready to be written, which then is the taker's; '' if there is none. */
  take(): string | Uint8Array {
    let text = this.chunks.shift();
    if (text === undefined) {
      text = this.ready;
      this.ready = '';
    }
    this.heldBytes -= text.length;
    this.readyBytes -= text.length;
    return text;
  }

  /** The client is gone: forgets all replies, those to come included. */
  discard(): void {
    this.discarded = true;
    this.head = this.tail = null;
    this.ready = '';
    this.chunks = [];
    this.count = this.requestBytes = this.heldBytes = this.readyBytes = 0;
  }

  private makeReady(text: string): void {
    if (text.charCodeAt(0) === MINUS) this.onErrorReply();
    this.ready += text;
    this.readyBytes += text.length;
    if (this.ready.length >= CHUNK) this.endPiece();
  }

  private endPiece(): void {
    this.chunks.push(this.ready);
    this.ready = '';
  }

  /** A bulk string, its value written from where it lies. */
  private makeBlockReady({ bytes, length }: Block): void {
    const head = `$${length}${CRLF}`;
    this.makeReady(head);
    if (this.ready !== '') this.endPiece();
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
