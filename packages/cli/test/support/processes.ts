/** kvctl in processes of its own, as a shell starts it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/kvctl.js', import.meta.url));

export interface Running {
  child: ChildProcessWithoutNullStreams;
  /** Of stderr, as they come. */
  lines: Interface;
  exit: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts kvctl with these arguments; `stdout`: a file's handle to write to. */
export function start(args: readonly string[], env: Record<string, string> = {}, stdout?: number): Running {
  // Not what this test runs with: its flags for workers would reach kvctl's.
  const foreign = /^(?:NODE_OPTIONS|KVCTL_.*|QUINTET_.*)$/;
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...clean, KVCTL_FROM: 'source', ...env },
    stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  const exit = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
  }));
  return { child, lines: createInterface({ input: child.stderr }), exit };
}

export interface Serving extends Running {
  port: number;
  ready: Record<string, unknown>;
}

/** Starts `kvctl serve` on a free port (or the one among `args`); resolves when it is ready. */
export async function serve(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Serving> {
  const running = start(['serve', '--json', '--port', '0', ...args], env);
  const first = once(createInterface({ input: running.child.stdout }), 'line') as Promise<[string]>;
  const failed = running.exit.then(({ stderr }) => Promise.reject(new Error(stderr)));
  failed.catch(() => undefined);
  const [line] = await Promise.race([first, failed]);
  const ready = JSON.parse(line) as Record<string, unknown>;
  return { ...running, ready, port: Number(ready.port) };
}
