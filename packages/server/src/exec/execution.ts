/**
 * Execution: EXEC, from the queue of commands to one array of replies.
 *
 * The queue is cut into segments at commands on all keys (FLUSHALL, DBSIZE, SCAN …), which the engine's transactions cannot
 * hold. Commands with keys between two cuts are one transaction of the engine, atomic over all shards; what has no keys
 * (PING, PUBLISH, CONFIG …) runs when the transaction of its segment is done, each reply in its place. Everything takes
 * effect in the order of the queue; only at a cut may other clients come between. WATCH guards the first segment.
 *
 * Owns      the array's header and order, the session's hold, and its pushes until the array is complete.
 * Invariant EX1  either one nil (a watched key changed), or one error (nothing was done), or as many replies as commands.
 */
import type { Command } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import { engineError, replyTooLong, thrownError } from '../engine/errors.ts';
import type { PendingReply } from '../session/reply-queue.ts';
import type { Queued, SessionModes } from '../session/session-modes.ts';
import { type Recorded, Recorder } from './recorder.ts';
import { type Entry, type Outcome, TransactionSegment } from './transaction-segment.ts';

/** Commands without keys that see or change keys all the same. */
const CUTS: ReadonlySet<string> = new Set([
  'flushall',
  'flushdb',
  'dbsize',
  'keys',
  'scan',
  'randomkey',
  'wait',
  'quintet|scan',
  'quintet|reset',
  'cluster|countkeysinslot',
  'cluster|getkeysinslot',
]);

export function execute(session: CommandSession, modes: SessionModes, queue: readonly Queued[]): void {
  const watched = new Map(modes.watched);
  modes.leaveMulti();
  new Execution(session, modes, queue, watched).begin();
}

class Execution {
  private readonly session: CommandSession;
  private readonly modes: SessionModes;
  private readonly queue: readonly Queued[];
  private readonly watched: Map<string, number>;
  private readonly header: PendingReply;
  private headerSent = false;
  private at = 0;

  constructor(session: CommandSession, modes: SessionModes, queue: readonly Queued[], watched: Map<string, number>) {
    this.session = session;
    this.modes = modes;
    this.queue = queue;
    this.watched = watched;
    this.header = session.open();
  }

  begin(): void {
    this.session.hold();
    this.modes.heldPushes = [];
    this.nextSegment();
  }

  private nextSegment(): void {
    const first = this.at;
    while (this.at < this.queue.length && !CUTS.has(this.queue[this.at]!.command.fullName)) this.at++;
    const entries = this.record(this.queue.slice(first, this.at));
    new TransactionSegment(this.session, entries, this.watched, (outcome) => this.onSegment(entries, outcome)).run();
  }

  /** Asks each handler with keys what it would do. */
  private record(queued: readonly Queued[]): Entry[] {
    const { session } = this;
    const recorder = new Recorder(session.encoder, session.executor.limits);
    session.recorder = recorder;
    const entries = queued.map(({ command, args }): Entry => {
      if (command.spec.keys === undefined) return { command, args, recorded: null };
      return { command, args, recorded: recordOne(session, recorder, command, args) };
    });
    session.recorder = null;
    return entries;
  }

  private onSegment(entries: readonly Entry[], outcome: Outcome): void {
    if (!this.headerSent) {
      this.headerSent = true;
      this.watched.clear();
      if (outcome.type === 'conflict') return this.end(this.session.encoder.nilArray);
      if (outcome.type === 'failure') return this.end(asRefusal(outcome.text));
      this.header.resolve(`*${this.queue.length}\r\n`);
    }
    for (const [index, { command, args, recorded }] of entries.entries()) {
      // A client that was cut off amid its replies (there are too many) gets no further ones made.
      if (this.session.isClosed) return;
      if (recorded === null) this.perform(command, args);
      else this.session.reply(outcome.type === 'done' ? outcome.replies[index]! : failureText(outcome));
    }
    this.session.whenIdle(() => this.afterSegment());
  }

  /** Runs what is no part of the engine's transaction, unless there are too many bytes of replies by now. */
  private perform(command: Command, args: readonly string[]): void {
    const { replyBytes } = this.session.context.limits;
    if (this.session.outputBytes > replyBytes) this.session.reply(replyTooLong(replyBytes));
    else this.session.perform(command, args);
  }

  private afterSegment(): void {
    const cut = this.queue[this.at++];
    if (cut === undefined) return this.end(null);
    this.perform(cut.command, cut.args);
    this.session.whenIdle(() => (this.at < this.queue.length ? this.nextSegment() : this.end(null)));
  }

  /** `text`: the whole reply, where there is no array. */
  private end(text: string | null): void {
    if (text !== null) this.header.resolve(text);
    const pushes = this.modes.heldPushes ?? [];
    this.modes.heldPushes = null;
    for (const push of pushes) this.session.push(push);
    this.session.release();
  }
}

function recordOne(session: CommandSession, recorder: Recorder, command: Command, args: readonly string[]): Recorded {
  recorder.recorded = null;
  try {
    session.context.commandStatistics.called(command);
    session.handle(command, args);
  } catch (thrown) {
    const text = thrownError(thrown);
    if (text === null) throw thrown;
    return { type: 'text', text };
  }
  if (recorder.recorded === null) throw new Error(`${command.fullName} left no trace to be executed by`);
  return recorder.recorded;
}

/** Redis refuses an EXEC that needs memory before it begins, and says so in these words. */
function asRefusal(text: string): string {
  return text.startsWith('-OOM ') ? `-EXECABORT Transaction discarded because of: ${text.slice(1)}` : text;
}

function failureText(outcome: Exclude<Outcome, { type: 'done' }>): string {
  return outcome.type === 'failure' ? outcome.text : engineError('CONFLICT', '');
}
