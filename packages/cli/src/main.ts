/**
 * kvctl's entry: a command line in, an exit code out. Prints every failure, in one form, on stderr:
 *
 *   error: cannot connect to 127.0.0.1:1338 (ECONNREFUSED)
 *   hint: is a server running there? Start one with: kvctl serve --port 1338
 *
 * and with --json {"error":{"code":"ECONNREFUSED","message":"…","retryable":true,"outcome":"not-applied"}}.
 *
 * Owns      exit codes, signals (the first: stop in order; the second: at once), a stdout that takes no more.
 * Does not  call process.exit where it can be helped: what is still in a pipe would be lost.
 */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { addressFirst, withoutPasswords } from './server/target.ts';
import { BadQuantity } from './text/quantities.ts';
import { jsonLine, visible } from './text/visible.ts';

/** Runs one command line (without `node` and the script) in the world given. Never throws. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: EXIT.ok };
  const json = wantsJson(argv);
  try {
    const program = buildProgram(io, json, (code) => {
      outcome.code = code;
    });
    await program.parseAsync(addressFirst(argv), { from: 'user' });
  } catch (error) {
    outcome.code = report(error, io, json);
  }
  return outcome.code;
}

/** Known before commander reads the line: what it finds wrong with it must be told in that form too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  return options.some((text, at) => {
    if (text === '--json' || text === '--output=json' || text === '-ojson') return true;
    return text === 'json' && (options[at - 1] === '--output' || options[at - 1] === '-o');
  });
}

function report(error: unknown, io: Io, json: boolean): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    // Otherwise commander has printed its own text by now, help included.
    if (json) tell(new Failure(EXIT.usage, usageOf(error)), io, true);
    return EXIT.usage;
  }
  const failure = error instanceof BadQuantity ? new Failure(EXIT.usage, error.message) : error;
  if (failure instanceof Failure) {
    if (failure.exitCode !== EXIT.interrupted) tell(failure, io, json);
    return failure.exitCode;
  }
  const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (json)
    tell(
      new Failure(EXIT.server, `a fault in kvctl itself: ${bug}`, { code: 'INTERNAL', outcome: 'unknown' }),
      io,
      json,
    );
  else io.stderr.write(`error: a fault in kvctl itself\n${bug.split('\n').map(visible).join('\n')}\n`);
  return EXIT.server;
}

function usageOf({ code, message }: CommanderError): string {
  return code === 'commander.help' ? 'there is no command' : withoutPasswords(message.replace(/^error: /, ''));
}

/** One line, and one of advice; or the object. */
function tell(failure: Failure, { stderr }: Pick<Io, 'stderr'>, json: boolean): void {
  if (json) {
    stderr.write(`${jsonLine(failure)}\n`);
    return;
  }
  stderr.write(`error: ${visible(failure.message)}\n`);
  if (failure.hint !== undefined) stderr.write(`hint: ${visible(failure.hint)}\n`);
}

/** The real process. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const { stdin, stdout, stderr, env } = process;
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(exitCodeOf(signal));
    controller.abort(signal);
    // The next one is the system's, which needs no turn of the event loop. It does not end process 1 (that of a container).
    if (process.pid !== 1) process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has had enough: what it wanted, it has.
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    // The command itself may have been carried out.
    const failure = new Failure(EXIT.output, `cannot write to stdout: ${error.message}`, {
      code: error.code,
      outcome: 'unknown',
    });
    tell(failure, { stderr }, wantsJson(argv));
    process.exit(failure.exitCode);
  });
  // Nobody is left to tell; the exit code still says how it went.
  stderr.on('error', () => undefined);
  const code = await run(argv, { stdin, stdout, stderr, env, signal: controller.signal });
  process.exitCode = code === EXIT.interrupted ? exitCodeOf(controller.signal.reason as NodeJS.Signals) : code;
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  // A stdin that was only half read (`kvctl import -` that failed) would keep the process.
  stdin.destroy();
}

/** As a shell tells of whom a signal has ended. */
function exitCodeOf(signal: NodeJS.Signals): ExitCode {
  return signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
}
