/**
 * QUINTET: what the Redis protocol has no words for: entries with kind and version, changes (watch/), the cluster's state,
 * faults on purpose. kvctl speaks these. Numbers are answered as bulk strings of decimal text.
 */
import type { Chaos } from '@quintet/engine';
import {
  ANY_VERSION,
  KEEP_TTL,
  MUST_BE_ABSENT,
  MUST_EXIST,
  NO_TTL,
  PAGE_STRIDE,
  Status,
  ValueKind,
} from '@quintet/engine/internal';
import { invalidExpireTime, isWord, safeInteger, syntaxError } from '../command/arguments.ts';
import type { KeyPositions } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../command/handler.ts';
import { CommandError } from '../engine/errors.ts';
import { storableKind } from '../engine/value-faces.ts';
import { array, bulk, OK, utf8 } from '../resp/encoder.ts';
import type { Answer } from '../session/reply-queue.ts';
import { readCursor, walkShards } from '../session/shard-walk.ts';
import { watchCommand } from '../watch/session-watch.ts';
import { KIND_NAMES, kindName } from './keys/kinds.ts';
import { PAGE_MAX, SCAN_REPLY_BYTES } from './keys/scan.ts';

const ONE = bulk('1');
const ZERO = bulk('0');

function readKind(argument: string): ValueKind {
  const kind = KIND_NAMES.indexOf(argument.toLowerCase());
  if (kind < 0) throw new CommandError(`ERR KIND must be one of ${KIND_NAMES.join(', ')}`);
  return kind as ValueKind;
}

function readVersion(argument: string): number {
  const complaint = 'ERR a version must be a non-negative integer';
  const version = safeInteger(argument, complaint);
  if (version < 0) throw new CommandError(complaint);
  return version;
}

const entryAnswer: Answer = (result, encoder) => {
  if (result.value === null) return encoder.nil;
  const { kind, value, version, expiresAt } = result;
  return array([kindName(kind), bulk(value), bulk(String(version)), bulk(String(expiresAt))]);
};

interface PutOptions {
  kind: ValueKind;
  ifVersion: number;
  ttl: number;
  deadline: number;
  previous: boolean;
}

/** Options that take a value: what they change. */
const WITH_VALUE: ReadonlyMap<string, (argument: string) => Partial<PutOptions>> = new Map([
  ['KIND', (argument: string): Partial<PutOptions> => ({ kind: readKind(argument) })],
  ['TTL', (argument: string) => ({ ttl: readTime(argument) })],
  ['PXAT', (argument: string) => ({ deadline: readTime(argument) })],
  ['IFVERSION', (argument: string) => ({ ifVersion: readVersion(argument) })],
]);

/** Options that stand alone: what they change. */
const ALONE: ReadonlyMap<string, Partial<PutOptions>> = new Map<string, Partial<PutOptions>>([
  ['KEEPTTL', { ttl: KEEP_TTL }],
  ['NX', { ifVersion: MUST_BE_ABSENT }],
  ['XX', { ifVersion: MUST_EXIST }],
  ['GET', { previous: true }],
]);

/** Of these only one may be given: each says when to put, or until when. */
const EXCLUSIVE: readonly (readonly string[])[] = [
  ['NX', 'XX', 'IFVERSION'],
  ['TTL', 'PXAT', 'KEEPTTL'],
];

function readTime(argument: string): number {
  const milliseconds = safeInteger(argument);
  if (milliseconds <= 0) throw invalidExpireTime('quintet|put');
  return milliseconds;
}

function readPutOptions(args: readonly string[]): PutOptions {
  const options: PutOptions = {
    kind: ValueKind.text,
    ifVersion: ANY_VERSION,
    ttl: NO_TTL,
    deadline: 0,
    previous: false,
  };
  const given = new Set<string>();
  for (let at = 4; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    const read = WITH_VALUE.get(word);
    if (read !== undefined && at + 1 < args.length) Object.assign(options, read(args[++at]!));
    else if (ALONE.has(word)) Object.assign(options, ALONE.get(word));
    else throw syntaxError();
    given.add(word);
  }
  if (EXCLUSIVE.some((words) => words.filter((word) => given.has(word)).length > 1)) throw syntaxError();
  return options;
}

function put(session: CommandSession, args: readonly string[]): void {
  const options = readPutOptions(args);
  options.kind = storableKind(options.kind, args[3]!);
  session.submit({ verb: 'put', key: args[2]!, value: args[3]!, ...options }, (result, encoder) => {
    const hadOne = result.value !== null;
    return array([
      result.status === Status.ok ? ONE : ZERO,
      bulk(String(result.version)),
      hadOne ? kindName(result.kind) : encoder.nil,
      hadOne ? bulk(result.value!) : encoder.nil,
    ]);
  });
}

function remove(session: CommandSession, args: readonly string[]): void {
  if (args.length !== 3 && !(args.length === 5 && isWord(args[3]!, 'IFVERSION'))) throw syntaxError();
  const ifVersion = args.length === 5 ? readVersion(args[4]!) : ANY_VERSION;
  session.submit({ verb: 'delete', key: args[2]!, ifVersion, previous: false }, (result) =>
    array([result.status === Status.ok ? ONE : ZERO, bulk(String(result.version))]),
  );
}

interface ScanOptions {
  prefix: string;
  count: number;
  keysOnly: boolean;
}

function readScanOptions(args: readonly string[]): ScanOptions {
  const options: ScanOptions = { prefix: '', count: 100, keysOnly: false };
  for (let at = 3; at < args.length; at++) {
    if (isWord(args[at]!, 'KEYSONLY')) options.keysOnly = true;
    else if (isWord(args[at]!, 'PREFIX') && at + 1 < args.length) options.prefix = args[++at]!;
    else if (isWord(args[at]!, 'COUNT') && at + 1 < args.length) options.count = safeInteger(args[++at]!);
    else throw syntaxError();
  }
  if (options.count < 1) throw syntaxError();
  return options;
}

function scan(session: CommandSession, args: readonly string[]): void {
  const from = readCursor(args[2]!);
  const { prefix, count, keysOnly } = readScanOptions(args);
  const items: string[] = [];
  let seen = 0;
  let bytes = 0;
  walkShards(session, {
    from,
    prefix,
    keysOnly,
    pageSize: () => Math.min(count - seen, PAGE_MAX),
    visit: (entries) => {
      for (let at = 0; at < entries.length; at += PAGE_STRIDE) {
        const item = scanItem(entries, at, keysOnly);
        items.push(item);
        bytes += item.length;
        seen++;
      }
      return seen < count && bytes < SCAN_REPLY_BYTES;
    },
    finish: (cursor) => array([bulk(cursor), `*${seen * (keysOnly ? 1 : PAGE_STRIDE)}\r\n${items.join('')}`]),
  });
}

/** The fields of one entry, as a run of replies: the key, and unless only keys are asked for, the rest. */
function scanItem(entries: readonly (string | number)[], at: number, keysOnly: boolean): string {
  const key = bulk(entries[at] as string);
  if (keysOnly) return key;
  const [value, kind, version, expiresAt] = entries.slice(at + 1, at + PAGE_STRIDE);
  return key + kindName(kind as number) + bulk(String(value)) + bulk(String(version)) + bulk(String(expiresAt));
}

function status(session: CommandSession): void {
  session.reply(bulk(utf8(JSON.stringify(session.context.cluster.status()))));
}

const DEFAULT_FAULT_MS = 1000;

type Fault = (chaos: Chaos, node: string, milliseconds: number) => void;

const FAULTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ['kill', (chaos, node) => chaos.kill(node)],
  ['crash', (chaos, node) => chaos.crash(node)],
  ['exit', (chaos, node) => chaos.exit(node)],
  ['oom', (chaos, node) => chaos.exhaustMemory(node)],
  ['hang', (chaos, node, milliseconds) => chaos.hang(node, milliseconds)],
  ['slow', (chaos, node, milliseconds) => chaos.slow(node, milliseconds)],
]);

function chaos(session: CommandSession, args: readonly string[]): void {
  if (args.length > 5) throw syntaxError();
  const fault = FAULTS.get(args[2]!.toLowerCase());
  if (fault === undefined) throw new CommandError(`ERR CHAOS must be one of ${[...FAULTS.keys()].join(', ')}`);
  const milliseconds = args.length === 5 ? safeInteger(args[4]!) : DEFAULT_FAULT_MS;
  if (milliseconds < 0) throw new CommandError('ERR milliseconds must not be negative');
  fault(session.context.cluster.chaos, args[3]!, milliseconds);
  session.reply(OK);
}

function resetShard(session: CommandSession, args: readonly string[]): void {
  session.context.cluster.resetShard(safeInteger(args[2]!));
  session.reply(OK);
}

function reviveNode(session: CommandSession, args: readonly string[]): void {
  session.context.cluster.reviveNode(args[2]!);
  session.reply(OK);
}

const THE_KEY: KeyPositions = { first: 2, last: 2, step: 1 };

type Row = readonly [
  name: string,
  arity: number,
  flags: PlainSpec['flags'],
  summary: string,
  handler: Handler,
  keys?: KeyPositions,
];

const ROWS: readonly Row[] = [
  ['status', 2, ['loading', 'stale'], 'The state of nodes and shards as JSON', status],
  ['chaos', -4, ['admin'], 'Hurt a node on purpose: kill, crash, exit, oom, hang, slow', chaos],
  ['reset', 3, ['admin', 'write'], 'Start a lost shard again, empty', resetShard],
  ['revive', 3, ['admin'], 'Start a node again that was stopped for crashing too often', reviveNode],
  [
    'entry',
    3,
    ['readonly', 'fast'],
    'An entry with kind, value, version and deadline',
    (session, args) => session.submit({ verb: 'get', key: args[2]! }, entryAnswer),
    THE_KEY,
  ],
  ['put', -4, ['write', 'denyoom'], 'Store a value with a kind, on conditions', put, THE_KEY],
  ['del', -3, ['write'], 'Delete a key, if it has a certain version', remove, THE_KEY],
  ['scan', -3, ['readonly'], 'Iterate entries with kind, value, version and deadline', scan],
  ['watch', -4, ['readonly', 'blocking', 'noscript', 'no_multi'], 'Changes of a key or of a prefix', watchCommand],
];

export const quintetCommands: readonly CommandSpec[] = [
  {
    name: 'quintet',
    arity: -2,
    flags: [],
    since: '0.1.0',
    group: 'quintet',
    summary: "A container for Quintet's own commands",
    subcommands: ROWS.map(([name, arity, flags, summary, handler, keys]) => ({
      name,
      arity,
      flags,
      since: '0.1.0',
      group: 'quintet',
      summary,
      handler,
      ...(keys === undefined ? {} : { keys }),
    })),
  },
];
