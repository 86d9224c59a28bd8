/**
 * CONFIG: what clients and tools ask of a server's configuration, read-only. A setting stands here if somebody asks for
 * it (redis-benchmark, ioredis, redis-cli) or if it is a limit of ours with a name in Redis.
 */
import { CommandError } from '../errors.ts';
import { compileGlob } from '../glob.ts';
import { bulk, OK } from '../resp/encoder.ts';
import type { ServerContext } from '../server-context.ts';
import type { Session } from '../session.ts';
import type { CommandSpec, PlainSpec } from './command.ts';

type Setting = string | ((context: ServerContext) => string);

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['appendonly', 'no'],
  ['appendfsync', 'everysec'],
  ['bind', (context) => context.host],
  ['client-output-buffer-limit', ({ limits }) => `normal ${4 * limits.outputHardBytes} ${limits.outputHardBytes} 10`],
  ['client-query-buffer-limit', ({ limits }) => String(limits.requestBytes)],
  ['cluster-enabled', 'no'],
  ['databases', '1'],
  ['maxclients', (context) => String(context.maxClients)],
  ['maxmemory', (context) => String(totalMaxMemory(context))],
  ['notify-keyspace-events', ''],
  ['port', (context) => String(context.port)],
  ['proto-max-bulk-len', ({ limits }) => String(limits.bulkBytes)],
  ['save', ''],
  ['tcp-keepalive', '300'],
  ['timeout', '0'],
]);

function totalMaxMemory(context: ServerContext): number {
  return context.cluster.status().nodes.reduce((total, node) => total + node.maxMemory, 0);
}

function get(session: Session, args: readonly string[]): void {
  const globs = args.slice(2).map((pattern) => compileGlob(pattern.toLowerCase()));
  const found = [...SETTINGS].filter(([name]) => globs.some((glob) => glob.matches(name)));
  const flat = found.flatMap(([name, setting]) => [
    bulk(name),
    bulk(typeof setting === 'string' ? setting : setting(session.context)),
  ]);
  session.reply(session.encoder.map(flat));
}

/** Settings are given when the server is started. */
function refuseSet(_session: Session, args: readonly string[]): void {
  if (args.length % 2 !== 0) throw new CommandError("ERR wrong number of arguments for 'config|set' command");
  const name = args[2]!;
  if (!SETTINGS.has(name.toLowerCase())) {
    throw new CommandError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
  }
  throw new CommandError(`ERR CONFIG SET failed (possibly related to argument '${name}') - can't set immutable config`);
}

function resetStatistics(session: Session): void {
  session.context.resetCounters();
  session.reply(OK);
}

const FLAGS: PlainSpec['flags'] = ['admin', 'noscript', 'loading', 'stale'];

export const configCommand: CommandSpec = {
  name: 'config',
  arity: -2,
  flags: FLAGS,
  since: '2.0.0',
  group: 'server',
  summary: 'A container for server configuration commands',
  subcommands: [
    {
      name: 'get',
      arity: -3,
      flags: FLAGS,
      since: '2.0.0',
      group: 'server',
      summary: 'Get the values of configuration parameters',
      handler: get,
    },
    {
      name: 'set',
      arity: -4,
      flags: FLAGS,
      since: '2.0.0',
      group: 'server',
      summary: 'Refused: settings are given when the server is started',
      handler: refuseSet,
    },
    {
      name: 'resetstat',
      arity: 2,
      flags: FLAGS,
      since: '2.0.0',
      group: 'server',
      summary: 'Reset the stats returned by INFO',
      handler: resetStatistics,
    },
  ],
};
