/**
 * kvctl status: what the cluster says about itself, once or again and again. Exit code 5 when a shard lacks a copy,
 * or a node has no room, so that `kvctl status && deploy` does what it says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterStatus } from '@quintet/engine';
import { type Context, note, printJson, withServer } from '../context.ts';
import { EXIT, type ExitCode, Failure, interrupted } from '../failure.ts';
import { textOf } from '../server/commands.ts';
import type { Connection } from '../server/connection.ts';
import { isConnectionLoss } from '../server/refusals.ts';
import { visible } from '../text/visible.ts';

export interface StatusOptions {
  watch?: boolean;
  interval: number;
}

const CLEAR = '\u001b[H\u001b[2J';

export async function status(context: Context, _args: [], options: StatusOptions): Promise<ExitCode> {
  if (options.watch === true) return watch(context, options.interval);
  const found = await withServer(context, readStatus);
  await show(context, found);
  return found.health === 'ok' ? EXIT.ok : EXIT.unhealthy;
}

export async function readStatus(connection: Connection): Promise<ClusterStatus> {
  const text = textOf(await connection.call('QUINTET', 'STATUS'));
  try {
    return JSON.parse(text) as ClusterStatus;
  } catch (cause) {
    throw new Failure(EXIT.server, 'the server’s status is no JSON', { hint: 'is it a Quintet server?', cause });
  }
}

async function show(context: Context, found: ClusterStatus): Promise<void> {
  if (context.output === 'json') {
    printJson(context, found);
    return;
  }
  const { renderStatus } = await import('../status/render.ts');
  context.io.stdout.write(renderStatus(legible(found), context.colors));
}

/** Names and words as a terminal may have them. */
function legible(found: ClusterStatus): ClusterStatus {
  const text = JSON.stringify(found);
  return JSON.parse(text, (_key, item: unknown) => (typeof item === 'string' ? visible(item) : item)) as ClusterStatus;
}

/** One connection for as long as it lasts. The first must succeed; a server that goes later may come back. */
async function watch(context: Context, intervalMs: number): Promise<ExitCode> {
  const { signal, stdout } = context.io;
  const redraw = stdout.isTTY === true && context.output !== 'json';
  let shown = false;
  for (;;) {
    try {
      await withServer(context, async (connection) => {
        for (;;) {
          const found = await readStatus(connection);
          if (redraw) stdout.write(CLEAR);
          await show(context, found);
          shown = true;
          await pause(intervalMs, signal);
        }
      });
    } catch (error) {
      if (signal.aborted) throw interrupted();
      if (!shown || !(error instanceof Failure) || !isConnectionLoss(error)) throw error;
      note(context, context.output === 'json' ? JSON.stringify(error) : `${error.message}; trying again`);
      await pause(intervalMs, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw interrupted();
  });
}
