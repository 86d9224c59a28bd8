/**
 * Commands of publish and subscribe. A confirmation is a push (RESP3) or an array (RESP2) for each name, and is heard also
 * by those who want no replies.
 */

import { globOf } from '../../command/arguments.ts';
import type { CommandFlag } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { array, bulk, integer } from '../../resp/encoder.ts';

function confirm(session: CommandSession, word: string, name: string | null): void {
  const { encoder } = session;
  const count = integer(session.modes?.subscriptions ?? 0);
  session.confirm(encoder.push([bulk(word), name === null ? encoder.nil : bulk(name), count]));
}

function checkCount(session: CommandSession, args: readonly string[]): void {
  const count = (session.modes?.subscriptions ?? 0) + args.length - 1;
  if (count > session.context.limits.namesPerClient) throw new CommandError('ERR too many subscriptions');
}

function subscribe(session: CommandSession, args: readonly string[]): void {
  checkCount(session, args);
  for (const channel of args.slice(1)) {
    session.context.pubsub.subscribe(session, channel);
    confirm(session, 'subscribe', channel);
  }
}

function subscribePatterns(session: CommandSession, args: readonly string[]): void {
  checkCount(session, args);
  const globs = args.slice(1).map((pattern) => globOf(session, pattern));
  for (const [at, pattern] of args.slice(1).entries()) {
    session.context.pubsub.subscribePattern(session, pattern, globs[at]!);
    confirm(session, 'psubscribe', pattern);
  }
}

function unsubscribe(session: CommandSession, args: readonly string[]): void {
  const names = args.length > 1 ? args.slice(1) : [...(session.modes?.channels ?? [])];
  for (const channel of names) {
    session.context.pubsub.unsubscribe(session, channel);
    confirm(session, 'unsubscribe', channel);
  }
  if (names.length === 0) confirm(session, 'unsubscribe', null);
}

function unsubscribePatterns(session: CommandSession, args: readonly string[]): void {
  const names = args.length > 1 ? args.slice(1) : [...(session.modes?.patterns ?? [])];
  for (const pattern of names) {
    session.context.pubsub.unsubscribePattern(session, pattern);
    confirm(session, 'punsubscribe', pattern);
  }
  if (names.length === 0) confirm(session, 'punsubscribe', null);
}

function publish(session: CommandSession, args: readonly string[]): void {
  session.reply(integer(session.context.pubsub.publish(args[1]!, args[2]!)));
}

function channels(session: CommandSession, args: readonly string[]): void {
  if (args.length > 3) throw new CommandError("ERR wrong number of arguments for 'pubsub|channels' command");
  session.reply(array(session.context.pubsub.channelNames(globOf(session, args[2] ?? '*')).map(bulk)));
}

function subscriberCounts(session: CommandSession, args: readonly string[]): void {
  const { pubsub } = session.context;
  session.reply(array(args.slice(2).flatMap((channel) => [bulk(channel), integer(pubsub.subscribers(channel))])));
}

const FLAGS: readonly CommandFlag[] = ['pubsub', 'noscript', 'loading', 'stale'];
const CONTAINER_FLAGS: readonly CommandFlag[] = ['pubsub', 'loading', 'stale'];

function subcommand(name: string, arity: number, summary: string, handler: Handler): PlainSpec {
  return { name, arity, flags: CONTAINER_FLAGS, since: '2.8.0', group: 'pubsub', summary, handler };
}

type Row = readonly [name: string, arity: number, since: string, summary: string, handler: Handler];

const ROWS: readonly Row[] = [
  ['subscribe', -2, '2.0.0', 'Listen for messages published to the given channels', subscribe],
  ['unsubscribe', -1, '2.0.0', 'Stop listening for messages posted to the given channels', unsubscribe],
  ['psubscribe', -2, '2.0.0', 'Listen for messages published to channels matching patterns', subscribePatterns],
  ['punsubscribe', -1, '2.0.0', 'Stop listening for messages to channels matching patterns', unsubscribePatterns],
];

export const pubsubCommands: readonly CommandSpec[] = [
  ...ROWS.map(
    ([name, arity, since, summary, handler]): CommandSpec => ({
      name,
      arity,
      flags: FLAGS,
      since,
      group: 'pubsub',
      summary,
      handler,
    }),
  ),
  {
    name: 'publish',
    arity: 3,
    flags: ['pubsub', 'loading', 'stale', 'fast'],
    since: '2.0.0',
    group: 'pubsub',
    summary: 'Post a message to a channel',
    handler: publish,
  },
  {
    name: 'pubsub',
    arity: -2,
    flags: [],
    since: '2.8.0',
    group: 'pubsub',
    summary: 'A container for Pub/Sub commands',
    subcommands: [
      subcommand('channels', -2, 'List active channels', channels),
      subcommand('numsub', -2, 'Get the count of subscribers for channels', subscriberCounts),
      subcommand('numpat', 2, 'Get the count of unique patterns', (session) =>
        session.reply(integer(session.context.pubsub.patternCount)),
      ),
    ],
  },
];
