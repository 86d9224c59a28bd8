/**
 * Child: a process of a benchmark's own (server, attacker, prober or peer), so that what one costs is not another's stall.
 * Parent and child talk in turns: every message has one answer.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const running = new Set<Child>();
process.once('exit', () => {
  for (const child of running) child.kill();
});

export class Child implements AsyncDisposable {
  private readonly process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.process = process;
  }

  /** Runs a file beside this one, by the same rules as this process; it is there when it says so. */
  static async start(name: 'serve' | 'prober' | 'attacker' | 'peer', args: readonly string[]): Promise<Child> {
    const child = fork(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), args, { execArgv: process.execArgv });
    const self = new Child(child);
    running.add(self);
    self.greeting = await self.answer();
    return self;
  }

  /** What it said first. */
  greeting: unknown;

  get pid(): number {
    return this.process.pid!;
  }

  ask(message: unknown): Promise<unknown> {
    this.process.send(message as object);
    return this.answer();
  }

  private async answer(): Promise<unknown> {
    const gone = new AbortController();
    const onExit = (code: number | null): void => gone.abort(new Error(`a child ended with code ${code}`));
    this.process.once('exit', onExit);
    try {
      const [message] = await once(this.process, 'message', { signal: gone.signal });
      return message;
    } catch (thrown) {
      throw gone.signal.aborted ? gone.signal.reason : thrown;
    } finally {
      this.process.off('exit', onExit);
    }
  }

  /** SIGTERM, so that what a child has started itself ends with it. */
  kill(): void {
    this.process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    running.delete(this);
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.kill();
    await once(this.process, 'exit');
  }
}

/** Resident megabytes of a process. NaN where the system does not tell (Linux does). */
export function residentMb(pid: number): number {
  return fieldOf(pid, 'VmRSS') / 1024;
}

function fieldOf(pid: number, name: string): number {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return Number.NaN;
  }
}
