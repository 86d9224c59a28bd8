/**
 * Fuzzes the server's front door and its protocols.
 *
 *   pnpm fuzz [--frames 1000000] [--protocol resp,http,grpc,sniff] [--seed N]
 *
 * --frames    for each protocol; a frame counts when the server took it up
 * --seed      of the first epoch; the next has the next one. A failure names the seed of its epoch, and with --frames 1 that
 *             epoch alone is run
 *
 * A long campaign may be run in parts: each ends (also by Ctrl-C) with the command that goes on where it stopped. Progress is
 * shown on stderr, if that is a terminal.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { FuzzFailure, fuzz, megabytes, type Progress } from './supervise.ts';
import { TARGET_NAMES, type TargetName } from './targets.ts';

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

/** The state of all campaigns, redrawn in place below each other, if stderr is a terminal; what is done goes to stdout. */
class Board {
  private readonly lines = new Map<TargetName, string>();
  private drawn = 0;

  set(name: TargetName, text: string): void {
    if (!process.stderr.isTTY) return;
    this.clear();
    this.lines.set(name, text);
    this.draw();
  }

  done(name: TargetName, text: string): void {
    this.clear();
    this.lines.delete(name);
    process.stdout.write(`${text}\n`);
    this.draw();
  }

  private clear(): void {
    if (this.drawn > 0) process.stderr.write(`\x1b[${this.drawn}A\x1b[J`);
    this.drawn = 0;
  }

  private draw(): void {
    process.stderr.write([...this.lines.values()].map((shown) => `${shown}\n`).join(''));
    this.drawn = this.lines.size;
  }
}

const { frames, seed, targets } = readOptions();
const board = new Board();
process.stdout.write(`fuzz: ${frames.toLocaleString('en')} frames of each of ${targets.join(', ')}; seed ${seed}\n`);

/** What is known of each campaign so far. */
const states = new Map<TargetName, Progress>();

async function campaign(target: TargetName): Promise<void> {
  const onProgress = (now: Progress): void => {
    states.set(target, now);
    board.set(target, `${percent(now.frames)} ${line(target, now)}`);
  };
  try {
    board.done(target, line(target, await fuzz({ target, seed, frames, onProgress })));
  } catch (thrown) {
    if (!(thrown instanceof FuzzFailure)) throw thrown;
    const again = `pnpm fuzz --protocol ${target} --seed ${thrown.seed} --frames 1`;
    board.done(target, `${target}: FAILED\n${thrown.message}\nagain: ${again}`);
    process.exitCode = 1;
  }
}

function percent(done: number): string {
  return `${Math.min(100, Math.floor((100 * done) / frames))} %`.padStart(5);
}

/** Stopped half way: what each protocol lacks. */
function onInterrupt(): void {
  for (const target of targets) {
    const { frames: done, nextSeed } = states.get(target) ?? { frames: 0, nextSeed: seed };
    if (done >= frames) continue;
    process.stdout.write(`go on: pnpm fuzz --protocol ${target} --seed ${nextSeed} --frames ${frames - done}\n`);
  }
  process.exit(130);
}

process.once('SIGINT', onInterrupt);

/** As many at a time as there are processors, the slow ones first. */
const SLOW_FIRST: readonly TargetName[] = ['http', 'grpc', 'resp', 'sniff'];
const queue = SLOW_FIRST.filter((name) => targets.includes(name));
const lane = async (): Promise<void> => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await campaign(next);
};
await Promise.all(Array.from({ length: Math.min(targets.length, availableParallelism()) }, lane));
if (process.exitCode === undefined) {
  // One seed for all, beyond those of the protocol that needed the most epochs.
  const next = Math.max(...[...states.values()].map((state) => state.nextSeed));
  process.stdout.write(
    `more of the same: pnpm fuzz --protocol ${targets.join(',')} --seed ${next} --frames ${frames}\n`,
  );
}
