/** kvctl as a child process: started from the very file users start, read line by line, always ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const KVCTL = fileURLToPath(new URL('../../packages/cli/bin/kvctl.js', import.meta.url));

export interface Kvctl {
  process: ChildProcess;
  /** The exit code; what it wrote to stderr goes to the listener, or, unheard, into an error's text. */
  exit: Promise<number>;
  stdout: AsyncIterable<string>;
}

export function kvctl(args: readonly string[], onStderr: (line: string) => void): Kvctl {
  const child = spawn(process.execPath, [KVCTL, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  // However this process ends, the child does not outlive it.
  const end = (): void => void child.kill();
  process.once('exit', end);
  const exit = once(child, 'close').then(([code]) => {
    process.off('exit', end);
    return typeof code === 'number' ? code : 1;
  });
  createInterface({ input: child.stderr }).on('line', onStderr);
  // A reader of stdin that ends early shows in its exit code; the broken pipe itself says nothing.
  child.stdin.on('error', () => undefined);
  return { process: child, exit, stdout: createInterface({ input: child.stdout }) };
}

export function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export async function firstLine(lines: AsyncIterable<string>): Promise<string | undefined> {
  for await (const line of lines) return line;
  return undefined;
}
