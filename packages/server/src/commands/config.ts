/**
 * CONFIG: what clients and tools ask of a server's configuration. A setting stands here if somebody asks for it
 * (redis-benchmark, ioredis, redis-cli) or if it is a limit of ours with a name in Redis. Few can change while the server
 * runs; setting any other to what it is already is no error.
 */
import { CommandError } from '../errors.ts';
import { StepBudget } from '../glob.ts';
import { bulk, OK } from '../resp/encoder.ts';
import { readInteger } from '../resp/numbers.ts';
import type { ServerContext } from '../server-context.ts';
import type { Session } from '../session.ts';
import { globOf } from './arguments.ts';
import type { CommandSpec, PlainSpec } from './command.ts';

interface Setting {
  readonly get: (context: ServerContext) => string;
  /** Takes a new value; throws what is wrong with it. Missing: the setting is given when the server is started. */
  readonly set?: (context: ServerContext, value: string) => void;
}

function fixed(value: string): Setting {
  return { get: () => value };
}

const INT32_MAX = 2 ** 31 - 1;

function whole(value: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = readInteger(value);
  if (typeof number !== 'number') throw new CommandError("argument couldn't be parsed into an integer");
  if (number < least || number > most) {
    throw new CommandError(`argument must be between ${least} and ${most} inclusive`);
  }
  return number;
}

const MEMORY_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
};

/** `100mb` and the like in bytes. */
function memory(value: string): number {
  const [, digits, unit] = /^([0-9]+)([a-z]*)$/i.exec(value) ?? [];
  const factor = MEMORY_UNITS[unit?.toLowerCase() ?? ''];
  if (digits === undefined || factor === undefined) throw new CommandError('argument must be a memory value');
  return Number(digits) * factor;
}

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['appendonly', fixed('no')],
  ['appendfsync', fixed('everysec')],
  ['bind', { get: (context) => context.host }],
  [
    'client-output-buffer-limit',
    { get: ({ limits }) => `normal ${4 * limits.outputHardBytes} ${limits.outputHardBytes} 10` },
  ],
  ['client-query-buffer-limit', { get: ({ limits }) => String(limits.requestBytes) }],
  ['cluster-enabled', fixed('no')],
  ['databases', fixed('1')],
  ['latency-monitor-threshold', fixed('0')],
  [
    'maxclients',
    {
      get: (context) => String(context.maxClients),
      set: (context, value) => {
        context.maxClients = whole(value, 1);
      },
    },
  ],
  ['maxmemory', { get: (context) => String(totalMaxMemory(context)), set: keepMaxMemory }],
  [
    'notify-keyspace-events',
    {
      get: ({ keyspaceEvents }) => keyspaceEvents.text,
      set: ({ keyspaceEvents }, value) => {
        if (keyspaceEvents.configure(value)) return;
        throw new CommandError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      },
    },
  ],
  ['port', { get: (context) => String(context.port) }],
  ['proto-max-bulk-len', { get: ({ limits }) => String(limits.bulkBytes) }],
  ['save', fixed('')],
  [
    'slowlog-log-slower-than',
    {
      get: ({ slowLog }) => String(slowLog.slowerThanMicroseconds),
      set: ({ slowLog }, value) => {
        slowLog.slowerThanMicroseconds = whole(value, -1);
      },
    },
  ],
  [
    'slowlog-max-len',
    {
      get: ({ slowLog }) => String(slowLog.maxLength),
      set: ({ slowLog }, value) => {
        slowLog.maxLength = Math.min(whole(value, 0), SLOWLOG_MAX);
        slowLog.trim();
      },
    },
  ],
  ['tcp-keepalive', fixed('300')],
  [
    'timeout',
    {
      get: ({ idleSeconds }) => String(idleSeconds),
      set: (context, value) => {
        context.idleSeconds = whole(value, 0, INT32_MAX);
      },
    },
  ],
]);

/** A slow log is kept in memory, so it has an end. */
const SLOWLOG_MAX = 100_000;

function totalMaxMemory(context: ServerContext): number {
  return context.cluster.status().nodes.reduce((total, node) => total + node.maxMemory, 0);
}

/** Nodes get their limit when they are started. */
function keepMaxMemory(context: ServerContext, value: string): void {
  if (memory(value) !== totalMaxMemory(context)) throw new CommandError("can't set immutable config");
}

/** Of one CONFIG GET. */
const PATTERNS_MAX = 256;

function get(session: Session, args: readonly string[]): void {
  if (args.length - 2 > PATTERNS_MAX) throw new CommandError(`ERR at most ${PATTERNS_MAX} patterns`);
  const globs = args.slice(2).map((pattern) => globOf(session, pattern.toLowerCase()));
  const budget = new StepBudget();
  const found = [...SETTINGS].filter(([name]) => globs.some((glob) => glob.matches(name, budget)));
  session.reply(
    session.encoder.map(found.flatMap(([name, setting]) => [bulk(name), bulk(setting.get(session.context))])),
  );
}

/** All or none: names are checked first, and what was set is set back if a later value is refused. */
function set(session: Session, args: readonly string[]): void {
  if (args.length % 2 !== 0) throw new CommandError("ERR wrong number of arguments for 'config|set' command");
  const { context } = session;
  const changes: [name: string, setting: Setting, value: string][] = [];
  for (let at = 2; at < args.length; at += 2) {
    const name = args[at]!;
    const setting = SETTINGS.get(name.toLowerCase());
    if (setting === undefined) {
      throw new CommandError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
    }
    if (changes.some(([, other]) => other === setting)) throw configFailure(name, 'duplicate parameter');
    changes.push([name, setting, args[at + 1]!]);
  }
  const undo: (() => void)[] = [];
  for (const [name, setting, value] of changes) {
    const before = setting.get(context);
    try {
      change(context, setting, value);
    } catch (thrown) {
      for (const step of undo.reverse()) step();
      if (thrown instanceof CommandError) throw configFailure(name, thrown.message);
      throw thrown;
    }
    undo.push(() => change(context, setting, before));
  }
  session.reply(OK);
}

function change(context: ServerContext, setting: Setting, value: string): void {
  if (setting.set !== undefined) setting.set(context, value);
  else if (setting.get(context) !== value) throw new CommandError("can't set immutable config");
}

function configFailure(name: string, reason: string): CommandError {
  return new CommandError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
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
      summary: 'Set configuration parameters, those that can change while the server runs',
      handler: set,
    },
    {
      name: 'rewrite',
      arity: 2,
      flags: FLAGS,
      since: '2.8.0',
      group: 'server',
      summary: 'Refused: there is no configuration file to write to',
      handler: () => {
        throw new CommandError('ERR The server is running without a config file');
      },
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
