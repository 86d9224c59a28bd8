/**
 * Segment: the commands of an EXEC that are one transaction of the engine: reads for their plans first, if there are any,
 * then all steps at once, on condition that nothing that was read, or is under WATCH, has changed.
 *
 * Owns      the attempts: who loses against another writer begins anew, up to ATTEMPTS_MAX times.
 * Bounded   Plans and replies are made in slices (slow-work.ts): each is short, all together need not be. Plans whose values
 *           come to more than a transaction may have are refused before the rest of them is made.
 * Does not  run commands without keys, or reply (execution.ts).
 */
import type { ErrorCode } from '@quintet/engine';
import { type Condition, type Result, Status, type Step } from '@quintet/engine/internal';
import type { Command } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import { engineError, statusError } from '../engine/errors.ts';
import { error } from '../resp/encoder.ts';
import type { Finish } from '../session/gather.ts';
import { SessionSink } from '../session/session-sink.ts';
import type { Slow } from '../session/slow-work.ts';
import { Overlay } from './overlay.ts';
import { ATTEMPTS_MAX } from './plan.ts';
import type { Recorded } from './recorder.ts';
import { transactionOf, unchanged } from './steps.ts';

export interface Entry {
  readonly command: Command;
  readonly args: readonly string[];
  /** Null: runs by itself, after the transaction. */
  readonly recorded: Recorded | null;
}

export type Outcome =
  /** The replies of recorded commands by their place; '' where the command runs by itself. */
  | { readonly type: 'done'; readonly replies: readonly string[] }
  /** A key under WATCH has changed: nothing was done. */
  | { readonly type: 'conflict' }
  | { readonly type: 'failure'; readonly text: string };

/** A command's steps among those of all, and what to make of their results. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly finish: Finish | null;
}

/** The engine holds the values of a transaction's results in one place at one time, so this limit of its own is fixed. */
const VALUES_TOO_LARGE = error(
  'ERR the values that the transaction reads come to more than 33554432 bytes, which no setting raises: read in several',
);

/** Work of one go, in bytes looked at: about a millisecond of it. */
const PIECE_BYTES = 1024 * 1024;
/** An argument may be a field to be computed, whatever its length. */
const ARGUMENT_BYTES = 128;

export class Segment {
  private readonly session: CommandSession;
  private readonly entries: readonly Entry[];
  private readonly watched: ReadonlyMap<string, number>;
  private readonly onDone: (outcome: Outcome) => void;
  private readonly plannedKeys: readonly string[];
  private attempts = 0;

  /** `watched`: keys with the version they must have. */
  constructor(
    session: CommandSession,
    entries: readonly Entry[],
    watched: ReadonlyMap<string, number>,
    onDone: (outcome: Outcome) => void,
  ) {
    this.session = session;
    this.entries = entries;
    this.watched = watched;
    this.onDone = onDone;
    const plans = entries.flatMap(({ recorded }) => (recorded?.type === 'plan' ? [recorded.plan] : []));
    this.plannedKeys = [...new Set(plans.flatMap(({ keys }) => keys))];
  }

  run(): void {
    if (this.plannedKeys.length === 0) return this.write(null);
    const reads = this.plannedKeys.map((key): Step => ({ verb: 'get', key }));
    this.submit(reads, [], ({ items }) => {
      const { executor } = this.session;
      this.write(new Overlay(this.plannedKeys, items!, executor.now(), executor.limits.maxValueBytes));
    });
  }

  private write(overlay: Overlay | null): void {
    this.attempts++;
    const steps: Step[] = [];
    const { transactionBytes } = this.session.context.limits;
    this.make(makeParts(this.entries, steps, overlay, transactionBytes), (parts) => {
      if (parts === null) this.onDone({ type: 'failure', text: engineError('TRANSACTION_TOO_LARGE', '') });
      else this.writeParts(parts, steps, overlay);
    });
  }

  private writeParts(parts: readonly Part[], steps: readonly Step[], overlay: Overlay | null): void {
    const conditions = [...this.watched, ...(overlay?.versions() ?? [])].map(([key, version]) =>
      unchanged(key, version),
    );
    if (steps.length + conditions.length === 0) return this.finish(parts, []);
    this.submit(steps, conditions, ({ status, items }) => {
      if (status === Status.ok) this.finish(parts, items!);
      else this.onConflict(items!);
    });
  }

  private finish(parts: readonly Part[], items: readonly Result[]): void {
    this.make(makeReplies(parts, items), (replies) => this.onDone({ type: 'done', replies }));
  }

  /** Most is made at once; what takes long (LCS, many BITOP) is made in slices. */
  private make<T>(making: Slow<T>, onDone: (value: T) => void): void {
    const { done, value } = making.next();
    if (done === true) onDone(value);
    else this.session.context.slowWork.add(this.session, making, onDone);
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
    const sink = new ResultSink(this.session, next, (text) => this.onDone({ type: 'failure', text }));
    this.session.executor.submit(transactionOf({ conditions, steps, otherwise, lenient: true }), sink);
  }
}

/** The parts of all commands, their steps added to `steps`; null if plans come to more than `bytesMax`. */
function* makeParts(
  entries: readonly Entry[],
  steps: Step[],
  overlay: Overlay | null,
  bytesMax: number,
): Slow<readonly Part[] | null> {
  const parts: Part[] = [];
  let work = 0;
  let planned = 0;
  for (const { args, recorded } of entries) {
    const isPlan = recorded?.type === 'plan';
    if (isPlan) work += args.length * ARGUMENT_BYTES + overlay!.bytesOf(recorded.plan);
    if (work > PIECE_BYTES) {
      work = 0;
      yield;
    }
    const part = addPart(steps, recorded, overlay);
    parts.push(part);
    if (isPlan) planned += valueBytes(steps, part);
    if (planned > bytesMax) return null;
  }
  return parts;
}

function valueBytes(steps: readonly Step[], { from, to }: Part): number {
  let bytes = 0;
  for (let at = from; at < to; at++) {
    const step = steps[at]!;
    if ('value' in step) bytes += step.value.length;
  }
  return bytes;
}

/** Adds a recorded command's steps, given what the commands before it leave. Without plans that is nobody's concern. */
function addPart(steps: Step[], recorded: Recorded | null, overlay: Overlay | null): Part {
  const from = steps.length;
  const finish = recorded === null ? null : addSteps(steps, recorded, overlay);
  return { from, to: steps.length, finish };
}

function addSteps(steps: Step[], recorded: Recorded, overlay: Overlay | null): Finish {
  if (recorded.type === 'text') return () => recorded.text;
  if (recorded.type === 'steps') {
    for (const step of recorded.steps) steps.push(overlay?.apply(step) ?? step);
    return recorded.finish;
  }
  const decision = recorded.plan.decide(overlay!.entriesOf(recorded.plan));
  for (const step of decision.steps) steps.push(overlay!.apply(step));
  return (results) => results.map(({ status }) => statusError(status)).find(Boolean) ?? decision.reply;
}

function* makeReplies(parts: readonly Part[], items: readonly Result[]): Slow<readonly string[]> {
  const replies: string[] = [];
  let work = 0;
  for (const { from, to, finish } of parts) {
    const results = items.slice(from, to);
    for (const { value } of results) work += value?.length ?? 0;
    if (work > PIECE_BYTES) {
      work = 0;
      yield;
    }
    const reply = finish === null ? '' : finish(results);
    replies.push(typeof reply === 'string' ? reply : yield* reply);
  }
  return replies;
}

class ResultSink extends SessionSink {
  private readonly next: (result: Result) => void;
  private readonly fail: (text: string) => void;

  constructor(session: CommandSession, next: (result: Result) => void, fail: (text: string) => void) {
    super(session);
    this.next = next;
    this.fail = fail;
  }

  protected onAnswer(result: Result): void {
    // Of the whole it can only be the results that are too large: what a step writes is refused in its own item.
    const failure = result.status === Status.valueTooLarge ? VALUES_TOO_LARGE : statusError(result.status);
    if (failure === null) this.next(result);
    else this.fail(failure);
  }

  protected onFailure(code: ErrorCode, details: string): void {
    this.fail(engineError(code, details));
  }
}
