/**
 * Commands on keys as such: delete, look whether they are there. Expiry is in expiry.ts, iteration in scan.ts.
 */
import { ANY_VERSION, type Result, Status } from '@quintet/engine/core';
import { gather } from '../gather.ts';
import { integer, simple } from '../resp/encoder.ts';
import type { Session } from '../session.ts';
import { ALL_KEYS, type CommandSpec, ONE_KEY } from './command.ts';
import { oneIfDone } from './strings.ts';

function countDone(results: readonly Result[]): string {
  return integer(results.reduce((count, result) => (result.status === Status.ok ? count + 1 : count), 0));
}

function deleteKeys(session: Session, args: readonly string[]): void {
  if (args.length === 2) {
    session.submit({ verb: 'delete', key: args[1]!, ifVersion: ANY_VERSION, previous: false }, oneIfDone);
    return;
  }
  const { caller } = session;
  gather(
    session,
    args.length - 1,
    (index, sink) => {
      caller.submit({ verb: 'delete', key: args[index + 1]!, ifVersion: ANY_VERSION, previous: false }, sink);
    },
    countDone,
  );
}

/** EXISTS and TOUCH: how many are there; a key named twice counts twice. */
function countPresent(session: Session, args: readonly string[]): void {
  if (args.length === 2) {
    session.submit({ verb: 'stat', key: args[1]! }, oneIfDone);
    return;
  }
  const { caller } = session;
  gather(
    session,
    args.length - 1,
    (index, sink) => caller.submit({ verb: 'stat', key: args[index + 1]! }, sink),
    countDone,
  );
}

function type(session: Session, args: readonly string[]): void {
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
    handler: countPresent,
  },
  {
    name: 'touch',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: ALL_KEYS,
    since: '3.2.1',
    group: 'generic',
    summary: 'Count how many of the keys exist',
    handler: countPresent,
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
