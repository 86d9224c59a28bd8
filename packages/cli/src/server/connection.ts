/**
 * Connection: one connection to a server, and no more: it never reconnects and never sends anything twice, because it
 * cannot know what a repeated INCR would do. What may be repeated is decided by who knows (transfer/retrying.ts).
 *
 * Why ioredis: it loads in half the time of node-redis 6 (40 ms against 64–85), and that is most of what `kvctl get` costs.
 */
import { Redis } from 'ioredis';
import { EXIT, Failure, interrupted } from '../failure.ts';
import { commandFailure, noConnection, replyFailure } from './refusals.ts';
import type { Target } from './target.ts';

export type Argument = string | Buffer;
/** Bulk strings arrive as bytes, integers as decimal text (they may exceed 2^53). */
export type Reply = Buffer | string | number | null | Reply[];

export interface ConnectionOptions {
  timeoutMs: number;
  signal: AbortSignal;
}

export class Connection {
  readonly #redis: Redis;
  readonly #target: Target;
  readonly #options: ConnectionOptions;
  readonly #onAbort = (): void => this.#redis.disconnect();

  private constructor(redis: Redis, target: Target, options: ConnectionOptions) {
    this.#redis = redis;
    this.#target = target;
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  static async open(target: Target, options: ConnectionOptions): Promise<Connection> {
    const redis = new Redis({
      ...target,
      protocol: 2,
      lazyConnect: true,
      enableReadyCheck: false,
      disableClientInfo: true,
      stringNumbers: true,
      connectTimeout: options.timeoutMs,
      // A server that does not close its end must not keep the process.
      disconnectTimeout: 100,
      commandTimeout: options.timeoutMs,
      retryStrategy: () => null,
      autoResendUnfulfilledCommands: false,
    });
    let lastError: NodeJS.ErrnoException | undefined;
    redis.on('error', (error) => (lastError ??= error));
    const connection = new Connection(redis, target, options);
    try {
      await redis.connect();
    } catch (error) {
      connection.close();
      if (options.signal.aborted) throw interrupted();
      const cause = lastError ?? (error as NodeJS.ErrnoException);
      throw cause.name === 'ReplyError' ? replyFailure(cause.message) : noConnection(target, cause);
    }
    return connection;
  }

  /** One command. Rejects with a Failure. */
  async call(...[command, ...rest]: [string, ...Argument[]]): Promise<Reply> {
    try {
      return (await this.#redis.callBuffer(command, rest)) as Reply;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Many commands, sent together; the answers in order, each a reply or the Failure of that command alone. */
  async pipeline(commands: readonly (readonly [string, ...Argument[]])[]): Promise<(Reply | Failure)[]> {
    const pipeline = this.#redis.pipeline();
    for (const [command, ...rest] of commands) pipeline.callBuffer(command, rest);
    const results = await pipeline.exec().catch((error: unknown) => {
      throw this.#failure(error);
    });
    if (results === null) throw new Failure(EXIT.unreachable, 'the connection was closed');
    return results.map(([error, reply]) => (error === null ? (reply as Reply) : this.#failure(error)));
  }

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    // On a connection that has ended, disconnect() would only start a timer that keeps the process.
    if (this.#redis.status !== 'end') this.#redis.disconnect();
  }

  #failure(error: unknown): Failure {
    if (this.#options.signal.aborted) return interrupted();
    return commandFailure(error, this.#target, this.#options.timeoutMs);
  }
}
