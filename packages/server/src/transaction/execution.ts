/**
 * Execution: EXEC, from the queue of commands to one array of replies.
 *
 * The queue is cut into segments at commands on all keys (FLUSHALL, DBSIZE, SCAN …), which the engine's transactions cannot
 * hold. Commands with keys between two cuts are one transaction of the engine, atomic over all shards; what has no keys
 * (PING, PUBLISH, CONFIG …) runs when the transaction of its segment is done, each reply in its place. Everything takes
 * effect in the order of the queue; only at a cut may other clients come between. WATCH guards the first segment.
 *
 * Owns      the array's header and order, the session's hold, and its pushes until the array is complete.
 * Invariant T1  either one nil (a watched key changed), or one error (nothing was done), or as many replies as commands.
 */
import type { CallSink, ErrorCode } from '@quintet/engine';
import { type Condition, type Result, Status, type Step } from '@quintet/engine/core';
import type { Command } from '../commands/command.ts';
import { engineError, statusError, thrownError } from '../errors.ts';
import type { PendingReply } from '../reply-queue.ts';
import type { Session } from '../session.ts';
import type { Queued, SessionModes } from '../session-modes.ts';
import { Overlay } from './overlay.ts';
import { ATTEMPTS_MAX, readSteps } from './plan.ts';
import { type Recorded, Recorder } from './recorder.ts';
import { transactionOf, unchanged } from './steps.ts';

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

interface Entry extends Queued {
  /** Null: runs by itself, after the transaction. */
  readonly recorded: Recorded | null;
}

type Steps = Extract<Recorded, { type: 'steps' }>;

export function execute(session: Session, modes: SessionModes, queue: readonly Queued[]): void {
  const watched = new Map(modes.watched);
  modes.leaveMulti();
  new Execution(session, modes, queue, watched).begin();
}

class Execution {
  private readonly session: Session;
  private readonly modes: SessionModes;
  private readonly queue: readonly Queued[];
  private readonly watched: Map<string, number>;
  private readonly header: PendingReply;
  private headerSent = false;
  private at = 0;

  constructor(session: Session, modes: SessionModes, queue: readonly Queued[], watched: Map<string, number>) {
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
    new Segment(this.session, entries, this.watched, (outcome) => this.onSegment(entries, outcome)).run();
  }

  /** Asks each handler with keys what it would do. */
  private record(queued: readonly Queued[]): Entry[] {
    const { session } = this;
    const recorder = new Recorder(session.encoder, session.caller.limits);
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
      if (outcome.type === 'failure') return this.end(outcome.text);
      this.header.resolve(`*${this.queue.length}\r\n`);
    }
    for (const [index, { command, args, recorded }] of entries.entries()) {
      if (recorded === null) this.session.perform(command, args);
      else this.session.reply(outcome.type === 'done' ? outcome.replies[index]! : failureText(outcome));
    }
    this.session.whenIdle(() => this.afterSegment());
  }

  private afterSegment(): void {
    const cut = this.queue[this.at++];
    if (cut === undefined) return this.end(null);
    this.session.perform(cut.command, cut.args);
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

function recordOne(session: Session, recorder: Recorder, command: Command, args: readonly string[]): Recorded {
  recorder.recorded = null;
  try {
    session.context.commandStatistics.called(command);
    command.handler(session, args);
  } catch (thrown) {
    const text = thrownError(thrown);
    if (text === null) throw thrown;
    return { type: 'text', text };
  }
  if (recorder.recorded === null) throw new Error(`${command.fullName} left no trace to be executed by`);
  return recorder.recorded;
}

type Outcome =
  /** The replies of recorded commands by their place; '' where the command runs by itself. */
  | { readonly type: 'done'; readonly replies: readonly string[] }
  | { readonly type: 'conflict' }
  | { readonly type: 'failure'; readonly text: string };

function failureText(outcome: Exclude<Outcome, { type: 'done' }>): string {
  return outcome.type === 'failure' ? outcome.text : engineError('CONFLICT', '');
}

/** One transaction: reads for its plans first, if it has any, then all steps at once. */
class Segment {
  private readonly session: Session;
  private readonly entries: readonly Entry[];
  private readonly watched: ReadonlyMap<string, number>;
  private readonly onDone: (outcome: Outcome) => void;
  private attempts = 0;

  constructor(
    session: Session,
    entries: readonly Entry[],
    watched: ReadonlyMap<string, number>,
    onDone: (outcome: Outcome) => void,
  ) {
    this.session = session;
    this.entries = entries;
    this.watched = watched;
    this.onDone = onDone;
  }

  run(): void {
    const reads = this.entries.flatMap(({ recorded }) => (recorded?.type === 'plan' ? readSteps(recorded.plan) : []));
    if (reads.length === 0) return this.write(new Overlay([], [], this.session.caller.now()));
    const wanted = reads.map((read) => ({ ...read, verb: 'get' as const }));
    this.submit(wanted, [], (result) => this.write(new Overlay(wanted, result.items!, this.session.caller.now())));
  }

  private write(overlay: Overlay): void {
    this.attempts++;
    const steps: Step[] = [];
    const finishers: (((results: readonly Result[]) => string) | null)[] = [];
    const spans: (readonly [from: number, to: number])[] = [];
    for (const { recorded } of this.entries) {
      const part = recorded === null ? null : resolve(recorded, overlay);
      const from = steps.length;
      // Not spread: a thousand steps are arguments enough to overflow the stack.
      for (const step of part?.steps ?? []) steps.push(step);
      spans.push([from, steps.length]);
      finishers.push(part?.finish ?? null);
    }
    const conditions = [
      ...[...this.watched].map(([key, version]) => unchanged(key, version)),
      ...overlay.versions().map(([key, version]) => unchanged(key, version)),
    ];
    const replies = (items: readonly Result[]): string[] =>
      finishers.map((finish, index) => finish?.(items.slice(...spans[index]!)) ?? '');
    if (steps.length + conditions.length === 0) return this.onDone({ type: 'done', replies: replies([]) });
    this.submit(steps, conditions, (result) => {
      if (result.status === Status.ok) this.onDone({ type: 'done', replies: replies(result.items!) });
      else this.onConflict(result.items!);
    });
  }

  /** `items`: the watched keys as they are. If they are as they were, only what a plan had read has changed. */
  private onConflict(items: readonly Result[]): void {
    const watched = [...this.watched.values()];
    if (items.some((item, index) => item.version !== watched[index])) return this.onDone({ type: 'conflict' });
    if (this.attempts < ATTEMPTS_MAX) this.run();
    else this.onDone({ type: 'failure', text: engineError('CONFLICT', '') });
  }

  private submit(steps: readonly Step[], conditions: readonly Condition[], next: (result: Result) => void): void {
    const otherwise: Step[] = [...this.watched.keys()].map((key) => ({ verb: 'stat', key }));
    const sink: CallSink = {
      onResult: (result) => {
        const failure = statusError(result.status);
        if (failure === null) next(result);
        else this.onDone({ type: 'failure', text: failure });
      },
      onError: (code: ErrorCode, details: string) => this.onDone({ type: 'failure', text: engineError(code, details) }),
    };
    this.session.caller.submit(transactionOf({ conditions, steps, otherwise, lenient: true }), sink);
  }
}

/** A recorded command as steps, given what the commands before it leave. */
function resolve(recorded: Recorded, overlay: Overlay): Steps {
  if (recorded.type === 'text') return { type: 'steps', steps: [], finish: () => recorded.text };
  if (recorded.type === 'steps') {
    for (const step of recorded.steps) overlay.apply(step);
    return recorded;
  }
  const entries = overlay.entriesOf(recorded.plan);
  if (typeof entries === 'string') return { type: 'steps', steps: [], finish: () => entries };
  const { steps, reply } = recorded.plan.decide(entries);
  for (const step of steps) overlay.apply(step);
  return {
    type: 'steps',
    steps,
    finish: (results) => results.map(({ status }) => statusError(status)).find(Boolean) ?? reply,
  };
}
