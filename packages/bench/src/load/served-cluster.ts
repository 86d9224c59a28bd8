/**
 * ServedCluster: a `kvctl serve` in a process of its own, as strangers run it: on a free loopback port, gone afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const KVCTL = fileURLToPath(new URL('../../../cli/bin/kvctl.js', import.meta.url));

export class ServedCluster implements AsyncDisposable {
  readonly port: number;
  private readonly process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.process = process;
  }

  /** By the same rules as this process (`--conditions=source`). */
  static async start(flags: readonly string[] = []): Promise<ServedCluster> {
    const args = [...process.execArgv, KVCTL, 'serve', '--port', '0', '--log-level', 'error', ...flags];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const kill = (): boolean => child.kill();
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    for await (const line of createInterface({ input: child.stdout! })) {
      const port = / serves [^ ]*:(\d+) /.exec(line)?.[1];
      if (port !== undefined) return new ServedCluster(Number(port), child);
    }
    throw new Error('kvctl serve ended before it listened');
  }

  get pid(): number {
    return this.process.pid!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill();
    await once(this.process, 'exit');
  }
}
