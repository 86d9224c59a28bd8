/**
 * Retrying: a connection for long work. When it is lost, or the server is busy, the same commands are sent again, until
 * they are answered or nothing has got ahead for --retry-for.
 *
 * The caller owes: only commands that may be repeated (reads; puts of a fixed value), because a command whose connection
 * broke may have been carried out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, Failure, interrupted } from '../failure.ts';
import { type Argument, Connection, type ConnectionOptions, type Reply } from '../server/connection.ts';
import { isConnectionLoss, isRetryable } from '../server/refusals.ts';
import type { Target } from '../server/target.ts';

export type Command = readonly [string, ...Argument[]];

const PAUSE_MS = [10, 20, 50, 100, 200, 500] as const;

export class RetryingConnection {
  /** How often the connection was lost or commands were sent again. */
  retries = 0;
  readonly #target: Target;
  readonly #options: ConnectionOptions;
  readonly #retryForMs: number;
  #connection: Connection;
  #reconnecting: Promise<void> | undefined;
  /** Which connection a failure came from: it may have been replaced since. */
  readonly #origins = new WeakMap<Failure, Connection>();
  #troubleSince: number | undefined;
  #attempts = 0;

  private constructor(target: Target, options: ConnectionOptions, retryForMs: number, connection: Connection) {
    this.#target = target;
    this.#options = options;
    this.#retryForMs = retryForMs;
    this.#connection = connection;
  }

  /** The first connection is not retried: a wrong address should say so at once. */
  static async open(target: Target, options: ConnectionOptions, retryForMs: number): Promise<RetryingConnection> {
    const connection = await Connection.open(target, options);
    return new RetryingConnection(target, options, retryForMs, connection);
  }

  /** The answers; one Failure for each command where the connection broke. Retrying is up to the caller: see recover(). */
  async send(commands: readonly Command[]): Promise<(Reply | Failure)[]> {
    const connection = this.#connection;
    let answers: (Reply | Failure)[];
    try {
      answers = await connection.pipeline(commands);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      answers = commands.map(() => error);
    }
    for (const answer of answers) if (answer instanceof Failure) this.#origins.set(answer, connection);
    return answers;
  }

  /** Commands that may be repeated, answered whatever it takes: sent again until each has its answer. */
  async ask(commands: readonly Command[]): Promise<Reply[]> {
    const answers: Reply[] = [];
    let left = commands.map((_command, i) => i);
    while (left.length > 0) {
      const got = await this.send(left.map((i) => commands[i]!));
      const failed: number[] = [];
      for (const [at, i] of left.entries()) {
        const answer = got[at] ?? null;
        if (!(answer instanceof Failure)) answers[i] = answer;
        else if (isRetryable(answer)) failed.push(at);
        else throw answer;
      }
      if (failed.length < left.length) this.progressed();
      if (failed.length > 0) await this.recover(got[failed[0]!] as Failure);
      left = failed.map((at) => left[at]!);
    }
    return answers;
  }

  /** Something was answered: the clock of --retry-for starts anew. */
  progressed(): void {
    this.#troubleSince = undefined;
    this.#attempts = 0;
  }

  /** Before sending again: waits a little, and connects anew if the connection is gone. Throws what is past retrying. */
  async recover(failure: Failure): Promise<void> {
    this.#troubleSince ??= performance.now();
    this.retries += 1;
    await this.#pause(failure);
    if (!isConnectionLoss(failure) || this.#origins.get(failure) !== this.#connection) return;
    // Several callers may find the same connection broken: one of them mends it.
    this.#reconnecting ??= this.#reconnect(failure).finally(() => {
      this.#reconnecting = undefined;
    });
    await this.#reconnecting;
  }

  async #reconnect(failure: Failure): Promise<void> {
    this.#connection.close();
    for (let last = failure; ; ) {
      try {
        this.#connection = await Connection.open(this.#target, this.#options);
        return;
      } catch (error) {
        if (!(error instanceof Failure) || error.exitCode !== EXIT.unreachable) throw error;
        last = error;
      }
      await this.#pause(last);
    }
  }

  async #pause(failure: Failure): Promise<void> {
    const { signal } = this.#options;
    const trouble = performance.now() - (this.#troubleSince ?? performance.now());
    if (trouble >= this.#retryForMs) throw giveUp(failure, this.#retryForMs);
    const pauseMs = PAUSE_MS[Math.min(this.#attempts, PAUSE_MS.length - 1)]!;
    this.#attempts += 1;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw interrupted();
  }

  close(): void {
    this.#connection.close();
  }
}

function giveUp(failure: Failure, retryForMs: number): Failure {
  const hint = 'wait longer with --retry-for; what is stored stays stored, and the command can be run again';
  return new Failure(failure.exitCode, `${failure.message}, and trying again for ${retryForMs} ms did not help`, {
    hint,
  });
}
