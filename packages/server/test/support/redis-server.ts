/** A real Redis 7.0 on this machine, to hold our answers against. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The version of the redis-server on the PATH, if it is a 7.0. */
export const REDIS_VERSION = /v=(7\.0\.\d+)/.exec(
  spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? '',
)?.[1];

/** Why a test that needs it is skipped, or false. */
export const NO_REDIS = REDIS_VERSION === undefined ? 'needs redis-server 7.0 on the PATH' : false;

export class RedisServer {
  readonly port: number;
  private readonly child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.child = child;
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort();
    const child = spawn('redis-server', [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--databases',
      '1',
    ]);
    for await (const line of child.stdout!) if (String(line).includes('Ready to accept')) break;
    child.stdout!.resume();
    return new RedisServer(port, child);
  }

  async stop(): Promise<void> {
    this.child.kill();
    await once(this.child, 'exit');
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
