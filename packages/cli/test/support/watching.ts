/** A kvctl watch that runs, in this process or another, and what it has printed: tests wait for words, not for time. */
import { EventEmitter, once } from 'node:events';
import { kvctl, type Outcome, type World } from './world.ts';

/** Text that grows, and those who wait for something in it. */
export class Growing {
  text = '';
  readonly #events = new EventEmitter();

  /** `text`: all of it so far. */
  grow(text: string): void {
    this.text = text;
    this.#events.emit('grown');
  }

  /** Resolves when the pattern is found, or is found so many times. */
  async has(pattern: RegExp, times = 1): Promise<void> {
    const every = new RegExp(pattern, `${pattern.flags}g`);
    while ((this.text.match(every)?.length ?? 0) < times) await once(this.#events, 'grown');
  }
}

export interface Watching {
  stdout: Growing;
  stderr: Growing;
  outcome: Promise<Outcome>;
  /** Ctrl-C. */
  interrupt(): Promise<Outcome>;
}

/** Runs `kvctl watch` in this process; resolves when it watches. */
export async function watching(port: number, args: readonly string[], world: World = {}): Promise<Watching> {
  const [stdout, stderr] = [new Growing(), new Growing()];
  const controller = new AbortController();
  const outcome = kvctl(port, ['watch', ...args], {
    ...world,
    signal: controller.signal,
    onStdout: (text) => stdout.grow(text),
    onStderr: (text) => stderr.grow(text),
  });
  await stderr.has(/watching/);
  const interrupt = (): Promise<Outcome> => {
    controller.abort();
    return outcome;
  };
  return { stdout, stderr, outcome, interrupt };
}

/** The position a watch told when it ended. */
export function positionIn(stderr: string): string {
  return /--from (\S+)/.exec(stderr)![1]!;
}
