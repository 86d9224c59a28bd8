/**
 * Plans: commands that must see values before they know what to write (RENAME, COPY, MSETNX, BITOP …). Their outcome is the
 * encoded reply.
 *
 * Owns      such a command outside of MULTI, the policy of all that is optimistic here. Inside, segment.ts asks the same plan.
 * Does not  read, write or repeat: the engine's runPlan does.
 */
import type { ErrorCode } from '@quintet/engine';
import { type Plan, type Result, type RetryPolicy, runPlan, type Status } from '@quintet/engine/internal';
import type { CommandSession } from '../command/command-session.ts';
import { engineError, statusError } from '../engine/errors.ts';
import { SessionSink } from '../session/session-sink.ts';

/** At once, and so often before other writers have won: nobody waits but this client. */
export const RETRIES: RetryPolicy<void> = { attempts: 1000, pause: (_made, next) => next() };

/** Carries a plan out and replies; later commands of the session wait. */
export function carryOut(session: CommandSession, plan: Plan<string>): void {
  if (session.recorder !== null) return session.recorder.plan(plan);
  const reply = session.open();
  session.hold();
  const end = (text: string) => {
    reply.resolve(text);
    session.release();
  };
  runPlan(
    plan,
    RETRIES,
    (operation, next) => void session.executor.submit(operation, new ResultSink(session, next, end)),
    end,
    () => end(engineError('CONFLICT', '')),
  );
}

/** Hands on what is no failure; the text of one goes to `fail`. */
export class ResultSink extends SessionSink {
  private readonly next: (result: Result) => void;
  private readonly fail: (text: string) => void;
  private readonly refusal: (status: Status) => string | null;

  constructor(
    session: CommandSession,
    next: (result: Result) => void,
    fail: (text: string) => void,
    refusal: (status: Status) => string | null = statusError,
  ) {
    super(session);
    this.next = next;
    this.fail = fail;
    this.refusal = refusal;
  }

  protected onAnswer(result: Result): void {
    const failure = this.refusal(result.status);
    if (failure === null) this.next(result);
    else this.fail(failure);
  }

  protected onFailure(code: ErrorCode, details: string): void {
    this.fail(engineError(code, details));
  }
}
