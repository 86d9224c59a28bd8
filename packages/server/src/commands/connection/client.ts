/**
 * CLIENT: what a connection says about itself, and what the server knows of all connections.
 */

import { int64, isWord, syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, PlainSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { bulk, integer, OK } from '../../resp/encoder.ts';
import type { Client } from '../../session/client.ts';
import type { ServerContext } from '../../state/server-context.ts';
import { kill, pause, setReplies, typeTest, unblock, unpause } from './client-control.ts';
import { checkName } from './connection.ts';

/** One line of CLIENT LIST, with the fields of Redis 7.0 and lib-name, lib-ver of 7.2. */
export function describeClient(session: Client, context: ServerContext): string {
  const now = context.now();
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', session.id],
    ['addr', session.transport.remoteAddress],
    ['laddr', session.transport.localAddress],
    ['fd', session.id],
    ['name', session.name],
    ['age', Math.floor((now - session.startedAt) / 1000)],
    ['idle', Math.floor((now - session.lastActiveAt) / 1000)],
    ['flags', flagsOf(session, context)],
    ['db', 0],
    ['sub', session.modes?.channels.size ?? 0],
    ['psub', session.modes?.patterns.size ?? 0],
    ['ssub', 0],
    ['multi', session.modes?.multi?.queue.length ?? -1],
    ['qbuf', session.queryBytes],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', session.modes?.multi?.bytes ?? 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', session.pendingReplies],
    ['omem', session.outputBytes],
    ['tot-mem', session.queryBytes + session.outputBytes],
    ['events', 'r'],
    ['cmd', session.lastCommand?.fullName ?? 'NULL'],
    ['user', 'default'],
    ['redir', -1],
    ['resp', session.encoder.version],
    ['lib-name', session.libraryName],
    ['lib-ver', session.libraryVersion],
  ];
  return `${fields.map(([name, value]) => `${name}=${value}`).join(' ')}\n`;
}

function flagsOf(session: Client, context: ServerContext): string {
  const { modes, noEvict, blocking } = session;
  const waits = blocking !== null || context.pause.isWaiting(session);
  const flags = [(modes?.subscriptions ?? 0) > 0 && 'P', modes?.multi != null && 'x', waits && 'b', noEvict && 'e'];
  return flags.filter((flag) => flag !== false).join('') || 'N';
}

function list(session: CommandSession, args: readonly string[]): void {
  const chosen = chooseClients(session, args);
  session.reply(
    session.encoder.verbatim('txt', chosen.map((client) => describeClient(client, session.context)).join('')),
  );
}

function chooseClients(session: CommandSession, args: readonly string[]): Client[] {
  const { sessions } = session.context;
  if (args.length === 2) return [...sessions.values()];
  if (args.length === 4 && isWord(args[2]!, 'TYPE')) {
    return [...sessions.values()].filter(typeTest(args[3]!));
  }
  if (args.length > 3 && isWord(args[2]!, 'ID')) {
    const ids = args.slice(3).map((id) => Number(int64(id, 'ERR Invalid client ID')));
    return [...new Set(ids)].flatMap((id) => sessions.get(id) ?? []);
  }
  throw syntaxError();
}

function setInfo(session: CommandSession, args: readonly string[]): void {
  if (isWord(args[2]!, 'LIB-NAME')) session.libraryName = checkName(session, args[3]!, 'lib-name');
  else if (isWord(args[2]!, 'LIB-VER')) session.libraryVersion = checkName(session, args[3]!, 'lib-ver');
  else throw new CommandError(`ERR Unrecognized option '${args[2]}'`);
  session.reply(OK);
}

function onOff(argument: string): boolean {
  if (isWord(argument, 'ON')) return true;
  if (isWord(argument, 'OFF')) return false;
  throw syntaxError();
}

const FLAGS: PlainSpec['flags'] = ['noscript', 'loading', 'stale'];

const subcommands: readonly PlainSpec[] = [
  {
    name: 'id',
    arity: 2,
    flags: FLAGS,
    since: '5.0.0',
    group: 'connection',
    summary: 'Returns the client ID for the current connection',
    handler: (session) => session.reply(integer(session.id)),
  },
  {
    name: 'getname',
    arity: 2,
    flags: FLAGS,
    since: '2.6.9',
    group: 'connection',
    summary: 'Get the current connection name',
    handler: (session) => session.reply(session.name === '' ? session.encoder.nil : bulk(session.name)),
  },
  {
    name: 'setname',
    arity: 3,
    flags: FLAGS,
    since: '2.6.9',
    group: 'connection',
    summary: 'Set the current connection name',
    handler: (session, args) => {
      session.name = checkName(session, args[2]!, 'Client names');
      session.reply(OK);
    },
  },
  {
    name: 'setinfo',
    arity: 4,
    flags: FLAGS,
    since: '7.2.0',
    group: 'connection',
    summary: 'Set client or connection specific info',
    handler: setInfo,
  },
  {
    name: 'info',
    arity: 2,
    flags: FLAGS,
    since: '6.2.0',
    group: 'connection',
    summary: 'Returns information about the current client connection',
    handler: (session) => session.reply(session.encoder.verbatim('txt', describeClient(session, session.context))),
  },
  {
    name: 'list',
    arity: -2,
    flags: ['admin', ...FLAGS],
    since: '2.4.0',
    group: 'connection',
    summary: 'Get the list of client connections',
    handler: list,
  },
  {
    name: 'kill',
    arity: -3,
    flags: ['admin', ...FLAGS],
    since: '2.4.0',
    group: 'connection',
    summary: 'Kill the connection of a client',
    handler: kill,
  },
  {
    name: 'reply',
    arity: 3,
    flags: FLAGS,
    since: '3.2.0',
    group: 'connection',
    summary: 'Instruct the server whether to reply to commands',
    handler: setReplies,
  },
  {
    name: 'pause',
    arity: -3,
    flags: ['admin', ...FLAGS],
    since: '3.0.0',
    group: 'connection',
    summary: 'Stop processing commands from clients for some time',
    handler: pause,
  },
  {
    name: 'unpause',
    arity: 2,
    flags: ['admin', ...FLAGS],
    since: '6.2.0',
    group: 'connection',
    summary: 'Resume processing of clients that were paused',
    handler: unpause,
  },
  {
    name: 'unblock',
    arity: -3,
    flags: ['admin', ...FLAGS],
    since: '5.0.0',
    group: 'connection',
    summary: 'Unblock a client blocked in a blocking command from a different connection',
    handler: unblock,
  },
  {
    name: 'getredir',
    arity: 2,
    flags: FLAGS,
    since: '6.0.0',
    group: 'connection',
    summary: 'Get tracking notifications redirection client ID (there is no tracking)',
    handler: (session) => session.reply(integer(-1)),
  },
  {
    name: 'no-evict',
    arity: 3,
    flags: ['admin', ...FLAGS],
    since: '7.0.0',
    group: 'connection',
    summary: 'Accepted and shown in CLIENT LIST; clients are never evicted here',
    handler: (session, args) => {
      session.noEvict = onOff(args[2]!);
      session.reply(OK);
    },
  },
  {
    name: 'no-touch',
    arity: 3,
    flags: FLAGS,
    since: '7.2.0',
    group: 'connection',
    summary: 'Whether reads of this connection leave access times as they are',
    handler: (session, args) => {
      session.noTouch = onOff(args[2]!);
      session.reply(OK);
    },
  },
];

export const clientCommands: readonly CommandSpec[] = [
  {
    name: 'client',
    arity: -2,
    flags: FLAGS,
    since: '2.4.0',
    group: 'connection',
    summary: 'A container for client connection commands',
    subcommands,
  },
];
