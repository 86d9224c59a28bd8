/**
 * Session: one client's connection, from bytes to replies.
 *
 * Owns      what the client has said about itself (protocol, name, password, modes), and its way in (request-reader.ts) and out
 *           (reply-writer.ts).
 * Does not  own the socket (Transport), run commands (dispatch.ts, commands/), or share anything but ServerContext.
 * In / Out  onData, onDrain, onEnd, onClosed  →  transport.write once per turn, pause, resume, end, destroy
 * Invariants
 *   SES1  commands are begun in the order they came; each opens exactly one reply, and replies leave in that order
 *   SES2  no error of ours leaves here: it is reported as a bug, and ends this connection alone
 */
import type { Executor } from '@quintet/engine/internal';
import { type Bytes, Needs, type Operation, rowOf } from '@quintet/engine/internal';
import type { Role } from '../access/passwords.ts';
import type { Guest } from '../access/strangers.ts';
import type { Command } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import { COMMANDS, handlerOf } from '../commands/table.ts';
import type { Recorder } from '../exec/recorder.ts';
import type { CutOffReason } from '../listen/incidents.ts';
import type { Transport } from '../listen/transport.ts';
import { bulk, type Encoder, error } from '../resp/encoder.ts';
import { REPLY_VALUE_BYTES_MAX } from '../resp/reply-bytes.ts';
import type { ServerContext } from '../state/server-context.ts';
import { leaveWatch } from '../watch/session-watch.ts';
import type { Blocking } from './client.ts';
import { dispatch, dispatchBlocks, perform } from './dispatch.ts';
import { asText, type LargeAnswer, type PendingReply, type Request } from './reply-queue.ts';
import { ReplyWriter, type ReplyWriterOwner } from './reply-writer.ts';
import { RequestReader, type RequestReaderOwner } from './request-reader.ts';
import { SessionModes } from './session-modes.ts';

/** How long a client that has ended its half may wait for a command that waits. */
const ENDED_MS = 10_000;

const GET = COMMANDS.get('get')!;
const NO_ARGUMENTS: readonly string[] = [];

export class Session implements CommandSession, RequestReaderOwner, ReplyWriterOwner {
  readonly id: number;
  readonly context: ServerContext;
  readonly transport: Transport;
  readonly executor: Executor;
  readonly startedAt: number;
  name = '';
  libraryName = '';
  libraryVersion = '';
  /** Its connection among those without the password; null where nobody counts them. */
  guest: Guest | null = null;
  /** How often AUTH was given a wrong one. */
  wrongPasswords = 0;
  /** What its password is good for, once it is authenticated. */
  role: Role = 'admin';
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
  /** A command that waits for something to happen, and has said so. */
  blocking: Blocking | null = null;
  /** Whether the next replies are kept from the client. */
  muted = false;
  /** Values that are here for a reply that is not complete. */
  gatheredBytes = 0;

  private readonly input: RequestReader;
  private readonly output: ReplyWriter;
  private currentArgs: readonly string[] = [];
  private endTimer: NodeJS.Timeout | undefined;

  constructor(context: ServerContext, transport: Transport) {
    this.context = context;
    this.transport = transport;
    this.executor = context.executor;
    this.id = context.nextSessionId();
    this.startedAt = this.lastActiveAt = context.now();
    this.output = new ReplyWriter(this, context, transport);
    this.input = new RequestReader(this, this.output, context, transport);
    context.addSession(this);
  }

  // What the transport tells.

  /** The first `length` of `bytes`, which are the transport's again after the call. */
  onData(bytes: Buffer, length: number = bytes.length): void {
    if (!this.output.isOpen) return;
    this.context.counters.inputBytes += length;
    this.lastActiveAt = this.context.now();
    this.context.mayHold();
    this.input.feed(bytes, length);
  }

  onDrain(): void {
    this.output.onDrain();
    this.input.pump();
  }

  /** The client will send no more; what it asked for is still answered. Most likely it is gone, so it waits for nothing. */
  onEnd(): void {
    this.input.end();
    this.blocking?.unblock(null);
    if (this.isOpen) this.endTimer = setTimeout(() => this.onEndedLong(), ENDED_MS).unref();
  }

  /** While a command waits (DEBUG SLEEP, CLIENT PAUSE) nothing is written that could tell that the client is gone. */
  private onEndedLong(): void {
    if (!this.isOpen) return;
    if (this.outputBytes === 0) this.cutOff('gone');
    else this.endTimer?.refresh();
  }

  onClosed(): void {
    if (!this.output.onClosed()) return;
    clearTimeout(this.endTimer);
    this.input.forgetParked();
    this.context.pubsub.leave(this);
    leaveWatch(this);
    this.context.removeSession(this);
  }

  // What command handlers use.

  get encoder(): Encoder {
    return this.output.encoder;
  }

  set encoder(encoder: Encoder) {
    this.output.encoder = encoder;
  }

  get authenticated(): boolean {
    return this.input.decoder.authenticated;
  }

  set authenticated(value: boolean) {
    this.input.decoder.authenticated = value;
    this.guest?.known(value);
  }

  get isStranger(): boolean {
    return !this.authenticated;
  }

  get isOpen(): boolean {
    return this.output.isOpen;
  }

  get isSubscriber(): boolean {
    return (this.modes?.subscriptions ?? 0) > 0;
  }

  /** Whether the client is gone: nobody will read what is replied. */
  get isClosed(): boolean {
    return this.output.isClosed;
  }

  /** Bytes received and not yet run, for CLIENT LIST. */
  get queryBytes(): number {
    return this.input.bytes;
  }

  /** All that this connection keeps in memory. */
  get heldBytes(): number {
    const { input, output, modes } = this;
    const memory = input.bytes + output.requestBytes + output.outputBytes + this.gatheredBytes;
    return memory + (modes === null ? 0 : modes.heldBytes);
  }

  /** A value for a reply that is still gathered came to so many bytes. */
  sawValue(bytes: number): void {
    this.output.sawValue(bytes);
  }

  /** How many values of unknown length may be asked for at once. */
  get valuesExpected(): number {
    return this.output.valuesExpected;
  }

  get pendingReplies(): number {
    return this.output.pending;
  }

  get outputBytes(): number {
    return this.output.outputBytes;
  }

  /** The modes of this session, from now on. */
  enterModes(): SessionModes {
    this.modes ??= new SessionModes();
    return this.modes;
  }

  /** Replies at once (in its turn). `text` is encoded. */
  reply(text: string): void {
    if (this.recorder !== null) this.recorder.text(text);
    else if (!this.muted) this.output.add(text);
  }

  /** An argument of the request being begun, for a command that takes blocks. */
  valueAt(args: readonly string[], place: number): Bytes {
    return this.input.decoder.blocks?.get(place) ?? args[place]!;
  }

  /** Replies with what `answer` makes of the operation's result. */
  submit(operation: Operation, answer: LargeAnswer): void {
    const asked = this.withoutTrace(operation);
    if (this.recorder !== null) this.recorder.operation(asked, asText(answer));
    else if (!this.replyAtOnce(asked, answer)) this.executor.submit(asked, this.open(answer, bringsValues(asked)));
  }

  /** Most reads of hot keys are answered without asking a node: then nothing is kept for them but their place among the replies. */
  private replyAtOnce(operation: Operation, answer: LargeAnswer): boolean {
    const { verb } = operation;
    if ((verb !== 'get' && verb !== 'stat') || this.muted) return false;
    const known = this.executor.entryAtOnce?.(operation) ?? null;
    if (known === null) return false;
    const reply = answer(known, this.encoder);
    // Large values are not known at once.
    this.output.addAnswer(typeof reply === 'string' ? reply : bulk(reply.text()));
    this.context.answered(this, { command: this.lastCommand, args: this.currentArgs, begunAt: this.input.begunAt });
    return true;
  }

  /** A read as a client with CLIENT NO-TOUCH makes it: nobody can tell by OBJECT IDLETIME. */
  withoutTrace(operation: Operation): Operation {
    if (!this.noTouch || operation.verb !== 'get') return operation;
    return { verb: 'stat', key: operation.key, tells: 'value' };
  }

  /** A reply the handler settles by itself, later; `answer` is for its onResult. `long`: it may have values in it. */
  open(answer: LargeAnswer | null = null, long = true): PendingReply {
    const { lastCommand: command, currentArgs: args, muted } = this;
    const { begunAt, decoder } = this.input;
    return this.output.open(answer, { command, args, bytes: decoder.lastRequestBytes, begunAt, long, muted });
  }

  /** Out-of-band data: stands between replies, and never inside that of an EXEC. Muting does not concern it. */
  push(text: string): void {
    if (this.modes?.heldPushes != null) this.modes.heldPushes.push(text);
    else this.output.add(text);
  }

  /** What the client must hear even while it wants no replies: confirmations of subscriptions. */
  confirm(text: string): void {
    this.output.add(text);
  }

  /** Whether all replies before this one are given. */
  isFirstPending(reply: PendingReply): boolean {
    return this.output.isHead(reply);
  }

  /** Calls once no reply is pending any more. One at a time. */
  whenIdle(callback: () => void): void {
    this.output.whenIdle(callback);
  }

  /** Takes back the request being begun: it is begun anew after {@link release}, which must follow. */
  park(args: readonly string[]): void {
    this.input.park(args);
  }

  /** Begins no further command until as many calls of {@link release}: for commands made of several steps. */
  hold(): void {
    this.input.hold();
  }

  release(): void {
    this.input.release();
  }

  /** Reads no more requests; ends the connection when every reply is sent. */
  closeAfterReplies(): void {
    this.output.close();
  }

  /** Ends the connection at once, replies or not. */
  cutOff(reason: CutOffReason): void {
    if (this.isClosed) return;
    this.context.incidents.cutOff('resp', this.transport.remoteAddress, reason, { client: this.id, name: this.name });
    this.transport.destroy();
    this.onClosed();
  }

  /** An error that is a bug of ours struck this connection: it is reported, and the connection's order is lost. */
  onBug(thrown: unknown): void {
    this.context.incidents.bug(thrown);
    this.cutOff('bug');
  }

  // What its parts use.

  setCurrent(command: Command, args: readonly string[]): void {
    this.lastCommand = command;
    this.currentArgs = args;
  }

  perform(command: Command, args: readonly string[]): void {
    perform(this, command, args);
  }

  handle(command: Command, args: readonly string[]): void {
    handlerOf(command)(this, args);
  }

  begin(args: string[]): void {
    if (this.input.decoder.blocks === null) dispatch(this, args);
    else dispatchBlocks(this, args, this.input.decoder);
  }

  /** Bytes to bytes: neither the key nor the value becomes a string. */
  getAtOnce(): boolean {
    const { context, input } = this;
    const isPlain = this.modes === null && this.recorder === null && !this.muted && !this.noTouch;
    if (!isPlain || !this.authenticated || context.pause.isOn || context.slowLog.thresholdMs <= 0) return false;
    // First, as what is shown counts as read.
    if (!this.output.takesBytes) return false;
    const value = this.executor.showAtOnce?.(input.decoder.keyOfGet, REPLY_VALUE_BYTES_MAX) ?? null;
    if (value === null) return false;
    this.output.addValue(value);
    context.counters.commands++;
    context.commandStatistics.called(GET);
    context.commandStatistics.took(GET, 0);
    this.setCurrent(GET, NO_ARGUMENTS);
    return true;
  }

  onInputDone(): void {
    this.closeAfterReplies();
  }

  onProtocolError(text: string): void {
    if (!this.isOpen) return;
    this.context.counters.protocolErrors++;
    this.context.incidents.cutOff('resp', this.transport.remoteAddress, 'protocol-error', { client: this.id, text });
    this.reply(error(`ERR ${text}`));
    this.closeAfterReplies();
  }

  onAnswered(request: Request): void {
    this.context.answered(this, request);
  }

  flush(): void {
    this.flushScheduled = false;
    this.output.flush();
  }

  onWritten(): void {
    if (this.input.isBlocked) this.input.pump();
  }
}

function bringsValues(operation: Operation): boolean {
  const row = rowOf(operation);
  return operation.verb === 'transaction' || (row.shows(operation) && row.reads(operation) === Needs.value);
}
