/**
 * Commands about the server as a whole: INFO, CONFIG, TIME, and what touches all keys at once.
 */

import { isWord, syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler } from '../../command/handler.ts';
import { array, bulk, integer, OK, utf8 } from '../../resp/encoder.ts';
import { gatherShards } from '../../session/gather.ts';
import { configCommand } from './config.ts';
import { infoText } from './info.ts';

function info(session: CommandSession, args: readonly string[]): void {
  session.reply(session.encoder.verbatim('txt', utf8(infoText(session.context, args.slice(1)))));
}

function time(session: CommandSession): void {
  // The cluster's own clock, which knows fractions of a millisecond.
  const now = session.context.cluster.executor.now();
  const seconds = Math.floor(now / 1000);
  session.reply(array([bulk(String(seconds)), bulk(String(Math.floor((now - seconds * 1000) * 1000)))]));
}

function databaseSize(session: CommandSession): void {
  gatherShards(session, { verb: 'count', key: '' }, (results) =>
    integer(results.reduce((total, result) => total + Number(result.value), 0)),
  );
}

/** Shard by shard, not at one instant. ASYNC and SYNC are the same here: nothing blocks. */
function flush(session: CommandSession, args: readonly string[]): void {
  checkFlushMode(args, 1);
  session.context.memoryWatch.used();
  gatherShards(session, { verb: 'clear', key: '' }, () => OK);
}

function checkFlushMode(args: readonly string[], at: number): void {
  const mode = args[at];
  if (mode === undefined) return;
  if (args.length > at + 1 || !(isWord(mode, 'ASYNC') || isWord(mode, 'SYNC'))) throw syntaxError();
}

/** There are no functions, so there is nothing to flush: test suites and clients ask for it at their start. */
const flushFunctions: Handler = (session, args) => {
  checkFlushMode(args, 2);
  session.reply(OK);
};

export const serverCommands: readonly CommandSpec[] = [
  configCommand,
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    group: 'server',
    summary: 'Return the number of keys in the database',
    handler: databaseSize,
  },
  {
    name: 'flushall',
    arity: -1,
    flags: ['write'],
    since: '1.0.0',
    group: 'server',
    summary: 'Remove all keys',
    adminOnly: true,
    handler: flush,
  },
  {
    name: 'flushdb',
    arity: -1,
    flags: ['write'],
    since: '1.0.0',
    group: 'server',
    summary: 'Remove all keys (there is one database)',
    adminOnly: true,
    handler: flush,
  },
  {
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale'],
    since: '1.0.0',
    group: 'server',
    summary: 'Get information and statistics about the server',
    handler: info,
  },
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    since: '2.6.0',
    group: 'server',
    summary: 'Return the current server time',
    handler: time,
  },
  {
    name: 'function',
    arity: -2,
    flags: ['noscript'],
    since: '7.0.0',
    group: 'scripting',
    summary: 'A container for function commands',
    subcommands: [
      {
        name: 'flush',
        arity: -2,
        flags: ['write', 'noscript'],
        since: '7.0.0',
        group: 'scripting',
        summary: 'Does nothing: there are no functions',
        handler: flushFunctions,
      },
    ],
  },
];
