/** QUINTET WATCH through a client library, its replies with names. */
import { once } from 'node:events';
import { Redis } from 'ioredis';

export interface HeardChange {
  readonly type: string;
  readonly key: string;
  readonly kind: string | null;
  readonly value: string | null;
  readonly version: number;
  readonly expiresAt: number;
  readonly shard: number;
  readonly transaction: number;
  readonly previous: unknown[];
}

export interface Page {
  readonly position: string;
  readonly changes: HeardChange[];
}

function readPage(reply: unknown): Page {
  const [position, changes] = reply as [string, (string | null)[][]];
  return { position, changes: changes.map(readChange) };
}

function readChange(fields: (string | null)[]): HeardChange {
  const [type, key, kind, value, version, expiresAt, shard, transaction, ...previous] = fields;
  const numbers = { version: Number(version), expiresAt: Number(expiresAt), shard: Number(shard) };
  return { type: type!, key: key!, kind: kind!, value: value!, ...numbers, transaction: Number(transaction), previous };
}

export interface WatchingClient extends AsyncDisposable {
  readonly redis: Redis;
  read(...args: string[]): Promise<Page>;
  /** Reads on until there are so many changes. */
  readAll(what: string[], from: string, count: number): Promise<HeardChange[]>;
  /** Resolves when all that was sent has arrived at the server: another connection's commands come after it. */
  arrived(): Promise<void>;
}

export async function watchingClient(port: number): Promise<WatchingClient> {
  const options = {
    port,
    protocol: 2 as const,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
    lazyConnect: true,
  };
  const redis = new Redis(options);
  // Also told to whoever waits for a reply.
  redis.on('error', () => undefined);
  await redis.connect();
  const read = async (...args: string[]): Promise<Page> => readPage(await redis.call('QUINTET', 'WATCH', ...args));
  return {
    redis,
    read,
    async readAll(what, from, count) {
      const heard: HeardChange[] = [];
      for (let position = from; heard.length < count; ) {
        const page = await read(...what, 'FROM', position, 'BLOCK', '0');
        heard.push(...page.changes);
        position = page.position;
      }
      return heard;
    },
    async arrived() {
      const id = new Redis(options);
      await id.connect();
      // One of the clients waits in QUINTET WATCH: CLIENT LIST says who does what.
      while (!/cmd=quintet\|watch/.test(String(await id.call('CLIENT', 'LIST')))) await new Promise(setImmediate);
      id.disconnect();
    },
    async [Symbol.asyncDispose]() {
      if (redis.status === 'end') return;
      const ended = once(redis, 'end');
      redis.disconnect();
      await ended;
    },
  };
}
