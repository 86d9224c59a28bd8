/**
 * TransactionSegment: the commands of an EXEC that are one transaction of the engine: reads for their plans first, if there are any,
 * then all steps at once, on condition that nothing that was read, or is under WATCH, has changed.
 *
 * Owns      an attempt; who loses against another writer begins again (plan.ts, RETRIES).
 * Bounded   Plans and replies are made in slices (slow-work.ts): each is short, all together need not be. Plans whose values
 *           come to more than a transaction may have are refused before the rest of them is made.
 * Does not  run commands without keys, or reply (execution.ts).
 */
import {
  type Condition,
  type Result,
  Status,
  type Step,
  transactionOf,
  unchanged,
  untilUncontended,
} from '@quintet/engine/internal';
import type { Command } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import { engineError, statusError } from '../engine/errors.ts';
import { error } from '../resp/encoder.ts';
import type { Finish } from '../session/reply-queue.ts';
import type { Slow } from '../session/slow-work.ts';
import { PlannedEntries } from './overlay.ts';
import { RETRIES, ResultSink } from './plan.ts';
import type { Recorded } from './recorder.ts';

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

export class TransactionSegment {
  private readonly session: CommandSession;
  private readonly entries: readonly Entry[];
  private readonly watched: ReadonlyMap<string, number>;
  private readonly onDone: (outcome: Outcome) => void;
  private readonly plannedKeys: readonly string[];

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
    const contended = () => this.onDone({ type: 'failure', text: engineError('CONFLICT', '') });
    untilUncontended(RETRIES, (conflicted) => this.attempt(conflicted), contended);
  }

  private attempt(conflicted: () => void): void {
    if (this.plannedKeys.length === 0) return this.write(null, conflicted);
    const reads = this.plannedKeys.map((key): Step => ({ verb: 'get', key }));
    this.submit(reads, [], ({ items }) => {
      const { executor } = this.session;
      const { maxValueBytes } = executor.limits;
      this.write(new PlannedEntries(this.plannedKeys, items!, executor.now(), maxValueBytes), conflicted);
    });
  }

  private write(planned: PlannedEntries | null, conflicted: () => void): void {
    const steps: Step[] = [];
    const { transactionBytes } = this.session.context.limits;
    this.make(makeParts(this.entries, steps, planned, transactionBytes), (parts) => {
      if (parts === null) this.onDone({ type: 'failure', text: engineError('TRANSACTION_TOO_LARGE', '') });
      else this.writeParts(parts, steps, planned, conflicted);
    });
  }

  private writeParts(
    parts: readonly Part[],
    steps: readonly Step[],
    planned: PlannedEntries | null,
    conflicted: () => void,
  ): void {
    const watched = Array.from(this.watched, ([key, version]) => unchanged(key, version));
    const conditions = planned === null ? watched : [...watched, ...planned.unchanged()];
    if (steps.length + conditions.length === 0) return this.finish(parts, []);
    this.submit(steps, conditions, ({ status, items }) => {
      if (status === Status.ok) this.finish(parts, items!);
      else if (this.isWatchedChanged(items!)) this.onDone({ type: 'conflict' });
      else conflicted();
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
  private isWatchedChanged(items: readonly Result[]): boolean {
    const watched = [...this.watched.values()];
    return items.some((item, index) => item.version !== watched[index]);
  }

  private submit(steps: readonly Step[], conditions: readonly Condition[], next: (result: Result) => void): void {
    const otherwise: Step[] = [...this.watched.keys()].map((key) => ({ verb: 'stat', key }));
    const fail = (text: string) => this.onDone({ type: 'failure', text });
    const sink = new ResultSink(this.session, next, fail, refusal);
    this.session.executor.submit({ ...transactionOf(steps, conditions, otherwise), lenient: true }, sink);
  }
}

/** Of the whole it can only be the results that are too large: what a step writes is refused in its own item. */
function refusal(status: Status): string | null {
  return status === Status.valueTooLarge ? VALUES_TOO_LARGE : statusError(status);
}

/** The parts of all commands, their steps added to `steps`; null if plans come to more than `bytesMax`. */
function* makeParts(
  entries: readonly Entry[],
  steps: Step[],
  planned: PlannedEntries | null,
  bytesMax: number,
): Slow<readonly Part[] | null> {
  const parts: Part[] = [];
  let work = 0;
  let bytes = 0;
  for (const { args, recorded } of entries) {
    const isPlan = recorded?.type === 'plan';
    if (isPlan) work += args.length * ARGUMENT_BYTES + planned!.bytesOf(recorded.plan);
    if (work > PIECE_BYTES) {
      work = 0;
      yield;
    }
    const part = addPart(steps, recorded, planned);
    parts.push(part);
    if (isPlan) bytes += valueBytes(steps, part);
    if (bytes > bytesMax) return null;
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
function addPart(steps: Step[], recorded: Recorded | null, planned: PlannedEntries | null): Part {
  const from = steps.length;
  const finish = recorded === null ? null : addSteps(steps, recorded, planned);
  return { from, to: steps.length, finish };
}

function addSteps(steps: Step[], recorded: Recorded, planned: PlannedEntries | null): Finish {
  if (recorded.type === 'text') return () => recorded.text;
  if (recorded.type === 'steps') {
    for (const step of recorded.steps) steps.push(planned?.apply(step) ?? step);
    return recorded.finish;
  }
  const decision = recorded.plan.decide(planned!.entriesOf(recorded.plan));
  for (const step of decision.steps) steps.push(planned!.apply(step));
  return (results) => results.map(({ status }) => statusError(status)).find(Boolean) ?? decision.outcome;
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
