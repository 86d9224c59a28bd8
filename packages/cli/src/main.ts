/**
 * kvctl's entry: a command line in, an exit code out. Prints every failure, in one form, on stderr:
 *
 *   error: cannot connect to 127.0.0.1:1338 (ECONNREFUSED)
 *   hint: is a server running there? Start one with: kvctl serve --port 1338
 *
 * Owns      exit codes, Ctrl-C (first: stop in order; second: at once), a reader of stdout that has gone (`| head`).
 * Does not  call process.exit where it can be helped: what is still in a pipe would be lost.
 */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { addressFirst } from './server/target.ts';
import { BadQuantity } from './text/quantities.ts';

/** Runs one command line (without `node` and the script) in the world given. Never throws. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: EXIT.ok };
  try {
    const program = buildProgram(io, (code) => {
      outcome.code = code;
    });
    await program.parseAsync(addressFirst(argv), { from: 'user' });
  } catch (error) {
    outcome.code = reportFailure(error, io);
  }
  return outcome.code;
}

function reportFailure(error: unknown, io: Io): ExitCode {
  // Commander has printed its own text by now, help included.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const failure = error instanceof BadQuantity ? new Failure(EXIT.usage, error.message) : error;
  if (failure instanceof Failure) {
    if (failure.exitCode === EXIT.interrupted) return failure.exitCode;
    io.stderr.write(`error: ${failure.message}\n`);
    if (failure.hint !== undefined) io.stderr.write(`hint: ${failure.hint}\n`);
    return failure.exitCode;
  }
  const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`error: a fault in kvctl itself\n${bug}\n`);
  return EXIT.server;
}

/** The real process. */
export async function main(): Promise<void> {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? EXIT.interrupted : 143);
    controller.abort(signal);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // The reader has had enough: what it wanted, it has.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
  const { stdin, stdout, stderr, env } = process;
  process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, signal: controller.signal });
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  // A stdin that was only half read (`kvctl import -` that failed) would keep the process.
  stdin.destroy();
}
