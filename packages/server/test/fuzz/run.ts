/**
 * Fuzzes the server's front door and its protocols.
 *
 *   pnpm fuzz [--frames 1000000] [--protocol resp,http,grpc,sniff] [--seed N]
 *
 * --frames    for each protocol; a frame counts when the server took it up
 * --seed      repeats a run; a failure names the seed of its epoch, and with --frames 1 that epoch alone is run
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { FuzzFailure, fuzz, megabytes, type Progress } from './supervise.ts';
import { TARGET_NAMES, type TargetName } from './target.ts';

interface Options {
  readonly frames: number;
  readonly seed: number;
  readonly targets: readonly TargetName[];
}

function usage(problem: string): never {
  process.stderr.write(`${problem}\nknown are: --frames N --seed N --protocol ${TARGET_NAMES.join(',')}\n`);
  process.exit(2);
}

function readOptions(): Options {
  const options = { frames: { type: 'string' }, seed: { type: 'string' }, protocol: { type: 'string' } } as const;
  try {
    const { values } = parseArgs({ options });
    const frames = Number(values.frames ?? 1_000_000);
    const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
    const targets = (values.protocol?.split(',') ?? TARGET_NAMES) as TargetName[];
    const unknown = targets.find((name) => !TARGET_NAMES.includes(name));
    if (unknown !== undefined) usage(`there is no protocol ${unknown}`);
    if (!(frames > 0) || !Number.isSafeInteger(seed) || seed < 0) usage('frames and seeds are whole numbers');
    return { frames, seed, targets };
  } catch (error) {
    return usage((error as Error).message);
  }
}

function line(name: string, { frames, connections, refused, healthy, seconds, rssBytes }: Progress): string {
  const count = (value: number): string => value.toLocaleString('en');
  const rate = count(Math.round(frames / Math.max(seconds, 0.001)));
  return (
    `${name.padEnd(5)} ${count(frames).padStart(10)} frames on ${count(connections)} connections, ${count(refused)} refused, ` +
    `${count(healthy)} healthy answers, ${seconds.toFixed(0)} s, ${rate}/s, ${megabytes(rssBytes)} MB`
  );
}

/** The state of all campaigns, redrawn in place on a terminal; else a line for each that is done. */
class Board {
  private readonly lines = new Map<string, string>();
  private drawn = 0;

  set(name: string, text: string): void {
    this.lines.set(name, text);
    if (!process.stdout.isTTY) return;
    const up = this.drawn > 0 ? `\x1b[${this.drawn}A` : '';
    this.drawn = this.lines.size;
    process.stdout.write(`${up}${[...this.lines.values()].map((shown) => `\x1b[2K${shown}\n`).join('')}`);
  }

  done(name: string, text: string): void {
    this.set(name, text);
    if (!process.stdout.isTTY) process.stdout.write(`${text}\n`);
  }
}

const { frames, seed, targets } = readOptions();
const board = new Board();
process.stdout.write(`fuzz: ${frames.toLocaleString('en')} frames of each of ${targets.join(', ')}; seed ${seed}\n`);

async function campaign(target: TargetName): Promise<void> {
  try {
    const result = await fuzz({ target, seed, frames, onProgress: (now) => board.set(target, line(target, now)) });
    board.done(target, line(target, result));
  } catch (thrown) {
    if (!(thrown instanceof FuzzFailure)) throw thrown;
    const again = `pnpm fuzz --protocol ${target} --seed ${thrown.seed} --frames 1`;
    board.done(target, `${target}: FAILED\n${thrown.message}\nagain: ${again}`);
    process.exitCode = 1;
  }
}

/** As many at a time as there are processors, the slow ones first. */
const SLOW_FIRST: readonly TargetName[] = ['http', 'grpc', 'resp', 'sniff'];
const queue = SLOW_FIRST.filter((name) => targets.includes(name));
const lane = async (): Promise<void> => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await campaign(next);
};
await Promise.all(Array.from({ length: Math.min(targets.length, availableParallelism()) }, lane));
