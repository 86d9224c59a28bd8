/**
 * The command line as a tree: names, arguments, options, help. What a command does is loaded when it is called, so that
 * `kvctl get` does not pay for tables, pools and parsers.
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import picocolors from 'picocolors';
import type { Context, Output } from './context.ts';
import { type ExitCode, usageFailure } from './failure.ts';
import { defineClusterCommands } from './grammar/cluster.ts';
import { defineDataCommands } from './grammar/data.ts';
import { Definer, duration, examples, whole } from './grammar/define.ts';
import { defineServe } from './grammar/serve.ts';
import { defineTransferCommands } from './grammar/transfer.ts';
import type { Io } from './io.ts';
import { resolveTarget, withoutPasswords } from './server/target.ts';
import { visibleLines } from './text/visible.ts';

interface GlobalOptions {
  url?: string;
  host?: string;
  port?: number;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
  timeout: number;
  output?: Output;
  json?: boolean;
  raw?: boolean;
  color: boolean;
}

const EXIT_CODES = `
Exit codes:
  0 ok   1 not found, condition failed or bad records   2 usage   3 cannot connect   4 server error
  5 cluster unhealthy (status)   6 cannot write   124 timeout   130 interrupted   143 terminated

Environment:
  KVCTL_URL        address of the server (redis://host:1338, rediss://host:1338 with TLS, or host:1338)
  KVCTL_PASSWORD   its password (there is no flag for it: command lines are public); else QUINTET_PASSWORD
  NO_COLOR         no colours`;

/** `json`: commander says nothing of what is wrong; who runs it does, by the error thrown. */
export function buildProgram(io: Io, json: boolean, exit: (code: ExitCode) => void): Command {
  const program = new Command('kvctl')
    .description('Serve, use, inspect and hurt a Quintet cluster.')
    .usage('[HOST:PORT] [options] COMMAND ...')
    .version(ownVersion(), '-V, --version')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void (json || io.stderr.write(text)),
      outputError: (text, write) => write(visibleLines(withoutPasswords(text))),
      getOutHasColors: () => useColor(io, true),
      getErrHasColors: () => useColor(io, true),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => picocolors.createColors(true).bold(title) })
    .showHelpAfterError('hint: kvctl --help lists commands and options')
    .exitOverride();
  addGlobalOptions(program);
  const definer = new Definer(program, (command) => contextOf(program, command, io), exit);
  defineDataCommands(definer);
  defineTransferCommands(definer);
  defineClusterCommands(definer);
  defineServe(definer);
  examples(program, [
    'kvctl serve --chaos &',
    'kvctl put name luis --ttl 30s',
    'kvctl get name',
    'kvctl status --watch',
  ]);
  program.addHelpText('after', EXIT_CODES);
  return program;
}

/** src and dist lie equally deep. */
function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function addGlobalOptions(program: Command): void {
  program
    .option('-u, --url <address>', 'server: redis://[user:password@]host:port, rediss:// (TLS), or host:port')
    .option('--host <host>', 'server (and where serve listens)')
    .option('-p, --port <port>', 'its port (default: 1338)', whole(0, 65_535))
    .option('--tls-ca <file>', 'speak TLS, and trust this certificate (PEM) instead of the usual authorities')
    .option('--tls-cert <file>', 'certificate (PEM) to show: to the server, or with serve to its clients')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--timeout <duration>', 'longest wait for a connection or an answer', duration, 5_000)
    .addOption(new Option('-o, --output <form>', 'form of the output').choices(['table', 'json', 'raw']))
    .option('--json', 'short for --output json: one object, or one a line')
    .option('--raw', 'short for --output raw: only the data, no newline added')
    .option('--no-color', 'no colours');
  const timeout = program.options.find((option) => option.long === '--timeout');
  timeout?.default(5_000, '5s');
}

function contextOf(program: Command, command: Command, io: Io): Context {
  const options = program.opts<GlobalOptions>();
  const given = new Set<Output>();
  if (options.json === true) given.add('json');
  if (options.raw === true) given.add('raw');
  if (options.output !== undefined) given.add(options.output);
  if (given.size > 1) throw usageFailure('--output, --json and --raw exclude each other');
  if (command.name() === 'serve' && options.url !== undefined)
    throw usageFailure('serve takes --host and --port, not --url');
  return {
    io,
    target: resolveTarget(command.name() === 'serve' ? { host: options.host, port: options.port } : options, io.env),
    timeoutMs: Math.max(1, options.timeout),
    output: [...given][0] ?? 'table',
    outputGiven: given.size > 0,
    colors: picocolors.createColors(useColor(io, options.color)),
  };
}

/** https://no-color.org: any value but the empty one. FORCE_COLOR for pipes that end on a terminal. */
function useColor(io: Io, wanted: boolean): boolean {
  if (!wanted || (io.env.NO_COLOR ?? '') !== '') return false;
  return io.stdout.isTTY === true || (io.env.FORCE_COLOR ?? '') !== '';
}
