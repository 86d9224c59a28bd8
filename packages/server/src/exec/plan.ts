/**
 * Plan: a command that must see values before it knows what to write (RENAME, COPY, MSETNX). It reads, decides, and
 * writes on condition that what it read is unchanged; otherwise it begins anew. So it takes effect at one point in time,
 * whatever other clients do meanwhile.
 *
 * Owns      one such command outside of MULTI. Inside, exec/execution.ts asks the same plan.
 */
import type { ErrorCode } from '@quintet/engine';
import type { Result, Step } from '@quintet/engine/internal';
import { Status } from '@quintet/engine/internal';
import type { CommandSession } from '../command/command-session.ts';
import { engineError, statusError } from '../engine/errors.ts';
import type { PendingReply } from '../session/reply-queue.ts';
import { SessionSink } from '../session/session-sink.ts';
import { transactionOf, unchanged } from './steps.ts';

export interface Decision {
  /** What to write; nothing = the reply stands as it is. */
  readonly steps: readonly Step[];
  /** Encoded; given if every step is done. */
  readonly reply: string;
}

export interface Plan {
  readonly keys: readonly string[];
  /** Whether it needs the values, or only to know of them. */
  readonly needsValues: boolean;
  /** `entries`: as GET (or the engine's stat) answers, in the order of `keys`. Pure: it may be asked again. */
  readonly decide: (entries: readonly Result[]) => Decision;
}

/** Attempts before other writers are told to have won. */
export const ATTEMPTS_MAX = 1000;

/** Carries a plan out and replies; later commands of the session wait. */
export function carryOut(session: CommandSession, plan: Plan): void {
  if (session.recorder !== null) session.recorder.plan(plan);
  else new PlannedCommand(session, plan).read();
}

export function readSteps({ keys, needsValues }: Plan): Step[] {
  return keys.map((key) => (needsValues ? { verb: 'get', key } : { verb: 'stat', key, uses: true }));
}

class PlannedCommand extends SessionSink {
  private readonly plan: Plan;
  private readonly reply: PendingReply;
  private attempts = 0;
  private decision: Decision | null = null;

  constructor(session: CommandSession, plan: Plan) {
    super(session);
    this.plan = plan;
    this.reply = session.open();
    session.hold();
  }

  read(): void {
    this.attempts++;
    this.decision = null;
    this.session.executor.submit(transactionOf({ steps: readSteps(this.plan), lenient: false }), this);
  }

  protected onAnswer(result: Result): void {
    const failure = statusError(result.status);
    if (failure !== null) this.end(failure);
    else if (this.decision === null) this.write(result.items!);
    else if (result.status === Status.ok) this.end(this.decision.reply);
    else if (this.attempts < ATTEMPTS_MAX) this.read();
    else this.end(engineError('CONFLICT', ''));
  }

  protected onFailure(code: ErrorCode, details: string): void {
    this.end(engineError(code, details));
  }

  private write(entries: readonly Result[]): void {
    const decision = this.plan.decide(entries);
    if (decision.steps.length === 0) return this.end(decision.reply);
    this.decision = decision;
    const conditions = this.plan.keys.map((key, index) => unchanged(key, entries[index]!.version));
    this.session.executor.submit(transactionOf({ conditions, steps: decision.steps, lenient: false }), this);
  }

  private end(reply: string): void {
    this.reply.resolve(reply);
    this.session.release();
  }
}
