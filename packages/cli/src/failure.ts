/**
 * Failure: why a command did not do what was asked, with the exit code a script can act on and one line of advice.
 *
 * Owns      the table of exit codes (documented in `kvctl --help`): the numbers are stable API.
 * Does not  print: main.ts does, in one place.
 */

export const EXIT = {
  ok: 0,
  /** Not found, a condition did not hold, or some records of an import were bad (as grep's 1: an answer, not a fault). */
  negative: 1,
  /** The command line or the input is wrong; nothing was sent. */
  usage: 2,
  /** No connection, or it was lost. */
  unreachable: 3,
  /** The server answered with an error. */
  server: 4,
  /** `status`: some shard has fewer copies than it should, or none. */
  unhealthy: 5,
  /** No answer within --timeout (as timeout(1)). */
  timeout: 124,
  /** Ctrl-C (as a shell reports it). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface FailureDetails {
  /** One line: what to do about it. */
  hint?: string | undefined;
  /** The server's or the system's word for the error: `OOM`, `ECONNREFUSED`. */
  code?: string | undefined;
  /** The server's reply, word for word. */
  reply?: string | undefined;
  cause?: unknown;
}

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly code: string | undefined;
  readonly reply: string | undefined;

  constructor(exitCode: ExitCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.exitCode = exitCode;
    this.hint = details.hint;
    this.code = details.code;
    this.reply = details.reply;
  }
}

export function usageFailure(message: string, hint?: string): Failure {
  return new Failure(EXIT.usage, message, { hint });
}

export function interrupted(): Failure {
  return new Failure(EXIT.interrupted, 'interrupted');
}
