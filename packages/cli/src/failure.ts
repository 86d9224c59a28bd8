/**
 * Failure: why a command did not do what was asked, with the exit code a script can act on and one line of advice.
 *
 * Owns      the table of exit codes (documented in `kvctl --help`): the numbers are stable API.
 * Does not  print: main.ts does, in one place.
 */
import type { Outcome } from '@quintet/engine';

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
  /** What was asked for could not be written: stdout or the file is full, or gone in a way that a closed pipe is not. */
  output: 6,
  /** No answer within --timeout (as timeout(1)). */
  timeout: 124,
  /** Ctrl-C (as a shell reports it). */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface FailureDetails {
  /** One line: what to do about it. */
  hint?: string | undefined;
  /** The server's or the system's word for the error: `OOM`, `ECONNREFUSED`. */
  code?: string | undefined;
  /** The server's reply, word for word. */
  reply?: string | undefined;
  /** Whether the same command may succeed later (false unless given). */
  retryable?: boolean | undefined;
  /** What became of a write: by default `unknown` where a connection was lost or an answer did not come, else `not-applied`. */
  outcome?: Outcome | undefined;
  cause?: unknown;
}

/** The code of a failure that has no word of the server's or the system's. */
const CODES: Readonly<Partial<Record<ExitCode, string>>> = {
  [EXIT.negative]: 'NOT_FOUND',
  [EXIT.usage]: 'USAGE',
  [EXIT.unreachable]: 'UNREACHABLE',
  [EXIT.server]: 'SERVER',
  [EXIT.output]: 'OUTPUT',
  [EXIT.timeout]: 'TIMEOUT',
};

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly code: string | undefined;
  readonly reply: string | undefined;
  readonly retryable: boolean;
  readonly outcome: Outcome;

  constructor(exitCode: ExitCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.exitCode = exitCode;
    this.hint = details.hint;
    this.code = details.code;
    this.reply = details.reply;
    this.retryable = details.retryable ?? false;
    const inFlight = exitCode === EXIT.unreachable || exitCode === EXIT.timeout;
    this.outcome = details.outcome ?? (inFlight ? 'unknown' : 'not-applied');
  }

  /** What programs read (--json): the four fields that a KvError has. */
  toJSON(): { error: { code: string; message: string; retryable: boolean; outcome: Outcome } } {
    const { message, retryable, outcome } = this;
    return { error: { code: this.code ?? CODES[this.exitCode] ?? 'FAILED', message, retryable, outcome } };
  }
}

export function usageFailure(message: string, hint?: string): Failure {
  return new Failure(EXIT.usage, message, { hint });
}

export function interrupted(): Failure {
  return new Failure(EXIT.interrupted, 'interrupted');
}
