/**
 * Settings of `kvctl serve`: one row each, from which flags, environment variables, keys of the configuration file, the
 * help and docs/configuration.md come. `--max-memory 512mb`, `QUINTET_MAX_MEMORY=512mb` and `"max-memory": "512mb"` are
 * the same setting.
 *
 * Owns      names, meanings, ranges and defaults.
 * Does not  decide which source wins (resolve.ts).
 */
import { BadQuantity, parseDuration, parsePositiveDuration, parseSize, parseWhole } from '../text/quantities.ts';

export interface Setting<T> {
  /** What it is called on the command line, without dashes, and in the file. */
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in the help; none = a switch. */
  readonly argument?: string;
  readonly help: string;
  /** Reads a value as people write it. Throws BadQuantity. */
  readonly parse: (text: string) => T;
  readonly fallback: T;
  /** The default in words, where it is not the fallback's text. */
  readonly fallbackText?: string;
}

type Words = 'noeviction' | 'allkeys-lru';
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';
export type LogFormat = 'auto' | 'json' | 'text';

function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new BadQuantity(`Allowed choices are ${words.join(', ')}.`);
    return found;
  };
}

function whole(least: number, most?: number): (text: string) => number {
  return (text) => parseWhole(text, least, most);
}

function yesOrNo(text: string): boolean {
  if (['true', 'yes', '1'].includes(text.toLowerCase())) return true;
  if (['false', 'no', '0', ''].includes(text.toLowerCase())) return false;
  throw new BadQuantity(`"${text}" is neither true nor false`);
}

function asIs(text: string): string {
  if (text === '') throw new BadQuantity('must not be empty');
  return text;
}

/** Host names; several are parted by commas. */
function names(text: string): readonly string[] {
  return text.split(',').map((name) => asIs(name.trim()));
}

/** Type-checks a row and keeps its type. */
function row<T>(setting: Setting<T>): Setting<T> {
  return setting;
}

export const SETTINGS = {
  host: row({ name: 'host', argument: '<host>', help: 'address to listen on', parse: asIs, fallback: '127.0.0.1' }),
  port: row({
    name: 'port',
    short: 'p',
    argument: '<port>',
    help: 'port to listen on; 0: any free one',
    parse: whole(0, 65_535),
    fallback: 1338,
  }),
  nodes: row({
    name: 'nodes',
    short: 'n',
    argument: '<n>',
    help: 'worker threads that hold data',
    parse: whole(1, 64),
    fallback: 5,
  }),
  shards: row({
    name: 'shards',
    short: 's',
    argument: '<n>',
    help: 'parts the keys are spread over',
    parse: whole(1, 16_384),
    fallback: 10,
  }),
  replicas: row({
    name: 'replicas',
    short: 'r',
    argument: '<n>',
    help: 'copies of each shard besides its primary',
    parse: whole(0, 63),
    fallback: 1,
  }),
  maxMemory: row<number | undefined>({
    name: 'max-memory',
    short: 'm',
    argument: '<size>',
    help: 'data a node may hold: 512mb, 2gb',
    parse: parseSize,
    fallback: undefined,
    fallbackText: 'unlimited',
  }),
  eviction: row<Words>({
    name: 'eviction',
    argument: '<policy>',
    help: 'what a full node does: noeviction or allkeys-lru',
    parse: oneOf<Words>('noeviction', 'allkeys-lru'),
    fallback: 'noeviction',
  }),
  readCache: row<number | undefined>({
    name: 'read-cache',
    argument: '<size>',
    help: 'memory for values read lately, which then need no node; 0 = none',
    parse: parseSize,
    fallback: undefined,
    fallbackText: '64mb',
  }),
  maxValue: row<number | undefined>({
    name: 'max-value',
    argument: '<size>',
    help: 'longest value',
    parse: parseSize,
    fallback: undefined,
    fallbackText: '16mb',
  }),
  hangLimit: row<number | undefined>({
    name: 'hang-limit',
    argument: '<duration>',
    help: 'a node silent for so long is dead',
    parse: parsePositiveDuration,
    fallback: undefined,
    fallbackText: '500ms',
  }),
  watchHistory: row<number | undefined>({
    name: 'watch-history',
    argument: '<n>',
    help: 'changes of each shard remembered for watches that resume',
    parse: whole(1, 2 ** 24),
    fallback: undefined,
    fallbackText: '16384',
  }),
  watchHistorySize: row<number | undefined>({
    name: 'watch-history-size',
    argument: '<size>',
    help: 'bytes of these changes, for each shard',
    parse: parseSize,
    fallback: undefined,
    fallbackText: '4mb',
  }),
  chaos: row({ name: 'chaos', help: 'allow kvctl chaos', parse: yesOrNo, fallback: false }),
  maxClients: row({
    name: 'max-clients',
    argument: '<n>',
    help: 'connections at a time',
    parse: whole(1, 1_000_000),
    fallback: 10_000,
  }),
  clientMemory: row({
    name: 'client-memory',
    argument: '<size>',
    help: 'what all connections together may hold; beyond it the largest are cut off',
    parse: parseSize,
    fallback: 2 ** 30,
    fallbackText: '1gb',
  }),
  maxReply: row({
    name: 'max-reply',
    argument: '<size>',
    help: 'longest reply to one command (MGET, KEYS, EXEC), at most 384mb; longer ones are refused',
    parse: parseSize,
    fallback: 64 * 1024 ** 2,
    fallbackText: '64mb',
  }),
  stallTimeout: row({
    name: 'stall-timeout',
    argument: '<duration>',
    help: 'a client that reads none of its queued replies for so long is cut off',
    parse: parsePositiveDuration,
    fallback: 300_000,
    fallbackText: '5m',
  }),
  idleTimeout: row({
    name: 'idle-timeout',
    argument: '<duration>',
    help: 'silence after which a connection is ended; 0: never',
    parse: parseDuration,
    fallback: 0,
  }),
  closeTimeout: row({
    name: 'close-timeout',
    argument: '<duration>',
    help: 'how long clients may take to read their last replies when the server stops',
    parse: parsePositiveDuration,
    fallback: 2_000,
    fallbackText: '2s',
  }),
  passwordFile: row<string | undefined>({
    name: 'password-file',
    argument: '<file>',
    help: 'file with the password clients must give; or QUINTET_PASSWORD',
    parse: asIs,
    fallback: undefined,
    fallbackText: 'none',
  }),
  userPasswordFile: row<string | undefined>({
    name: 'user-password-file',
    argument: '<file>',
    help: 'file with a second password, for reading and writing only; or QUINTET_USER_PASSWORD',
    parse: asIs,
    fallback: undefined,
    fallbackText: 'none',
  }),
  open: row({
    name: 'open',
    help: 'listen beyond this machine without a password: whoever reaches the port can read and change everything',
    parse: yesOrNo,
    fallback: false,
  }),
  tlsCert: row<string | undefined>({
    name: 'tls-cert',
    argument: '<file>',
    help: 'certificate (PEM): also speak TLS, on the same port; needs --tls-key',
    parse: asIs,
    fallback: undefined,
    fallbackText: 'none',
  }),
  tlsKey: row<string | undefined>({
    name: 'tls-key',
    argument: '<file>',
    help: 'its key (PEM)',
    parse: asIs,
    fallback: undefined,
    fallbackText: 'none',
  }),
  tlsCa: row<string | undefined>({
    name: 'tls-ca',
    argument: '<file>',
    help: 'authority that signs the certificates of clients (PEM): each must then show one, over TLS',
    parse: asIs,
    fallback: undefined,
    fallbackText: 'none',
  }),
  tlsOnly: row({ name: 'tls-only', help: 'refuse clients that do not speak TLS', parse: yesOrNo, fallback: false }),
  httpHosts: row<readonly string[]>({
    name: 'http-hosts',
    argument: '<names>',
    help: 'names HTTP clients may call the server by, besides localhost: a.example,b.example',
    parse: names,
    fallback: [],
    fallbackText: 'none',
  }),
  logLevel: row<LogLevel>({
    name: 'log-level',
    argument: '<level>',
    help: 'least severe event logged on stderr: silent, error, warn, info or debug',
    parse: oneOf<LogLevel>('silent', 'error', 'warn', 'info', 'debug'),
    fallback: 'info',
  }),
  logFormat: row<LogFormat>({
    name: 'log-format',
    argument: '<form>',
    help: 'json, text, or auto: text on a terminal, else json',
    parse: oneOf<LogFormat>('auto', 'json', 'text'),
    fallback: 'auto',
  }),
} as const;

type Rows = typeof SETTINGS;
export type SettingKey = keyof Rows;
/** What `kvctl serve` runs with. Sizes in bytes, durations in milliseconds. */
export type Settings = { readonly [K in SettingKey]: Rows[K] extends Setting<infer T> ? T : never };

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

/** `QUINTET_MAX_MEMORY` for `max-memory`. */
export function variableOf({ name }: { readonly name: string }): string {
  return `QUINTET_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** The default as the help tells it. */
export function defaultText({ fallback, fallbackText }: Setting<unknown>): string {
  return fallbackText ?? String(fallback);
}

/** Those that are not what they would be anyway. */
export function changedSettings(settings: Settings): Partial<Settings> {
  return Object.fromEntries(
    SETTING_KEYS.filter((key) => settings[key] !== SETTINGS[key].fallback).map((key) => [key, settings[key]]),
  );
}
