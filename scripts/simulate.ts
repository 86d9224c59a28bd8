/**
 * simulate: the simulator from the command line (docs/simulator.md).
 *
 *   pnpm simulate --seeds 10000 --json      many seeds on all processors
 *   pnpm simulate --seed 4711 [--trace]     one seed, with its options
 *   pnpm simulate --replay run.jsonl        a recorded run, event by event
 *   pnpm simulate --planted [name]          does it still find what is broken on purpose?
 *   pnpm simulate --scenarios [--rewrite]   the text scenarios
 *
 * Exit code 1 if anything failed, 2 if the command line is wrong.
 */
import { existsSync } from 'node:fs';
import { PLANTED_BUGS } from '@quintet/simulator';
import { Command, InvalidArgumentError } from 'commander';
import { commitHash } from './simulate/commit.ts';
import type { CommandOptions } from './simulate/options.ts';
import { huntPlanted } from './simulate/planted.ts';
import { replayFile } from './simulate/replay.ts';
import { runScenarios } from './simulate/scenarios.ts';
import { runManySeeds, runOneSeed } from './simulate/seeds.ts';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 on');
  return value;
}

const command = new Command('simulate')
  .description('Runs the shipped master and node state machines in virtual time, under every fault our transport has.')
  .option('--seeds <count>', 'so many seeds', wholeNumber, 1000)
  .option('--first <seed>', 'beginning with this one', wholeNumber, 1)
  .option('--seed <seed>', 'only this seed')
  .option('--replay <file>', 'a recorded run (what a failure writes)')
  .option('--planted [name]', 'plant bugs, one or each in turn, and count the seeds until it is found')
  .option('--scenarios', 'the text scenarios')
  .option('--rewrite', 'with --scenarios, or alone: write down what happens now')
  .option('--trace', 'with --seed or --replay: one line an event')
  .option('--json', 'one JSON object on stdout')
  .option('--threads <count>', 'worker threads (default: as many as processors)', wholeNumber)
  .option('--out <folder>', 'where logs of failed runs go', 'simulation-failures')
  .showHelpAfterError('(--help tells what there is)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const options: CommandOptions = { ...command.opts<Omit<CommandOptions, 'commit'>>(), commit: commitHash() };
process.exitCode = (await run(options)) ? 0 : 1;

/** True if all was well. */
async function run(asked: CommandOptions): Promise<boolean> {
  if (asked.scenarios || asked.rewrite) return runScenarios(asked.rewrite === true);
  if (asked.replay !== undefined) {
    if (!existsSync(asked.replay)) command.error(`error: there is no file ${asked.replay}`);
    return replayFile(asked.replay, asked);
  }
  if (asked.seed !== undefined) return runOneSeed(asked.seed, asked);
  if (asked.planted !== undefined) {
    if (asked.planted !== true && !PLANTED_BUGS.some(({ name }) => name === asked.planted)) {
      command.error(`error: no planted bug is called ${asked.planted} (docs/simulator.md lists them)`);
    }
    return huntPlanted(asked);
  }
  return runManySeeds(asked);
}
