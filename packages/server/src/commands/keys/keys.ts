/**
 * Commands on keys as such: delete, look whether they are there. Expiry is in expiry.ts, iteration in scan.ts.
 */
import {
  ANY_VERSION,
  type DeleteOperation,
  type Result,
  type StatOperation,
  Status,
  transactionOf,
} from '@quintet/engine/internal';
import { ALL_KEYS, ONE_KEY } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler } from '../../command/handler.ts';
import { integer, simple } from '../../resp/encoder.ts';
import { gatherKeys } from '../../session/gather.ts';
import { oneIfDone } from '../strings/strings.ts';

function countDone(results: readonly Result[]): string {
  return integer(results.reduce((count, result) => (result.status === Status.ok ? count + 1 : count), 0));
}

function deletion(key: string): DeleteOperation {
  return { verb: 'delete', key, ifVersion: ANY_VERSION, previous: false };
}

/** Several keys go all at once, also over shards. */
function deleteKeys(session: CommandSession, args: readonly string[]): void {
  if (args.length === 2) return session.submit(deletion(args[1]!), oneIfDone);
  const steps = args.slice(1).map(deletion);
  session.submit(transactionOf(steps), ({ items }) => countDone(items!));
}

/** EXISTS and TOUCH: how many are there; a key named twice counts twice. */
function countPresent(operation: (key: string) => StatOperation): Handler {
  return (session, args) => {
    if (args.length === 2) session.submit(operation(args[1]!), oneIfDone);
    else gatherKeys(session, args.slice(1), operation, countDone);
  };
}

function type(session: CommandSession, args: readonly string[]): void {
  session.submit({ verb: 'stat', key: args[1]! }, (result) => simple(result.status === Status.ok ? 'string' : 'none'));
}

export const keyCommands: readonly CommandSpec[] = [
  {
    name: 'del',
    arity: -2,
    flags: ['write'],
    keys: ALL_KEYS,
    since: '1.0.0',
    group: 'generic',
    summary: 'Delete a key',
    handler: deleteKeys,
  },
  {
    name: 'unlink',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ALL_KEYS,
    since: '4.0.0',
    group: 'generic',
    summary: 'Delete a key (the same as DEL: nothing here blocks)',
    handler: deleteKeys,
  },
  {
    name: 'exists',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    since: '1.0.0',
    group: 'generic',
    summary: 'Determine if a key exists',
    handler: countPresent((key) => ({ verb: 'stat', key })),
  },
  {
    name: 'touch',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    since: '3.2.1',
    group: 'generic',
    summary: 'Alter the last access time of keys; count how many of them exist',
    handler: countPresent((key) => ({ verb: 'stat', key, uses: true })),
  },
  {
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'generic',
    summary: 'Determine the type stored at key',
    handler: type,
  },
];
