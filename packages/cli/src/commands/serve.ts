/**
 * kvctl serve: a cluster and the server in front of it, in this process, until SIGINT or SIGTERM.
 *
 * Owns      the order of things: read settings, start the cluster, listen, say so; and back again.
 * Does not  know protocols (@quintet/server) or nodes (@quintet/engine), or what settings there are (serve/settings.ts).
 *
 * stdout: one line when it is ready. stderr: the log (serve/log.ts).
 */
import { Cluster, type ClusterApi, type ClusterOptions, ERRORS, KvError } from '@quintet/engine';
import { type RunningServer, type ServerOptions, startServer } from '@quintet/server';
import { type Context, printJson, printLine } from '../context.ts';
import { EXIT, type ExitCode, Failure, usageFailure } from '../failure.ts';
import { logClusterEvents } from '../serve/cluster-events.ts';
import { type Log, openLog } from '../serve/log.ts';
import { isLoopback } from '../serve/loopback.ts';
import { type Flags, readText, resolvePassword, resolveSettings, resolveUserPassword } from '../serve/resolve.ts';
import { changedSettings, type Settings } from '../serve/settings.ts';
import { describeTarget } from '../server/target.ts';
import { formatDuration, formatSize } from '../text/quantities.ts';

export type ServeFlags = Flags & { readonly config?: string };

export async function serve(context: Context, _args: [], flags: ServeFlags): Promise<ExitCode> {
  const { env, signal } = context.io;
  const settings = resolveSettings(flags, flags.config, env);
  const password = resolvePassword(settings, env, context.target.password);
  const userPassword = resolveUserPassword(settings, env, password);
  const tls = readTls(settings);
  checkRemote(settings, password);
  const log = await openLog(context, settings.logLevel, settings.logFormat);
  using _watch = logFatalErrors(log);
  log.info({ pid: process.pid, nodeVersion: process.version, ...changedSettings(settings) }, 'starting');
  const cluster = await startCluster(settings);
  logClusterEvents(cluster, log);
  const server = await listen(cluster, settings, { password, userPassword, tls, log }).catch(async (error: unknown) => {
    await cluster.close();
    throw error;
  });
  announce(context, settings, server.port);
  await stopped(signal, cluster);
  const begin = performance.now();
  log.info({ signal: String(signal.reason) }, 'stopping');
  await server.close();
  await cluster.close();
  log.info({ tookMs: Math.round(performance.now() - begin) }, 'stopped');
  return EXIT.ok;
}

/**
 * Whoever reaches the port owns the data: beyond this machine that takes a password, or the word that nobody else is there.
 * Known before anything is started.
 */
function checkRemote({ host, open, chaos }: Settings, password: string | undefined): void {
  if (open && chaos) throw usageFailure('open and chaos exclude each other: anyone could kill the nodes');
  if (isLoopback(host) || password !== undefined || open) return;
  throw usageFailure(
    `will not listen on ${host} without a password: anyone who can reach it could read and change everything`,
    'set KVCTL_PASSWORD, here and for the clients: export KVCTL_PASSWORD=$(openssl rand -hex 16); ' +
      'or, where nobody else can reach it, say so: QUINTET_OPEN=yes',
  );
}

function readTls({ tlsCert, tlsKey, tlsCa, tlsOnly: only }: Settings): ServerOptions['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) {
    if (only || tlsCa !== undefined) throw usageFailure('--tls-only and --tls-ca want --tls-cert and --tls-key');
    return undefined;
  }
  if (tlsCert === undefined || tlsKey === undefined) throw usageFailure('--tls-cert and --tls-key go together');
  const ca = tlsCa === undefined ? undefined : readText(tlsCa, 'the certificate of the authority');
  return {
    cert: readText(tlsCert, 'the certificate'),
    key: readText(tlsKey, 'the key'),
    ca,
    only: only || ca !== undefined,
  };
}

/** A crash is told in the log too, before Node prints it and ends the process. */
function logFatalErrors(log: Log): Disposable {
  const listener = (error: Error): void => log.fatal({ err: error }, 'crashed');
  process.on('uncaughtExceptionMonitor', listener);
  return { [Symbol.dispose]: () => void process.off('uncaughtExceptionMonitor', listener) };
}

async function startCluster(settings: Settings): Promise<ClusterApi> {
  const { nodes, shards, replicas, eviction, chaos } = settings;
  const { maxMemory, readCache, maxValue, hangLimit, watchHistory, watchHistorySize } = settings;
  const cluster: ClusterOptions = { nodes, shards, replicas, eviction, chaos };
  if (maxMemory !== undefined) cluster.maxMemory = maxMemory;
  if (readCache !== undefined) cluster.readCache = readCache;
  if (maxValue !== undefined) cluster.maxValueBytes = maxValue;
  if (hangLimit !== undefined) cluster.hangLimitMs = hangLimit;
  if (watchHistory !== undefined) cluster.watchHistory = watchHistory;
  if (watchHistorySize !== undefined) cluster.watchHistoryBytes = watchHistorySize;
  try {
    return await Cluster.start(cluster);
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    const code = error.code === 'INVALID_OPTION' ? EXIT.usage : EXIT.server;
    throw new Failure(code, `cannot start the cluster: ${inFlags(error)}`, { code: error.code, cause: error });
  }
}

/** The engine's options that are called otherwise here; their values are told in the engine's units. */
const FLAGS: Readonly<Record<string, string>> = {
  maxMemory: '--max-memory',
  readCache: '--read-cache',
  maxValueBytes: '--max-value (bytes)',
  hangLimitMs: '--hang-limit (ms)',
  watchHistoryBytes: '--watch-history-size (bytes)',
};

/** What the engine says of an option, in the words of who gave a flag; what it says of anything else, as it is. */
function inFlags({ code, message }: KvError): string {
  if (code !== 'INVALID_OPTION') return message;
  const said = message.replace(`${ERRORS.INVALID_OPTION.text}: `, '');
  return Object.entries(FLAGS).reduce((text, [name, flag]) => text.replaceAll(name, flag), said);
}

async function listen(
  cluster: ClusterApi,
  settings: Settings,
  options: Pick<ServerOptions, 'password' | 'userPassword' | 'tls' | 'log'>,
): Promise<RunningServer> {
  const { host, port, open, maxClients, httpHosts, clientMemory, idleTimeout, closeTimeout, ...others } = settings;
  // The command SHUTDOWN ends the process the way an operator would: one way to stop, with everything closed in order.
  const onShutdown = (): void => void process.kill(process.pid, 'SIGTERM');
  const idleSeconds = Math.ceil(idleTimeout / 1000);
  const output = { replyBytes: others.maxReply, outputStallMs: others.stallTimeout };
  const limits = { clientsBytes: clientMemory, idleSeconds, closeMs: closeTimeout, ...output };
  try {
    return await startServer(cluster, { host, port, open, maxClients, httpHosts, limits, onShutdown, ...options });
  } catch (error) {
    throw listenFailure(error as NodeJS.ErrnoException, describeTarget(settings), port);
  }
}

function listenFailure(error: NodeJS.ErrnoException, where: string, port: number): unknown {
  const hints: Readonly<Record<string, string>> = {
    PORT_IN_USE: `who has it? Try: lsof -i :${port}; or serve elsewhere with --port ${port + 1}`,
    PERMISSION_DENIED: 'ports below 1024 are for root: take a higher one',
    ADDRESS_NOT_AVAILABLE: 'is that a name or an address of this machine?',
    PASSWORD_REQUIRED: 'set KVCTL_PASSWORD',
    BAD_CERTIFICATE: 'all must be PEM, and certificate and key belong together',
    LISTEN_FAILED: 'is the address right?',
  };
  const hint = hints[error.code ?? ''];
  if (hint === undefined) return error;
  const message = error.code === 'PORT_IN_USE' ? `${where} is in use` : error.message;
  return new Failure(EXIT.usage, message, { code: error.code, cause: error, hint });
}

function announce(context: Context, settings: Settings, port: number): void {
  const { host, nodes, shards, replicas, maxMemory, chaos } = settings;
  if (context.output === 'json') {
    printJson(context, { ready: true, pid: process.pid, host, port, nodes, shards, replicas, chaos });
    return;
  }
  const layout = `${nodes} nodes, ${shards} shards, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  const memory = maxMemory === undefined || maxMemory === 0 ? '' : `, ${formatSize(maxMemory)} a node`;
  const up = formatDuration(process.uptime() * 1_000);
  printLine(
    context,
    `kvctl serves ${describeTarget({ host, port })} (pid ${process.pid}): ${layout}${memory}` +
      `${chaos ? ', chaos allowed' : ''}; up in ${up}`,
  );
}

/** Until a signal; rejects if the cluster stops by itself, which only a bug can make it do. */
function stopped(signal: AbortSignal, cluster: ClusterApi): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    cluster.on('error', (cause) => {
      const hint = 'this is a bug in Quintet: please report it with the lines above';
      reject(new Failure(EXIT.server, `the cluster stopped: ${cause.stack ?? cause.message}`, { cause, hint }));
    });
  });
}
