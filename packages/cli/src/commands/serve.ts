/**
 * kvctl serve: a cluster and the server in front of it, in this process, until SIGINT or SIGTERM.
 *
 * Owns      the order of things: check options, start the cluster, listen, say so; and back again.
 * Does not  know protocols (@quintet/server) or nodes (@quintet/engine).
 *
 * stdout: one line when it is ready. stderr: a line an event.
 */
import { Cluster, type ClusterApi, type ClusterOptions, KvError } from '@quintet/engine';
import { startServer } from '@quintet/server';
import { type Context, printJson, printLine } from '../context.ts';
import { EXIT, type ExitCode, Failure, usageFailure } from '../failure.ts';
import { EventLog, type LogLevel } from '../serve/event-log.ts';
import { isLoopback } from '../serve/loopback.ts';
import { describeTarget } from '../server/target.ts';
import { formatDuration, formatSize } from '../text/quantities.ts';

export interface ServeOptions {
  nodes: number;
  shards: number;
  replicas: number;
  maxMemory?: number;
  eviction: 'noeviction' | 'allkeys-lru';
  maxValue?: number;
  maxClients: number;
  hangLimit?: number;
  chaos?: boolean;
  logLevel: LogLevel;
}

type RunningServer = Awaited<ReturnType<typeof startServer>>;

export async function serve(context: Context, _args: [], options: ServeOptions): Promise<ExitCode> {
  checkRemote(context);
  const log = new EventLog(context, options.logLevel);
  const cluster = await startCluster(options);
  log.follow(cluster);
  const server = await listen(context, cluster, options, log).catch(async (error: unknown) => {
    await cluster.close();
    throw error;
  });
  announce(context, options, server.port);
  await stopped(context.io.signal, cluster);
  const begin = performance.now();
  log.say('info', 'stopping', { signal: String(context.io.signal.reason) });
  await server.close();
  await cluster.close();
  log.say('info', 'stopped', { tookMs: Math.round(performance.now() - begin) });
  return EXIT.ok;
}

/** Whoever reaches the port owns the data: beyond this machine that takes a password. Known before anything is started. */
function checkRemote({ target }: Context): void {
  if (isLoopback(target.host) || target.password !== undefined) return;
  throw usageFailure(
    `will not listen on ${target.host} without a password: anyone who can reach it could read and change everything`,
    'set KVCTL_PASSWORD, here and for the clients: export KVCTL_PASSWORD=$(openssl rand -hex 16)',
  );
}

async function startCluster(options: ServeOptions): Promise<ClusterApi> {
  const { nodes, shards, replicas, maxMemory, eviction, maxValue, hangLimit, chaos = false } = options;
  const cluster: ClusterOptions = { nodes, shards, replicas, eviction, chaos };
  if (maxMemory !== undefined) cluster.maxMemory = maxMemory;
  if (maxValue !== undefined) cluster.maxValueBytes = maxValue;
  if (hangLimit !== undefined) cluster.hangLimitMs = hangLimit;
  try {
    return await Cluster.start(cluster);
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    const code = error.code === 'INVALID_OPTION' ? EXIT.usage : EXIT.server;
    throw new Failure(code, `cannot start the cluster: ${error.message}`, { code: error.code, cause: error });
  }
}

async function listen(
  context: Context,
  cluster: ClusterApi,
  { maxClients }: ServeOptions,
  log: EventLog,
): Promise<RunningServer> {
  const { host, port, password } = context.target;
  const onBug = (thrown: unknown): void =>
    log.say('error', 'server-bug', {
      detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
  // The command SHUTDOWN ends the process the way an operator would: one way to stop, with everything closed in order.
  const onShutdown = (): void => void process.kill(process.pid, 'SIGTERM');
  try {
    return await startServer(cluster, { host, port, maxClients, password, onBug, onShutdown });
  } catch (error) {
    throw listenFailure(error as NodeJS.ErrnoException, describeTarget(context.target), port);
  }
}

function listenFailure(error: NodeJS.ErrnoException, where: string, port: number): unknown {
  const hints: Readonly<Record<string, string>> = {
    PORT_IN_USE: `who has it? Try: lsof -i :${port}; or serve elsewhere with --port ${port + 1}`,
    PERMISSION_DENIED: 'ports below 1024 are for root: take a higher one',
    ADDRESS_NOT_AVAILABLE: 'is that an address of this machine?',
    PASSWORD_REQUIRED: 'set KVCTL_PASSWORD',
    LISTEN_FAILED: 'is the address right?',
  };
  const hint = hints[error.code ?? ''];
  if (hint === undefined) return error;
  const message = error.code === 'PORT_IN_USE' ? `${where} is in use` : `cannot listen on ${where}: ${error.message}`;
  return new Failure(EXIT.usage, message, { code: error.code, cause: error, hint });
}

function announce(context: Context, options: ServeOptions, port: number): void {
  const address = describeTarget({ ...context.target, port });
  const { nodes, shards, replicas, maxMemory, chaos = false } = options;
  if (context.output === 'json') {
    printJson(context, {
      ready: true,
      pid: process.pid,
      host: context.target.host,
      port,
      nodes,
      shards,
      replicas,
      chaos,
    });
    return;
  }
  const layout = `${nodes} nodes, ${shards} shards, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  const memory = maxMemory === undefined ? '' : `, ${formatSize(maxMemory)} a node`;
  const up = formatDuration(process.uptime() * 1_000);
  printLine(
    context,
    `kvctl serves ${address} (pid ${process.pid}): ${layout}${memory}${chaos ? ', chaos allowed' : ''}; up in ${up}`,
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
