/**
 * Session: one client's connection, from bytes to replies.
 *
 * Owns      the decoder, the queue of replies, and what the client has said about itself (protocol, name, password).
 * Does not  own the socket (Transport), run commands (commands/), or share anything but ServerContext.
 * In / Out  onData, onDrain, onEnd, onClosed  →  transport.write once per turn, pause, resume, end, destroy
 * Invariants
 *   S1  commands are begun in the order they came; each opens exactly one reply, and replies leave in that order
 *   S2  no command is begun while one holds the session, while more than the limits are pending, or after closing
 *   S3  output beyond the limits ends the connection (output-guard.ts); nothing is begun while it is high
 * Why pull  Requests are pulled from the decoder one at a time, so any command can stop the next from being begun
 *           without a second queue: what is not begun stays bytes, and the socket is not read meanwhile.
 */
import type { Caller } from '@quintet/engine';
import type { Operation } from '@quintet/engine/core';
import { type Command, wrongArity } from './commands/command.ts';
import { findCommand, unknownCommandText } from './commands/table.ts';
import { CommandError, thrownError } from './errors.ts';
import { OutputGuard } from './output-guard.ts';
import { type Answer, type PendingReply, ReplyQueue, type Request } from './reply-queue.ts';
import { Decoder } from './resp/decoder.ts';
import { type Encoder, error, RESP2 } from './resp/encoder.ts';
import type { ServerContext } from './server-context.ts';
import { intercept, SessionModes } from './session-modes.ts';
import type { Recorder } from './transaction/recorder.ts';

/** What a session needs of a socket. */
export interface Transport {
  /** `host:port` of the client and of ours. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Bytes written and not yet taken by the kernel. */
  readonly unsentBytes: number;
  /** Writes a one-byte string. */
  write(text: string): void;
  pause(): void;
  resume(): void;
  /** Ends the connection once all that was written is sent. */
  end(): void;
  destroy(): void;
}

const NOT_AUTHENTICATED = 'NOAUTH Authentication required.';

/** Share of a limit at which a paused socket is read again. */
const RESUME_AT = 0.5;

export class Session {
  readonly id: number;
  readonly context: ServerContext;
  readonly transport: Transport;
  readonly caller: Caller;
  readonly startedAt: number;
  encoder: Encoder = RESP2;
  name = '';
  libraryName = '';
  libraryVersion = '';
  /** How often AUTH was given a wrong one. */
  wrongPasswords = 0;
  noEvict = false;
  noTouch = false;
  lastActiveAt: number;
  lastCommand: Command | null = null;
  /** True once in the context's list of sessions with output. */
  flushScheduled = false;
  /** MULTI, subscriptions, muted replies: what makes commands mean something else. Null until first needed. */
  modes: SessionModes | null = null;
  /** While EXEC asks handlers what they would do: takes steps and replies instead of the engine and the client. */
  recorder: Recorder | null = null;
  /** Whether the next replies are kept from the client. */
  muted = false;

  private readonly decoder: Decoder;
  private readonly replies: ReplyQueue;
  private readonly outputGuard: OutputGuard;
  /** A request that was taken from the decoder and must wait (CLIENT PAUSE). */
  private parked: string[] | null = null;
  private currentArgs: readonly string[] = [];
  private begunAt = 0;
  /** Called once when no reply is pending. */
  private onIdle: (() => void) | null = null;
  private holds = 0;
  private pumping = false;
  private paused = false;
  private inputEnded = false;
  /** The transport's, as of the last flush or drain: asking it for every command would cost too much. */
  private unsentBytes = 0;
  private state: 'open' | 'closing' | 'ended' | 'closed' = 'open';

  constructor(context: ServerContext, transport: Transport) {
    this.context = context;
    this.transport = transport;
    this.caller = context.caller;
    this.id = context.nextSessionId();
    this.startedAt = this.lastActiveAt = context.now();
    this.decoder = new Decoder(context.limits);
    this.decoder.authenticated = !context.passwordRequired;
    this.replies = new ReplyQueue((reply) => this.onReplyText(reply));
    this.outputGuard = new OutputGuard(
      context.limits.outputHardBytes,
      () => this.replies.heldBytes + this.transport.unsentBytes,
      () => this.onOutputLimit(),
    );
    context.addSession(this);
  }

  // What the transport tells.

  onData(chunk: Buffer): void {
    if (this.state !== 'open') return;
    this.context.counters.inputBytes += chunk.length;
    this.lastActiveAt = this.context.now();
    this.decoder.feed(chunk);
    this.pump();
  }

  onDrain(): void {
    this.unsentBytes = this.transport.unsentBytes;
    this.pump();
  }

  /** The client will send no more; what it asked for is still answered. */
  onEnd(): void {
    this.inputEnded = true;
    this.pump();
  }

  onClosed(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.parked = null;
    this.context.pubsub.leave(this);
    this.replies.discard();
    this.outputGuard.stop();
    this.context.removeSession(this);
  }

  // What command handlers use.

  get authenticated(): boolean {
    return this.decoder.authenticated;
  }

  set authenticated(value: boolean) {
    this.decoder.authenticated = value;
  }

  /** Whether the client is gone: nobody will read what is replied. */
  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Bytes received and not yet run, for CLIENT LIST. */
  get queryBytes(): number {
    return this.decoder.bufferedBytes;
  }

  /** All that this connection keeps in memory. */
  get heldBytes(): number {
    return this.queryBytes + this.outputBytes + (this.modes?.multi?.bytes ?? 0);
  }

  get pendingReplies(): number {
    return this.replies.count;
  }

  get outputBytes(): number {
    return this.replies.heldBytes + this.unsentBytes;
  }

  /** The modes of this session, from now on. */
  enterModes(): SessionModes {
    this.modes ??= new SessionModes();
    return this.modes;
  }

  /** Replies at once (in its turn). `text` is encoded. */
  reply(text: string): void {
    if (this.recorder !== null) this.recorder.text(text);
    else if (!this.muted) this.replies.add(text, this.encoder);
  }

  /** Replies with what `answer` makes of the operation's result. */
  submit(operation: Operation, answer: Answer): void {
    if (this.recorder !== null) this.recorder.operation(operation, answer);
    else this.caller.submit(operation, this.open(answer));
  }

  /** A reply the handler settles by itself, later; `answer` is for its onResult. */
  open(answer: Answer | null = null): PendingReply {
    return this.replies.open(this.encoder, answer, this.request());
  }

  private request(): Request {
    const { lastCommand: command, currentArgs: args, begunAt, muted } = this;
    return { command, args, bytes: this.decoder.lastRequestBytes, begunAt, muted };
  }

  /** Out-of-band data: stands between replies, and never inside that of an EXEC. Muting does not concern it. */
  push(text: string): void {
    if (this.modes?.heldPushes != null) this.modes.heldPushes.push(text);
    else this.replies.add(text, this.encoder);
  }

  /** What the client must hear even while it wants no replies: confirmations of subscriptions. */
  confirm(text: string): void {
    this.replies.add(text, this.encoder);
  }

  /** Whether all replies before this one are given. */
  isFirstPending(reply: PendingReply): boolean {
    return this.replies.isHead(reply);
  }

  /** Calls once no reply is pending any more. One at a time. */
  whenIdle(callback: () => void): void {
    if (this.replies.count === 0) callback();
    else this.onIdle = callback;
  }

  /** Runs a command in its turn, whatever mode the session is in; a wrong one is answered. */
  perform(command: Command, args: readonly string[]): void {
    this.lastCommand = command;
    this.currentArgs = args;
    try {
      command.handler(this, args);
    } catch (thrown) {
      this.onThrown(thrown);
    }
  }

  /** Takes back the request being begun: it is begun anew after {@link release}, which must follow. */
  park(args: readonly string[]): void {
    this.parked = [...args];
    this.hold();
  }

  /** Begins no further command until as many calls of {@link release}: for commands made of several steps. */
  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    this.pump();
  }

  /** Reads no more requests; ends the connection when every reply is sent. */
  closeAfterReplies(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.context.scheduleFlush(this);
  }

  /** Ends the connection at once, replies or not. */
  cutOff(): void {
    this.transport.destroy();
    this.onClosed();
  }

  /** Writes what is ready. Called by the context once per turn. */
  flush(): void {
    this.flushScheduled = false;
    if (this.state === 'closed' || this.state === 'ended') return;
    const text = this.replies.take();
    if (text !== '') {
      this.context.counters.outputBytes += text.length;
      this.transport.write(text);
    }
    this.unsentBytes = this.transport.unsentBytes;
    this.outputGuard.check(this.outputBytes);
    if (this.state === 'closing' && this.replies.count === 0 && this.replies.heldBytes === 0) this.finish();
    else if (this.paused) this.pump();
  }

  private finish(): void {
    this.state = 'ended';
    this.transport.resume();
    this.transport.end();
  }

  private onReplyText(reply: PendingReply | null): void {
    if (!this.flushScheduled) this.context.scheduleFlush(this);
    if (reply !== null) this.context.answered(this, reply.request);
    this.outputGuard.check(this.outputBytes);
    if (this.onIdle === null || this.replies.count > 0) return;
    const callback = this.onIdle;
    this.onIdle = null;
    callback();
  }

  private onOutputLimit(): void {
    this.context.counters.outputLimitDisconnections++;
    this.cutOff();
  }

  /** Begins the commands that are there, as far as they may be begun. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    this.begunAt = this.context.turnTime();
    let args: string[] | null = [];
    while (this.state === 'open' && this.holds === 0 && !this.isFull(1)) {
      args = this.parked ?? this.decoder.next();
      this.parked = null;
      if (args === null) break;
      this.dispatch(args);
    }
    this.pumping = false;
    if (this.decoder.error !== null) this.onProtocolError(this.decoder.error);
    if (args === null && this.inputEnded) this.closeAfterReplies();
    this.adjustReading();
  }

  private dispatch(args: string[]): void {
    this.context.counters.commands++;
    try {
      const command = findCommand(args);
      if (command === null) this.onUnknownCommand(args);
      else this.run(command, args);
    } catch (thrown) {
      if (this.modes?.multi != null && !(thrown instanceof CommandError && !thrown.spoilsMulti)) {
        this.modes.multi.spoiled = true;
      }
      this.onThrown(thrown);
    }
  }

  private run(command: Command, args: readonly string[]): void {
    const { commandStatistics } = this.context;
    const mayRun = this.decoder.authenticated || command.beforeAuth;
    if (!mayRun || !command.accepts(args.length)) {
      commandStatistics.rejected(command);
      throw command.accepts(args.length) ? new CommandError(NOT_AUTHENTICATED) : wrongArity(command);
    }
    this.currentArgs = args;
    if (this.context.pause.isOn && this.context.pause.holdsBack(this, command)) return this.park(args);
    if (this.modes !== null && intercept(this, this.modes, command, args)) return;
    commandStatistics.called(command);
    this.lastCommand = command;
    command.handler(this, args);
  }

  private onUnknownCommand(args: readonly string[]): void {
    // An HTTP request behind an innocent first line: Redis drops the connection too, against cross-protocol scripting.
    if (/^(?:post|host:)$/i.test(args[0]!)) this.cutOff();
    else throw new CommandError(unknownCommandText(args));
  }

  private onThrown(thrown: unknown): void {
    const text = thrownError(thrown);
    if (text !== null) {
      this.reply(text);
      return;
    }
    // A bug: whether the command has opened its reply is not known, so the connection's order is lost.
    this.context.onBug(thrown);
    this.cutOff();
  }

  private onProtocolError(text: string): void {
    if (this.state !== 'open') return;
    this.context.counters.protocolErrors++;
    this.reply(error(`ERR ${text}`));
    this.closeAfterReplies();
  }

  /** Whether `share` of a limit is reached. */
  private isFull(share: number): boolean {
    const { limits } = this.context;
    const { count, requestBytes, expectedBytes } = this.replies;
    const output = this.outputBytes;
    return (
      count >= limits.pendingOperations * share ||
      requestBytes >= limits.pendingBytes * share ||
      output >= limits.outputSoftBytes * share ||
      // Replies not here yet count by what the last ones weighed: a pipeline of large reads is let in bit by bit.
      output + count * expectedBytes >= limits.outputHardBytes * share
    );
  }

  private adjustReading(): void {
    if (this.state !== 'open') return;
    const wanted = this.holds > 0 || this.isFull(this.paused ? RESUME_AT : 1);
    if (wanted === this.paused) return;
    this.paused = wanted;
    if (wanted) this.transport.pause();
    else this.transport.resume();
  }
}
