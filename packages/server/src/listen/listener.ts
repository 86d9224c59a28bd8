/**
 * Listener: the TCP port in front of a cluster.
 *
 * Owns      the listening socket and the way down.
 * Does not  speak any protocol: acceptor.ts finds out which one a connection speaks, and hands it over for good.
 * Why refuse  A port beyond loopback without a password is how a hundred thousand Redis servers came to be open to
 *           everybody; so it does not start.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { ClusterApi } from '@quintet/engine';
import type { TlsOptions } from '../access/tls.ts';
import { ServerStartError, type StartErrorCode } from '../engine/errors.ts';
import { ServerContext } from '../state/server-context.ts';
import { Acceptor } from './acceptor.ts';
import { resolveLimits, type ServerLimits } from './limits.ts';
import type { ServerLog } from './log.ts';
import { hostAndPort } from './socket-transport.ts';

/** What `startServer` takes; every field may be left out. */
export interface ServerOptions {
  /** Interface to listen on (default 127.0.0.1). Anything but loopback needs a password, or `open`. */
  host?: string | undefined;
  /**
   * Listen beyond loopback without a password: whoever reaches the port can read and delete everything. Only for networks
   * that nobody else is on. Without effect where there is a password.
   */
  open?: boolean | undefined;
  /** Port to listen on (default 1338; 0 = any free one). */
  port?: number | undefined;
  /** Connections at a time (default 10,000). */
  maxClients?: number | undefined;
  /** What one client may cost, over DEFAULT_LIMITS. */
  limits?: Partial<ServerLimits> | undefined;
  /** What AUTH and HELLO must give, as user `default`. */
  password?: string | undefined;
  /** A second password, given in the same way, that opens everything but administration. Needs `password`. */
  userPassword?: string | undefined;
  /** Names that HTTP's Host may bear, besides those of loopback and the host listened on. */
  httpHosts?: readonly string[] | undefined;
  /** Also speak TLS, to those who begin with it. */
  tls?: TlsOptions | undefined;
  /** Hears of SHUTDOWN: to close the server, then the cluster. Without it the command is refused. */
  onShutdown?: (() => void) | undefined;
  /** Hears what an operator should know; silent unless given. A logger of pino fits as it is. */
  log?: ServerLog | undefined;
  /** Hears of errors that are bugs, not refusals, instead of the log; the connection they struck is closed. */
  onBug?: ((thrown: unknown) => void) | undefined;
}

/** A server that listens; `await using` closes it. */
export interface RunningServer extends AsyncDisposable {
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
  /** The address it is bound to, without brackets. */
  readonly host: string;
  /** The port it is bound to, also if 0 was asked for. */
  readonly port: number;
  /** Accepts and reads no more, answers what was asked, closes every connection. Idempotent. */
  close(): Promise<void>;
}

/** Listens. Rejects with ServerStartError. The cluster stays the caller's: closing the server does not close it. */
export async function startServer(cluster: ClusterApi, options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 1338, password, userPassword, open = false } = options;
  checkExposure(host, password, open);
  checkUserPassword(password, userPassword);
  const context = new ServerContext(cluster, {
    limits: resolveLimits(options.limits ?? {}, cluster.executor.limits),
    maxClients: options.maxClients ?? 10_000,
    password: oneByte(password),
    userPassword: oneByte(userPassword),
    log: options.log,
    // Silence is for what may be left unsaid: a bug may not.
    onBug: options.onBug ?? (options.log === undefined ? emitWarning : undefined),
    onShutdown: options.onShutdown,
  });
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 300_000 });
  const reception = new Acceptor(context, { hosts: [host, ...(options.httpHosts ?? [])], tls: options.tls });
  server.on('connection', (socket) => reception.welcome(socket));
  await listen(server, host, port, ({ code, message }) =>
    context.incidents.trouble('accept-failed', { code, message }),
  );
  const bound = server.address() as AddressInfo;
  context.host = bound.address;
  context.port = bound.port;
  context.tls = options.tls !== undefined;
  const address = hostAndPort(bound.address, bound.port);
  const { maxClients } = context;
  context.log.info(
    { address, tls: options.tls !== undefined, password: password !== undefined, maxClients },
    'listening',
  );
  if (password === undefined && !isLoopback(host)) context.log.warn({ address }, 'open-to-everybody');
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => (closed ??= close(server, context, reception));
  return { address, host: bound.address, port: bound.port, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

function emitWarning(thrown: unknown): void {
  process.emitWarning(thrown instanceof Error ? thrown : String(thrown), 'QuintetServerBug');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function checkExposure(host: string, password: string | undefined, open: boolean): void {
  if (password === '') throw new ServerStartError('PASSWORD_REQUIRED', 'the password must not be empty');
  if (isLoopback(host) || password !== undefined || open) return;
  throw new ServerStartError(
    'PASSWORD_REQUIRED',
    `refusing to listen on ${host} without a password: everybody who can reach it could read and delete everything. ` +
      'Give a password (option `password`), listen on 127.0.0.1, or accept that (option `open: true`)',
  );
}

function checkUserPassword(password: string | undefined, userPassword: string | undefined): void {
  if (userPassword === undefined) return;
  if (userPassword === '') throw new ServerStartError('PASSWORD_REQUIRED', 'the user password must not be empty');
  if (password !== undefined && userPassword !== password) return;
  const why = password === undefined ? 'without it everybody may do everything' : 'and one of its own';
  throw new ServerStartError(
    'PASSWORD_REQUIRED',
    `a user password (\`userPassword\`) needs \`password\` beside it: ${why}`,
  );
}

/** Passwords reach us as one-byte text, so they are kept as that. */
function oneByte(password: string | undefined): string | undefined {
  return password === undefined ? undefined : Buffer.from(password, 'utf8').toString('latin1');
}

function listen(
  server: Server,
  host: string,
  port: number,
  onAcceptError: (cause: NodeJS.ErrnoException) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(startError(cause, host, port)));
    server.listen({ host, port, backlog: 511 }, () => {
      server.removeAllListeners('error');
      // Errors after this are of single accepts (no file handles left): that client is lost, the server is not.
      server.on('error', (cause: NodeJS.ErrnoException) => onAcceptError(cause));
      resolve();
    });
  });
}

const START_ERRORS: Readonly<Record<string, readonly [StartErrorCode, string]>> = {
  EADDRINUSE: ['PORT_IN_USE', 'the port is in use: stop what listens there, or choose another port'],
  EADDRNOTAVAIL: ['ADDRESS_NOT_AVAILABLE', 'this machine has no such address'],
  ENOTFOUND: ['ADDRESS_NOT_AVAILABLE', 'the host name is unknown'],
  EACCES: ['PERMISSION_DENIED', 'not permitted: ports below 1024 need privileges'],
};

function startError(cause: NodeJS.ErrnoException, host: string, port: number): ServerStartError {
  const [code, text] = START_ERRORS[cause.code ?? ''] ?? ['LISTEN_FAILED', cause.message];
  return new ServerStartError(code, `cannot listen on ${hostAndPort(host, port)}: ${text}`, { cause });
}

/** Stops accepting and reading, lets replies go out for a while, then cuts off who is left. */
async function close(server: Server, context: ServerContext, reception: Acceptor): Promise<void> {
  const { closeMs } = context.limits;
  const begunAt = performance.now();
  context.closing = true;
  context.log.info({ connections: reception.connections }, 'closing');
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  context.keyspaceEvents.stop();
  context.pause.end();
  context.feeds.close();
  reception.drain();
  for (const session of context.sessions.values()) session.closeAfterReplies();
  const slow = setTimeout(
    () => context.log.warn({ connections: reception.connections, limitMs: closeMs }, 'closing-slowly'),
    closeMs / 2,
  );
  const late = setTimeout(() => {
    for (const session of context.sessions.values()) session.cutOff('shutdown');
    reception.destroy();
  }, closeMs);
  await stopped;
  clearTimeout(slow);
  clearTimeout(late);
  reception.destroy();
  context.log.info({ tookMs: Math.round(performance.now() - begunAt) }, 'closed');
}
