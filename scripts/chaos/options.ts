/**
 * Options of the chaos script: what can be asked on the command line, checked.
 */

import { FAULT_KINDS, type FaultKind } from '@quintet/testkit';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CALLERS_MAX } from './keys.ts';

export interface ChaosOptions {
  readonly faults: number;
  readonly seconds: number;
  readonly seed: string;
  readonly nodes: number;
  readonly shards: number;
  readonly replicas: number;
  readonly callers: number;
  readonly threads: number;
  readonly keys: number;
  readonly kinds: readonly FaultKind[];
  readonly hangLimit: number;
  readonly beyond: boolean;
  readonly json: boolean;
}

/** Reads the command line; ends the process on --help and on what it cannot read. */
export function readOptions(argv: readonly string[]): ChaosOptions {
  const program = new Command('chaos')
    .description('Hurts a real cluster under load and proves that nothing was lost.')
    .option('--faults <n>', 'how many faults to inject', wholeFrom(1), 50)
    .option('--seconds <n>', 'inject no new fault after so long', wholeFrom(1), 600)
    .addOption(
      new Option('--seed <text>', 'what is hurt, when and how follows from it').default(String(Date.now() % 100_000)),
    )
    .option('--nodes <n>', 'worker threads that hold data', wholeFrom(2), 5)
    .option('--shards <n>', 'shards', wholeFrom(1), 10)
    .option('--replicas <n>', 'copies besides the primary', wholeFrom(1), 1)
    .option('--callers <n>', `callers at a time, at most ${CALLERS_MAX}`, wholeFrom(1, CALLERS_MAX), 24)
    .option('--threads <n>', 'threads of callers besides the main one', wholeFrom(0, 8), 2)
    .option('--keys <n>', 'keys that are there before the first fault', wholeFrom(0), 20_000)
    .option('--kinds <list>', `kinds of faults, of ${FAULT_KINDS.join(',')}`, readKinds, [...FAULT_KINDS])
    .option('--hang-limit <ms>', 'after which a node that makes no progress is declared dead', wholeFrom(50), 400)
    .option('--beyond', 'take more copies than the cluster can lose, and check that it says so', false)
    .option('--json', 'print one JSON object', false)
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  program.parse(argv as string[]);
  return program.opts<ChaosOptions>();
}

function wholeFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`A whole number from ${least}${most < 1e9 ? ` to ${most}` : ''}.`);
  };
}

function readKinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((known) => known === name);
    if (kind === undefined) throw new InvalidArgumentError(`${name} is none of ${FAULT_KINDS.join(',')}.`);
    return kind;
  });
}
