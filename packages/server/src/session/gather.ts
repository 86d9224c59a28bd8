/**
 * Gather: one command made of many operations (MGET, DEL a b c, FLUSHALL, DBSIZE), one reply.
 *
 * Owns      the results in the order of the keys, and how many operations are in flight.
 * Does not  make the operations atomic: each key is, by itself; what must be is a transaction. A command that fails half
 *           way says so with the first error.
 * Invariants
 *   GA1  at most WINDOW operations of one command are in flight, of reads only as many as the way out has room for. While
 *       some are not submitted yet the session holds later commands back, so that they still take effect in order.
 *   GA2  values gathered count as memory of the client; more than `replyBytes` of them are refused
 */

import type { ErrorCode } from '@quintet/engine';
import type { Operation, Result, Sink } from '@quintet/engine/internal';
import type { CommandSession } from '../command/command-session.ts';
import { engineError, replyTooLong, statusError } from '../engine/errors.ts';
import type { Finish, PendingReply } from './reply-queue.ts';
import { SessionSink } from './session-sink.ts';
import type { SlowReply } from './slow-work.ts';

const WINDOW = 1024;

/** Submits the operation number `index` with `sink` to hear of it. */
type SubmitNumbered = (index: number, sink: Sink) => void;

/** Submits one operation for each of `keys` and replies with what `finish` makes of their results. */
export function gatherKeys(
  session: CommandSession,
  keys: readonly string[],
  operation: (key: string) => Operation,
  finish: Finish,
): void {
  const asked = (key: string) => session.withoutTrace(operation(key));
  if (session.recorder !== null) return session.recorder.steps(keys.map(asked), finish);
  const { executor } = session;
  const submit: SubmitNumbered = (index, sink) => executor.submit(asked(keys[index]!), sink);
  new Gather(session, keys.length, submit, finish, operation('').verb === 'get').run();
}

/** The same for each shard. Later commands wait: what concerns a whole shard has no place in the order of its keys' writes. */
export function gatherShards(session: CommandSession, operation: Operation, finish: Finish): void {
  const { executor } = session;
  new Gather(session, executor.shards, (shard, sink) => executor.submitToShard(shard, operation, sink), finish).run(
    true,
  );
}

class Gather {
  private readonly session: CommandSession;
  private readonly reply: PendingReply;
  private readonly count: number;
  private readonly submit: SubmitNumbered;
  private readonly finish: Finish;
  /** It reads values, whose lengths are not known before. */
  private readonly reads: boolean;
  private readonly results: Result[] = [];
  private submitted = 0;
  private answered = 0;
  private valueBytes = 0;
  private failure: string | null = null;
  private holding = false;
  private alone = false;
  private running = false;

  constructor(session: CommandSession, count: number, submit: SubmitNumbered, finish: Finish, reads = false) {
    this.session = session;
    this.reads = reads;
    this.reply = session.open(null, reads);
    this.count = count;
    this.submit = submit;
    this.finish = finish;
  }

  /** `alone`: the session's later commands wait for its end. */
  run(alone = false): void {
    this.alone = alone;
    this.holding = alone || this.count > this.window;
    if (this.holding) this.session.hold();
    this.submitMore();
  }

  /** A part was answered: `result`, or null with `failure` the reply. */
  onPart(index: number, result: Result | null, failure: string | null): void {
    this.answered++;
    if (result !== null) this.keep(index, result);
    if (failure !== null) this.fail(failure);
    this.submitMore();
  }

  private keep(index: number, result: Result): void {
    if (this.failure !== null) return;
    this.results[index] = result;
    const bytes = result.value?.length ?? 0;
    this.valueBytes += bytes;
    this.session.gatheredBytes += bytes;
    if (this.reads) this.session.sawValue(bytes);
    const { replyBytes } = this.session.context.limits;
    if (this.valueBytes > replyBytes) this.fail(replyTooLong(replyBytes));
  }

  private fail(text: string): void {
    this.failure ??= text;
    this.forget();
  }

  private forget(): void {
    this.session.gatheredBytes -= this.valueBytes;
    this.valueBytes = 0;
    this.results.length = 0;
  }

  private get window(): number {
    return this.reads ? Math.min(WINDOW, this.session.valuesExpected) : WINDOW;
  }

  private finishReply(reply: string | SlowReply): void {
    if (typeof reply === 'string') return this.reply.resolve(reply);
    this.session.context.slowWork.add(this.session, reply, (text) => this.reply.resolve(text));
  }

  private submitMore(): void {
    // A refusal may come from within submit; the loop below goes on, so there is nothing to do for it here.
    if (this.running) return;
    this.running = true;
    while (this.submitted < this.count && this.submitted - this.answered < this.window && this.failure === null) {
      const index = this.submitted++;
      this.submit(index, new Part(this.session, this, index));
    }
    this.running = false;
    const allSubmitted = this.submitted === this.count || this.failure !== null;
    const allAnswered = allSubmitted && this.answered === this.submitted;
    if (allAnswered) {
      const reply = this.failure ?? this.finish([...this.results]);
      this.forget();
      this.finishReply(reply);
    }
    if (this.holding && (this.alone ? allAnswered : allSubmitted)) {
      this.holding = false;
      this.session.release();
    }
  }
}

class Part extends SessionSink {
  private readonly owner: Gather;
  private readonly index: number;

  constructor(session: CommandSession, owner: Gather, index: number) {
    super(session);
    this.owner = owner;
    this.index = index;
  }

  protected onAnswer(result: Result): void {
    const failure = statusError(result.status);
    this.owner.onPart(this.index, failure === null ? result : null, failure);
  }

  protected onFailure(code: ErrorCode, details: string): void {
    this.owner.onPart(this.index, null, engineError(code, details));
  }
}
