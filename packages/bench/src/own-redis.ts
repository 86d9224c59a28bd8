/**
 * OwnRedis: a redis-server for one benchmark: on a free loopback port, nothing on disk, gone afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

export class OwnRedis implements AsyncDisposable {
  readonly client: Redis;
  readonly port: number;
  readonly #server: ChildProcess;

  private constructor(client: Redis, port: number, server: ChildProcess) {
    this.client = client;
    this.port = port;
    this.#server = server;
  }

  get pid(): number {
    return this.#server.pid!;
  }

  /** `of`: it is a replica of that one, and in step when it is returned. */
  static async start(of?: OwnRedis): Promise<OwnRedis> {
    const port = await freePort();
    const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    if (of !== undefined) flags.push('--replicaof', `127.0.0.1 ${of.port}`);
    const server = spawn('redis-server', flags, { stdio: 'ignore' });
    process.once('exit', () => server.kill());
    const failed = once(server, 'error').then(([error]) => {
      throw new Error('redis-server does not start; Debian: apt-get install redis-server', { cause: error });
    });
    const client = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true, lazyConnect: true });
    // While the server starts its port refuses: ioredis tries again by itself, and tells of each attempt. (Not `once` of
    // node:events: it rejects with the first of those errors.)
    client.on('error', () => {});
    const ready = new Promise((resolve) => client.once('ready', resolve));
    client.connect().catch(() => {});
    await Promise.race([ready, failed]);
    while (of !== undefined && !(await client.info('replication')).includes('master_link_status:up')) await delay(50);
    return new OwnRedis(client, port, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.disconnect();
    this.#server.kill();
    if (this.#server.exitCode === null) await once(this.#server, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
