/**
 * LATENCY: how long commands took (HISTOGRAM). Latency events are not recorded here, so the other subcommands know of none.
 */

import type { Command } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec, Handler, PlainSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { bulk, EMPTY_ARRAY, type Encoder, integer, utf8 } from '../../resp/encoder.ts';
import type { LatencyHistogram } from '../../state/command-statistics.ts';

/** The table holds this file's commands, so it is asked for late. */
type Table = () => ReadonlyMap<string, Command>;

const NO_LATENCY_EVENTS =
  "I'm sorry, Dave, I can't do that. Latency events are not recorded here: see SLOWLOG and /metrics.\n";

/** A command's calls, and how many of them took up to so many microseconds; only steps where more were done. */
function describe(histogram: LatencyHistogram, encoder: Encoder): string {
  const steps: string[] = [];
  let calls = 0;
  for (const [power, count] of histogram.entries()) {
    calls += count;
    if (count > 0) steps.push(integer(2 ** power), integer(calls));
  }
  return encoder.map([bulk('calls'), integer(calls), bulk('histogram_usec'), encoder.map(steps)]);
}

function histogram(session: CommandSession, wanted: readonly Command[]): void {
  const { commandStatistics } = session.context;
  const entries = wanted.map((command) => ({ command, buckets: commandStatistics.histogram(command) }));
  const called = entries.filter(({ buckets }) => buckets.some((count) => count > 0));
  session.reply(
    session.encoder.map(
      called.flatMap(({ command, buckets }) => [bulk(command.fullName), describe(buckets, session.encoder)]),
    ),
  );
}

/** Those named, once each, a container with its subcommands; all if none is. Unknown names are passed over, as in Redis. */
function chosen(table: ReadonlyMap<string, Command>, names: readonly string[]): Command[] {
  const found = names.length === 0 ? [...table.values()] : names.flatMap((name) => byName(table, name) ?? []);
  return [...new Set(found.flatMap((command) => [command, ...command.subcommands.values()]))];
}

function byName(table: ReadonlyMap<string, Command>, name: string): Command | undefined {
  const [container, sub] = name.toLowerCase().split('|');
  const command = table.get(container!);
  return sub === undefined ? command : command?.subcommands.get(sub);
}

function subcommand(name: string, arity: number, since: string, summary: string, handler: Handler): PlainSpec {
  return { name, arity, flags: ['admin', 'loading', 'stale'], since, group: 'server', summary, handler };
}

/** LATENCY, over the table that it is part of. */
export function latencyCommands(table: Table): readonly CommandSpec[] {
  const none: Handler = (session) => session.reply(EMPTY_ARRAY);
  return [
    {
      name: 'latency',
      arity: -2,
      flags: [],
      since: '2.8.13',
      group: 'server',
      summary: 'A container for latency diagnostics commands',
      subcommands: [
        subcommand('histogram', -2, '7.0.0', 'Return the distribution of the latencies of commands', (session, args) =>
          histogram(session, chosen(table(), args.slice(2))),
        ),
        subcommand('latest', 2, '2.8.13', 'Return the latest latency samples for all events', none),
        subcommand('history', 3, '2.8.13', 'Return timestamp-latency samples for the event', none),
        subcommand('reset', -2, '2.8.13', 'Reset latency data for one or more events', (session) =>
          session.reply(integer(0)),
        ),
        subcommand('doctor', 2, '2.8.13', 'Return a human readable latency analysis report', (session) =>
          session.reply(session.encoder.verbatim('txt', utf8(NO_LATENCY_EVENTS))),
        ),
        subcommand('graph', 3, '2.8.13', 'Return a latency graph for the event', (_session, args) => {
          throw new CommandError(`ERR No samples available for event '${args[2]}'`);
        }),
      ],
    },
  ];
}
