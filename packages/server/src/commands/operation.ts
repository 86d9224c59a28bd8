/**
 * Commands for whoever runs the server: SLOWLOG, DEBUG, ROLE, WAIT, SHUTDOWN, LASTSAVE.
 */

import { int64, safeInteger, syntaxError } from '../command/arguments.ts';
import type { CommandFlag } from '../command/command.ts';
import type { CommandSession } from '../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../command/handler.ts';
import { CommandError } from '../engine/errors.ts';
import { array, bulk, EMPTY_ARRAY, error, integer, OK } from '../resp/encoder.ts';
import { readFloat } from '../resp/numbers.ts';

function slowLogGet(session: CommandSession, args: readonly string[]): void {
  if (args.length > 3) throw new CommandError("ERR wrong number of arguments for 'slowlog|get' command");
  const complaint = 'ERR count should be greater than or equal to -1';
  const count = args.length === 3 ? safeInteger(args[2]!, complaint) : 10;
  if (count < -1) throw new CommandError(complaint);
  const entries = session.context.slowLog.latest(count);
  session.reply(
    array(
      entries.map(({ id, at, microseconds, args: shown, address, name }) =>
        array([
          ...[integer(id), integer(at), integer(microseconds)],
          ...[array(shown.map(bulk)), bulk(address), bulk(name)],
        ]),
      ),
    ),
  );
}

function slowLogReset(session: CommandSession): void {
  session.context.slowLog.reset();
  session.reply(OK);
}

/** Waits without keeping others waiting: only this connection sleeps. */
function debugSleep(session: CommandSession, args: readonly string[]): void {
  const seconds = readFloat(args[2]!);
  if (seconds === null || seconds < 0 || seconds > 2_000_000) throw new CommandError('ERR value is not a valid float');
  const reply = session.open();
  session.hold();
  setTimeout(() => {
    reply.resolve(OK);
    session.release();
  }, seconds * 1000).unref();
}

function role(session: CommandSession): void {
  const offset = session.context.cluster.status().shards.reduce((total, shard) => total + shard.committedSeq, 0);
  session.reply(array([bulk('master'), integer(offset), EMPTY_ARRAY]));
}

/**
 * An acknowledged write is on every in-sync copy, so what is left to tell is how many copies that are: the fewest of any
 * shard. While there are fewer than asked for, it waits for repair to bring them back.
 */
function wait(session: CommandSession, args: readonly string[]): void {
  const wanted = int64(args[1]!);
  const timeout = safeInteger(args[2]!, 'ERR timeout is not an integer or out of range');
  if (timeout < 0) throw new CommandError('ERR timeout is negative');
  const { replicaWaits } = session.context;
  const earlierIsDone = session.pendingReplies === 0;
  const now = replicaWaits.fewest();
  if (earlierIsDone && (now >= wanted || session.modes?.heldPushes != null)) return session.reply(integer(now));
  replicaWaits.add(session, wanted, timeout === 0 ? Number.POSITIVE_INFINITY : session.context.now() + timeout);
}

const SHUTDOWN_WORDS: ReadonlySet<string> = new Set(['NOSAVE', 'SAVE', 'NOW', 'FORCE', 'ABORT']);

/** Asks whoever started the server to end it: the server itself owns neither the process nor the cluster. */
function shutdown(session: CommandSession, args: readonly string[]): void {
  const words = new Set(args.slice(1).map((word) => word.toUpperCase()));
  for (const word of words) if (!SHUTDOWN_WORDS.has(word)) throw syntaxError();
  const contradicts = words.has('ABORT') ? words.size > 1 : words.has('SAVE') && words.has('NOSAVE');
  if (contradicts) throw syntaxError();
  if (words.has('ABORT')) throw new CommandError('ERR No shutdown in progress.');
  if (!session.context.requestShutdown()) {
    throw new CommandError(
      'ERR Errors trying to SHUTDOWN. This server is not its process; stop the program it runs in.',
    );
  }
  session.closeAfterReplies();
}

const ADMIN: readonly CommandFlag[] = ['admin', 'loading', 'stale'];

function subcommand(name: string, arity: number, summary: string, handler: Handler): PlainSpec {
  return { name, arity, flags: ADMIN, since: '2.2.12', group: 'server', summary, handler };
}

export const operationCommands: readonly CommandSpec[] = [
  {
    name: 'slowlog',
    arity: -2,
    flags: [],
    since: '2.2.12',
    group: 'server',
    summary: 'A container for slow log commands',
    subcommands: [
      subcommand('get', -2, "Get the slow log's entries", slowLogGet),
      subcommand('len', 2, "Get the slow log's length", (session) =>
        session.reply(integer(session.context.slowLog.length)),
      ),
      subcommand('reset', 2, 'Clear all entries from the slow log', slowLogReset),
    ],
  },
  {
    name: 'debug',
    arity: -2,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    since: '1.0.0',
    group: 'server',
    summary: 'A container for debugging commands',
    subcommands: [
      { ...subcommand('sleep', 3, 'Make this connection wait', debugSleep), since: '1.0.0' },
      { ...subcommand('log', 3, 'Accepted and forgotten: there is no log file', (session) => session.reply(OK)) },
    ],
  },
  {
    name: 'role',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    since: '2.8.12',
    group: 'server',
    summary: 'Return the role of the instance in the context of replication',
    handler: role,
  },
  {
    name: 'wait',
    arity: 3,
    flags: ['noscript'],
    since: '3.0.0',
    group: 'generic',
    summary: 'Wait until every shard has so many in-sync replicas; acknowledged writes are on all of them',
    handler: wait,
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi'],
    since: '1.0.0',
    group: 'server',
    summary: 'Ask the process to close the server and the cluster',
    handler: shutdown,
  },
  ...['save', 'bgsave', 'bgrewriteaof'].map(
    (name): CommandSpec => ({
      name,
      arity: name === 'bgsave' ? -1 : 1,
      flags: ['admin', 'noscript', 'no_multi'],
      since: '1.0.0',
      group: 'server',
      summary: 'Refused: there is no disk behind this server',
      handler: (session) => session.reply(error('ERR there is nothing to save to: data lives in memory only')),
    }),
  ),
  {
    name: 'lastsave',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    group: 'server',
    summary: 'When data was last saved: never, so when the server began',
    handler: (session) => session.reply(integer(Math.floor(session.context.startedAt / 1000))),
  },
];
