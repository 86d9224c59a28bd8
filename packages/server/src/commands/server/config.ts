/**
 * CONFIG: what clients and tools ask of a server's configuration. A setting stands here if somebody asks for it
 * (redis-benchmark, ioredis, redis-cli) or if it is a limit of ours with a name in Redis. Few can change while the server
 * runs; setting any other to what it is already is no error.
 */
import type { EvictionPolicy } from '@quintet/engine';
import { StepBudget } from '@quintet/engine/codec';
import { globOf } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, PlainSpec } from '../../command/handler.ts';
import { CommandError, thrownError } from '../../engine/errors.ts';
import { areFlags } from '../../pubsub/keyspace-events.ts';
import { bulk, OK } from '../../resp/encoder.ts';
import { INT64_MAX, readInteger } from '../../resp/numbers.ts';
import type { MemoryChange } from '../../state/memory-limit.ts';
import type { ServerContext } from '../../state/server-context.ts';
import { FIXED_SETTINGS } from './fixed-settings.ts';

interface Setting {
  readonly get: (context: ServerContext) => string;
  /** Has a new value set with all others of the request; throws what is wrong with it. Missing: it is given at the start. */
  readonly set?: (changes: Changes, value: string) => void;
}

/** What a CONFIG SET comes to, collected before anything is done: so it is all or nothing. */
interface Changes {
  /** Cannot fail. */
  readonly steps: ((context: ServerContext) => void)[];
  readonly memory: MemoryChange;
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

/** The same of 64 bits. */
function wholeLong(value: string, least: number): number | bigint {
  const number = readInteger(value);
  if (number === null) throw new CommandError("argument couldn't be parsed into an integer");
  if (number < least) throw new CommandError(`argument must be between ${least} and ${INT64_MAX} inclusive`);
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
  const bytes = Number(digits) * (factor ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw new CommandError('argument must be a memory value');
  return bytes;
}

const POLICIES: readonly EvictionPolicy[] = ['allkeys-lru', 'noeviction'];

function evictionPolicy(value: string): EvictionPolicy {
  const policy = POLICIES.find((name) => name === value.toLowerCase());
  if (policy !== undefined) return policy;
  throw new CommandError(`argument(s) must be one of the following: ${POLICIES.join(', ')}`);
}

/** Shown instead of a password: whoever may ask has given it, and who reads over a shoulder or a log has not. */
const HIDDEN = '********';

function immutable(): never {
  throw new CommandError("can't set immutable config");
}

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ...Object.entries(FIXED_SETTINGS).map(([name, value]): [string, Setting] => [name, fixed(value)]),
  ['bind', { get: (context) => context.host }],
  [
    'client-output-buffer-limit',
    { get: ({ limits }) => `normal 0 0 0 pubsub ${4 * limits.outputHardBytes} ${limits.outputHardBytes} 10` },
  ],
  ['client-query-buffer-limit', { get: ({ limits }) => String(limits.requestBytes) }],
  ['dir', { get: () => process.cwd() }],
  [
    'latency-monitor-threshold',
    {
      get: ({ latencyThreshold }) => String(latencyThreshold),
      // Taken, as monitors set it when they begin. There are no latency events.
      set: ({ steps }, value) => {
        const milliseconds = wholeLong(value, 0);
        steps.push((context) => {
          context.latencyThreshold = milliseconds;
        });
      },
    },
  ],
  ['max-reply', { get: ({ limits }) => String(limits.replyBytes) }],
  [
    'maxclients',
    {
      get: (context) => String(context.maxClients),
      set: ({ steps }, value) => {
        const most = whole(value, 1);
        steps.push((context) => {
          context.maxClients = most;
        });
      },
    },
  ],
  [
    'maxmemory',
    {
      get: ({ memoryLimit }) => String(memoryLimit.total),
      set: (changes, value) => {
        changes.memory.total = memory(value);
      },
    },
  ],
  ['maxmemory-clients', { get: ({ limits }) => String(limits.clientsBytes) }],
  [
    'maxmemory-policy',
    {
      get: ({ memoryLimit }) => memoryLimit.policy,
      set: (changes, value) => {
        changes.memory.policy = evictionPolicy(value);
      },
    },
  ],
  [
    'notify-keyspace-events',
    {
      get: ({ keyspaceEvents }) => keyspaceEvents.text,
      set: ({ steps }, value) => {
        if (!areFlags(value)) throw new CommandError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        steps.push(({ keyspaceEvents }) => keyspaceEvents.configure(value));
      },
    },
  ],
  ['port', { get: (context) => String(context.port) }],
  ['proto-max-bulk-len', { get: ({ limits }) => String(limits.bulkBytes) }],
  // To be set it would have to be compared, and an attacker could guess by that.
  ['requirepass', { get: ({ passwordRequired }) => (passwordRequired ? HIDDEN : ''), set: immutable }],
  [
    'slowlog-log-slower-than',
    {
      get: ({ slowLog }) => String(slowLog.slowerThanMicroseconds),
      set: ({ steps }, value) => {
        const microseconds = whole(value, -1);
        steps.push(({ slowLog }) => {
          slowLog.slowerThanMicroseconds = microseconds;
        });
      },
    },
  ],
  [
    'slowlog-max-len',
    {
      get: ({ slowLog }) => String(slowLog.maxLength),
      set: ({ steps }, value) => {
        const length = Math.min(whole(value, 0), SLOWLOG_MAX);
        steps.push(({ slowLog }) => {
          slowLog.maxLength = length;
          slowLog.trim();
        });
      },
    },
  ],
  ['stall-timeout', { get: ({ limits }) => String(Math.ceil(limits.outputStallMs / 1000)) }],
  // TLS is spoken on the one port, to who begins with it.
  ['tls-port', { get: (context) => String(context.tls ? context.port : 0) }],
  [
    'timeout',
    {
      get: ({ idleSeconds }) => String(idleSeconds),
      set: ({ steps }, value) => {
        const seconds = whole(value, 0, INT32_MAX);
        steps.push((context) => {
          context.idleSeconds = seconds;
        });
      },
    },
  ],
]);

/** A slow log is kept in memory, so it has an end. */
const SLOWLOG_MAX = 100_000;

/** Of one CONFIG GET. */
const PATTERNS_MAX = 256;

function get(session: CommandSession, args: readonly string[]): void {
  if (args.length - 2 > PATTERNS_MAX) throw new CommandError(`ERR at most ${PATTERNS_MAX} patterns`);
  const globs = args.slice(2).map((pattern) => globOf(session, pattern.toLowerCase()));
  const budget = new StepBudget();
  const found = [...SETTINGS].filter(([name]) => globs.some((glob) => glob.matches(name, budget)));
  session.reply(
    session.encoder.map(found.flatMap(([name, setting]) => [bulk(name), bulk(setting.get(session.context))])),
  );
}

/** All or nothing: names first, then values, then it is done. */
function set(session: CommandSession, args: readonly string[]): void {
  if (args.length % 2 !== 0) throw new CommandError("ERR wrong number of arguments for 'config|set' command");
  const asked = settingsAsked(args);
  const changes: Changes = { steps: [], memory: {} };
  for (const [name, setting, value] of asked) collect(session.context, changes, name, setting, value);
  for (const step of changes.steps) step(session.context);
  if (Object.keys(changes.memory).length === 0) session.reply(OK);
  else changeMemory(session, changes.memory);
}

/** Settings of Redis whose values are passwords: not to be shown even where they cannot be set. */
const SECRET_SETTINGS: ReadonlySet<string> = new Set([
  'requirepass',
  'masterauth',
  'masteruser',
  'tls-key-file-pass',
  'tls-client-key-file-pass',
]);

function secretValues(args: readonly string[]): number[] {
  return args.flatMap((name, at) => (SECRET_SETTINGS.has(name.toLowerCase()) ? [at + 1] : []));
}

type Asked = readonly [name: string, setting: Setting, value: string];

function settingsAsked(args: readonly string[]): readonly Asked[] {
  const asked: Asked[] = [];
  for (let at = 2; at < args.length; at += 2) {
    const name = args[at]!;
    const setting = SETTINGS.get(name.toLowerCase());
    if (setting === undefined) {
      throw new CommandError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
    }
    if (asked.some(([, other]) => other === setting)) throw configFailure(name, 'duplicate parameter');
    asked.push([name, setting, args[at + 1]!]);
  }
  return asked;
}

function collect(context: ServerContext, changes: Changes, ...[name, setting, value]: Asked): void {
  try {
    if (setting.set !== undefined) setting.set(changes, value);
    else if (setting.get(context) !== value) immutable();
  } catch (thrown) {
    throw thrown instanceof CommandError ? configFailure(name, thrown.message) : thrown;
  }
}

/** Replies, and begins what the client asks next, when every node works by the new limit. */
function changeMemory(session: CommandSession, change: MemoryChange): void {
  session.hold();
  const reply = session.open();
  session.context.memoryLimit
    .change(change)
    .then(
      () => reply.resolve(OK),
      (thrown: unknown) => {
        const text = thrownError(thrown);
        if (text === null) session.onBug(thrown);
        else reply.resolve(text);
      },
    )
    .finally(() => session.release());
}

function configFailure(name: string, reason: string): CommandError {
  return new CommandError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

function resetStatistics(session: CommandSession): void {
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
      secrets: secretValues,
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
