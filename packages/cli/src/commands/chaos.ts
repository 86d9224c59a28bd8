/** kvctl chaos: faults on purpose. The server decides whether it allows them and which nodes there are. */
import { type Context, printJson, printLine, withServer } from '../context.ts';
import { EXIT, type ExitCode, Failure } from '../failure.ts';
import { textOf } from '../server/commands.ts';
import type { Connection } from '../server/connection.ts';
import { parseDuration } from '../text/quantities.ts';
import { visible } from '../text/visible.ts';
import { readStatus } from './status.ts';

type ChaosHandler<A> = (context: Context, args: A) => Promise<ExitCode>;

export function chaosWithout(fault: string): ChaosHandler<[string]> {
  return (context, [node]) => hurt(context, fault, node, undefined);
}

export function chaosWith(fault: string, defaultMs: number): ChaosHandler<[string, string | undefined]> {
  return (context, [node, duration]) =>
    hurt(context, fault, node, duration === undefined ? defaultMs : parseMs(duration));
}

/** `0` ends a `slow`, and here a bare number is milliseconds after all: nobody hangs a node for 200 seconds. */
function parseMs(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : parseDuration(text);
}

async function hurt(context: Context, fault: string, node: string, ms: number | undefined): Promise<ExitCode> {
  const words = ['CHAOS', fault, node, ...(ms === undefined ? [] : [String(ms)])];
  const answer = await withServer(context, async (connection) => {
    try {
      return textOf(await connection.call('QUINTET', ...words));
    } catch (error) {
      throw await nameNodes(connection, error, node);
    }
  });
  if (context.output === 'json') printJson(context, { fault, node, ...(ms === undefined ? {} : { ms }) });
  else printLine(context, visible(answer));
  return EXIT.ok;
}

/** "There is no such node" is worth more with the names that there are. */
async function nameNodes(connection: Connection, error: unknown, node: string): Promise<unknown> {
  if (!(error instanceof Failure) || !/no such node/.test(error.reply ?? '')) return error;
  const status = await readStatus(connection).catch(() => undefined);
  const names = status?.nodes.map((known) => known.node).join(', ');
  const { code, reply } = error;
  return new Failure(error.exitCode, `there is no node "${node}"`, {
    code,
    reply,
    hint: names && `the nodes are ${names}`,
  });
}
