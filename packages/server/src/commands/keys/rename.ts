/**
 * Commands that move an entry to another key, or depend on several: RENAME, RENAMENX, COPY, MSETNX. Each is a plan
 * (exec/plan.ts): atomic over shards, and the entry keeps its kind and deadline.
 */
import {
  ANY_VERSION,
  type Decision,
  type Move,
  type MoveOutcome,
  NO_TTL,
  planMove,
  type Result,
  Status,
  type Step,
  ValueKind,
} from '@quintet/engine/internal';
import { int64, isWord, syntaxError } from '../../command/arguments.ts';
import { KEYS_AND_VALUES, type KeyPositions } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { carryOut } from '../../exec/plan.ts';
import { error, OK } from '../../resp/encoder.ts';

const TWO_KEYS: KeyPositions = { first: 1, last: 2, step: 1 };
const ZERO = ':0\r\n';
const ONE = ':1\r\n';
const NO_SUCH_KEY = error('ERR no such key');

/** The move as a command: its reply for each outcome. */
function carryOutMove(session: CommandSession, move: Move, replies: { readonly [O in MoveOutcome]: string }): void {
  const { decide, ...read } = planMove(move);
  const withReply = (entries: readonly Result[]): Decision<string> => {
    const { steps, outcome } = decide(entries);
    return { steps, outcome: replies[outcome] };
  };
  carryOut(session, { ...read, decide: withReply });
}

function rename(ifAbsent: boolean): (session: CommandSession, args: readonly string[]) => void {
  const replies = { absent: NO_SUCH_KEY, occupied: ZERO, done: ifAbsent ? ONE : OK };
  return (session, args) =>
    carryOutMove(session, { from: args[1]!, to: args[2]!, removing: true, replacing: !ifAbsent }, replies);
}

function readCopyOptions(args: readonly string[]): { replace: boolean } {
  let replace = false;
  for (let at = 3; at < args.length; at++) {
    if (isWord(args[at]!, 'REPLACE')) replace = true;
    else if (isWord(args[at]!, 'DB') && at + 1 < args.length) {
      if (int64(args[++at]!) !== 0) throw new CommandError('ERR DB index is out of range');
    } else throw syntaxError();
  }
  return { replace };
}

function copy(session: CommandSession, args: readonly string[]): void {
  const { replace } = readCopyOptions(args);
  const from = args[1]!;
  const to = args[2]!;
  if (from === to) throw new CommandError('ERR source and destination objects are the same');
  carryOutMove(session, { from, to, removing: false, replacing: replace }, { absent: ZERO, occupied: ZERO, done: ONE });
}

function setManyIfAbsent(session: CommandSession, args: readonly string[]): void {
  if (args.length % 2 === 0) throw new CommandError("ERR wrong number of arguments for 'msetnx' command");
  const steps: Step[] = [];
  for (let at = 1; at < args.length; at += 2) {
    const entry = { value: args[at + 1]!, kind: ValueKind.text, deadline: 0 };
    steps.push({ verb: 'put', key: args[at]!, ...entry, ifVersion: ANY_VERSION, ttl: NO_TTL, previous: false });
  }
  carryOut(session, {
    keys: [...new Set(steps.map(({ key }) => key))],
    needsValues: false,
    decide: (entries) =>
      entries.some(({ status }) => status === Status.ok) ? { steps: [], outcome: ZERO } : { steps, outcome: ONE },
  });
}

export const renameCommands: readonly CommandSpec[] = [
  {
    name: 'rename',
    arity: 3,
    flags: ['write'],
    keys: TWO_KEYS,
    since: '1.0.0',
    group: 'generic',
    summary: 'Rename a key',
    handler: rename(false),
  },
  {
    name: 'renamenx',
    arity: 3,
    flags: ['write', 'fast'],
    keys: TWO_KEYS,
    since: '1.0.0',
    group: 'generic',
    summary: 'Rename a key, only if the new key does not exist',
    handler: rename(true),
  },
  {
    name: 'copy',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: TWO_KEYS,
    since: '6.2.0',
    group: 'generic',
    summary: 'Copy a key',
    handler: copy,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: KEYS_AND_VALUES,
    since: '1.0.1',
    group: 'string',
    summary: 'Set multiple keys to multiple values, only if none of the keys exist',
    handler: setManyIfAbsent,
  },
];
