/** One run of Redis's test suite against a server that is there. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { withSkipFile } from './skip-list.ts';

const UNITS = [
  ...['type/string', 'type/incr', 'keyspace', 'scan', 'expire', 'multi', 'pubsub', 'protocol', 'quit', 'info-command'],
  ...['other', 'bitops', 'bitfield', 'introspection-2'],
].map((name) => `unit/${name}`);

/**
 * Tests that want what is on no list of ours, as the suite itself marks them: DEBUG besides SLEEP, replication to watch, SAVE.
 */
const TAGS = ['needs:debug', 'needs:repl', 'needs:save'].map((tag) => `-${tag}`);

export interface SuiteOptions {
  readonly folder: string;
  readonly port: number;
  /** Goes on after an unexpected error reply, counted as a failure, instead of ending the run. */
  readonly durable: boolean;
  /** Shows every test, not only what went wrong. */
  readonly verbose: boolean;
  /** Whether it runs beside one that has no kills: they need different ports. */
  readonly chaos: boolean;
  readonly units?: readonly string[] | undefined;
}

export interface SuiteResult {
  readonly exitCode: number;
  readonly passed: number;
  /** Left out by a tag. */
  readonly ignored: number;
  /** Left out by skip.txt. */
  readonly skipped: ReadonlySet<string>;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the suite colours its words.
const COLOURS = /\x1b\[[0-9;]*m/g;
const QUIET_LINE = /^\[(?:ok|skip|ignore|testing|ready|\d+\/\d+ done)\b/;

export function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  return withSkipFile((skipFile) => run(options, skipFile));
}

async function run(
  { folder, port, durable, verbose, chaos, units = UNITS }: SuiteOptions,
  skipFile: string,
): Promise<SuiteResult> {
  const args = [
    ...['--host', '127.0.0.1', '--port', String(port), '--singledb', '--ignore-encoding', '--ignore-digest'],
    // The suite's own processes talk over a port; its default one may be taken, by the other of two runs at once for one.
    ...['--baseport', String(20_100 + Math.floor(Math.random() * 45) * 200 + (chaos ? 100 : 0))],
    ...['--tags', TAGS.join(' '), '--skipfile', skipFile],
    ...units.flatMap((unit) => ['--single', unit]),
    ...(durable ? ['--durable'] : []),
  ];
  const child = spawn('./runtest', args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let [passed, ignored] = [0, 0];
  const skipped = new Set<string>();
  createInterface({ input: child.stdout }).on('line', (coloured) => {
    const line = coloured.replace(COLOURS, '');
    if (line.startsWith('[ok]')) passed++;
    if (line.startsWith('[ignore]')) ignored++;
    if (line.startsWith('[skip]: ')) skipped.add(line.slice('[skip]: '.length));
    if (verbose || !(QUIET_LINE.test(line) || line === '')) process.stdout.write(`${line}\n`);
  });
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  return { exitCode, passed, ignored, skipped };
}
