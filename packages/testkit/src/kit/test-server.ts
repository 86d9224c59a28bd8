/** A server in front of a test's cluster, on a free port of the loopback interface. */
import type { Cluster } from '@quintet/engine';
import type { RunningServer, ServerOptions } from '@quintet/server';

/** Everything a server can be told but where to listen. */
export type TestServerOptions = Omit<ServerOptions, 'host' | 'port'>;

/** Where clients find the server. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  /** `redis://127.0.0.1:PORT`, for ioredis, node-redis and their like; with the password, if there is one. */
  readonly redisUrl: string;
  /** `http://127.0.0.1:PORT` */
  readonly httpUrl: string;
  /** `127.0.0.1:PORT`, for a gRPC channel without TLS. */
  readonly grpcTarget: string;
}

/** A running server, and how to end it. */
export interface StartedServer extends TestServer {
  close(): Promise<void>;
}

/** @throws {ServerStartError} as a rejection */
export async function startTestServer(cluster: Cluster, options: TestServerOptions): Promise<StartedServer> {
  // Loaded here, so that a test without a server does not wait for it.
  const { startServer } = await import('@quintet/server');
  const running: RunningServer = await startServer(cluster, { ...options, host: '127.0.0.1', port: 0 });
  const { host, port, address } = running;
  const login = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    host,
    port,
    redisUrl: `redis://${login}${address}`,
    httpUrl: `http://${address}`,
    grpcTarget: address,
    close: () => running.close(),
  };
}
