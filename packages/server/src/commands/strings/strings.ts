/**
 * Commands on strings: read, write, append. What an option means to the engine is decided here; what it does, there.
 */
import type { Bytes, PutOperation } from '@quintet/engine/internal';
import { ANY_VERSION, MUST_BE_ABSENT, NO_TTL, Status, transactionOf, ValueKind } from '@quintet/engine/internal';
import { ALL_KEYS, KEYS_AND_VALUES, ONE_KEY } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { ofBytes, valueOrBlock, valueOrNil } from '../../engine/value-faces.ts';
import { array, integer, OK } from '../../resp/encoder.ts';
import { gatherKeys } from '../../session/gather.ts';
import type { Answer } from '../../session/reply-queue.ts';
import { getEx } from './getex.ts';
import { plainSet, readSetOptions, type SetOptions, setExpiry } from './set-options.ts';

const okOrNil: Answer = (result, encoder) => (result.status === Status.ok ? OK : encoder.nil);
const okAlways: Answer = () => OK;
/** 1 if it was done. */
export const oneIfDone: Answer = (result) => (result.status === Status.ok ? ':1\r\n' : ':0\r\n');
/** A number the engine answers as text; an absent key has none, which is 0. */
export const numberText: Answer = (result) => integer(result.value ?? '0');
const lengthText = ofBytes(numberText);

function put(session: CommandSession, key: string, value: Bytes, options: SetOptions, answer: Answer): void {
  session.submit({ verb: 'put', key, value, kind: ValueKind.text, ...options }, answer);
}

function get(session: CommandSession, args: readonly string[]): void {
  session.submit({ verb: 'get', key: args[1]!, blocks: true }, valueOrBlock);
}

function set(session: CommandSession, args: readonly string[]): void {
  const key = args[1]!;
  const value = session.valueAt(args, 2);
  if (args.length === 3) {
    const kind = ValueKind.text;
    const ifVersion = ANY_VERSION;
    session.submit({ verb: 'put', key, value, kind, ifVersion, ttl: NO_TTL, deadline: 0, previous: false }, okAlways);
    return;
  }
  const options = readSetOptions(session, args);
  put(session, key, value, options, options.previous ? valueOrNil : okOrNil);
}

/** SETEX and PSETEX: the time stands before the value. */
function setWithExpiry(word: 'EX' | 'PX', command: string): (session: CommandSession, args: readonly string[]) => void {
  return (session, args) => {
    const options = plainSet();
    setExpiry(session, options, word, args[2]!, command);
    put(session, args[1]!, session.valueAt(args, 3), options, okAlways);
  };
}

function mget(session: CommandSession, args: readonly string[]): void {
  const { encoder } = session;
  gatherKeys(
    session,
    args.slice(1),
    (key) => ({ verb: 'get', key }),
    (results) => array(results.map((result) => valueOrNil(result, encoder))),
  );
}

/** All at once, also over shards. */
function mset(session: CommandSession, args: readonly string[]): void {
  if (args.length % 2 === 0) throw new CommandError("ERR wrong number of arguments for 'mset' command");
  const puts: PutOperation[] = [];
  for (let at = 1; at < args.length; at += 2) {
    puts.push({ verb: 'put', key: args[at]!, value: args[at + 1]!, kind: ValueKind.text, ...plainSet() });
  }
  session.submit(puts.length === 1 ? puts[0]! : transactionOf(puts), okAlways);
}

export const stringCommands: readonly CommandSpec[] = [
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Get the value of a key',
    handler: get,
  },
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Set the string value of a key',
    takesBlocks: true,
    handler: set,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Set the value of a key, only if the key does not exist',
    takesBlocks: true,
    handler: (session, args) =>
      put(session, args[1]!, session.valueAt(args, 2), { ...plainSet(), ifVersion: MUST_BE_ABSENT }, oneIfDone),
  },
  {
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    since: '2.0.0',
    group: 'string',
    summary: 'Set the value and expiration of a key',
    takesBlocks: true,
    handler: setWithExpiry('EX', 'setex'),
  },
  {
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    since: '2.6.0',
    group: 'string',
    summary: 'Set the value and expiration in milliseconds of a key',
    takesBlocks: true,
    handler: setWithExpiry('PX', 'psetex'),
  },
  {
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Set the string value of a key and return its old value',
    takesBlocks: true,
    handler: (session, args) =>
      put(session, args[1]!, session.valueAt(args, 2), { ...plainSet(), previous: true }, valueOrNil),
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    since: '6.2.0',
    group: 'string',
    summary: 'Get the value of a key and delete the key',
    handler: (session, args) =>
      session.submit({ verb: 'delete', key: args[1]!, ifVersion: ANY_VERSION, previous: true }, valueOrNil),
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    since: '6.2.0',
    group: 'string',
    summary: 'Get the value of a key and optionally set its expiration',
    handler: getEx,
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    since: '1.0.0',
    group: 'string',
    summary: 'Get the values of all the given keys',
    handler: mget,
  },
  {
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: KEYS_AND_VALUES,
    since: '1.0.1',
    group: 'string',
    summary: 'Set multiple keys to multiple values',
    handler: mset,
  },
  {
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    since: '2.0.0',
    group: 'string',
    summary: 'Append a value to a key',
    handler: (session, args) =>
      session.submit({ verb: 'append', key: args[1]!, value: args[2]!, kind: ValueKind.text }, numberText),
  },
  {
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    since: '2.2.0',
    group: 'string',
    summary: 'Get the length of the value stored in a key',
    handler: (session, args) => {
      const key = args[1]!;
      session.submit(session.noTouch ? { verb: 'stat', key } : { verb: 'stat', key, uses: true }, lengthText);
    },
  },
];
