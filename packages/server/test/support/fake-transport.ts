/**
 * A connection without a socket: a test feeds bytes in and reads what was written.
 */
import { DEFAULT_LIMITS, type ServerLimits } from '../../src/listen/limits.ts';
import type { ServerLog } from '../../src/listen/log.ts';
import type { Transport } from '../../src/listen/transport.ts';
import { Session } from '../../src/session/session.ts';
import { ServerContext } from '../../src/state/server-context.ts';
import { FakeExecutor, fakeCluster } from './fake-cluster.ts';

export class FakeTransport implements Transport {
  readonly remoteAddress = '127.0.0.1:50000';
  readonly localAddress = '127.0.0.1:1338';
  unsentBytes = 0;
  stuckBytes = 0;
  written = '';
  writes = 0;
  paused = false;
  ended = false;
  destroyed = false;
  /** While true, what is written stays unsent. */
  stuck = false;

  write(piece: string | Uint8Array): void {
    // A copy: bytes are the session's again if they count as sent.
    const text = typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1');
    this.writes++;
    this.written += text;
    if (this.stuck) this.unsentBytes += text.length;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

export interface Connection {
  session: Session;
  transport: FakeTransport;
  executor: FakeExecutor;
  context: ServerContext;
  /** Calls of the cluster besides its caller. */
  calls: string[];
  /** Bugs reported. */
  bugs: unknown[];
  feed(text: string): void;
  /** Feeds, waits until all is answered, and gives what was written. */
  ask(...args: string[]): Promise<string>;
  /** Waits until nothing more happens. */
  quiet(): Promise<void>;
}

export function request(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

export interface ConnectOptions {
  limits?: Partial<ServerLimits>;
  password?: string;
  userPassword?: string;
  log?: ServerLog;
}

export function connect(options: ConnectOptions = {}): Connection {
  const executor = new FakeExecutor();
  const calls: string[] = [];
  const bugs: unknown[] = [];
  const context = new ServerContext(fakeCluster(executor, calls), {
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    maxClients: 100,
    password: options.password,
    userPassword: options.userPassword,
    log: options.log,
    onBug: (thrown) => bugs.push(thrown),
  });
  const transport = new FakeTransport();
  const session = new Session(context, transport);
  const feed = (text: string): void => session.onData(Buffer.from(text, 'latin1'));
  const quiet = async (): Promise<void> => {
    for (let turn = 0, calm = 0; calm < 4 && turn < 100_000; turn++) {
      const before = transport.written.length;
      await new Promise((resolve) => setImmediate(resolve));
      const waits = executor.inFlight > 0 && executor.delivery !== 'by-hand';
      calm = transport.written.length === before && !waits ? calm + 1 : 0;
    }
  };
  const ask = async (...args: string[]): Promise<string> => {
    transport.written = '';
    feed(request(...args));
    await quiet();
    return transport.written;
  };
  return { session, transport, executor, context, calls, bugs, feed, ask, quiet };
}
