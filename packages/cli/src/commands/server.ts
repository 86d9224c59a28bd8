/** kvctl ping, info, reset-shard, revive: short questions and orders to the server. */
import { type Context, note, printJson, printLine, withServer } from '../context.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import { textOf } from '../server/commands.ts';
import { describeTarget } from '../server/target.ts';
import { parseWhole } from '../text/quantities.ts';
import { visible, visibleLines } from '../text/visible.ts';
import { readStatus } from './status.ts';

export async function ping(context: Context): Promise<ExitCode> {
  const [answer, ms] = await withServer(context, async (connection) => {
    const begin = performance.now();
    const reply = visible(textOf(await connection.call('PING')));
    return [reply, Math.round((performance.now() - begin) * 1_000) / 1_000] as const;
  });
  if (context.output === 'json') printJson(context, { answer, ms, server: describeTarget(context.target) });
  else printLine(context, context.io.stdout.isTTY === true ? `${answer} ${context.colors.dim(`${ms} ms`)}` : answer);
  return EXIT.ok;
}

export async function info(context: Context, [section]: [string | undefined]): Promise<ExitCode> {
  const command: [string, ...string[]] = section === undefined ? ['INFO'] : ['INFO', section];
  const text = textOf(await withServer(context, (connection) => connection.call(...command))).replaceAll('\r\n', '\n');
  if (context.output === 'json') printJson(context, parseInfo(text));
  else context.io.stdout.write(visibleLines(text.replace(/\n*$/, '\n')));
  return EXIT.ok;
}

/** `# Server\r\nname:value` → { server: { name: 'value' } }, values as numbers where they are such. */
export function parseInfo(text: string): Record<string, Record<string, string | number>> {
  const sections: Record<string, Record<string, string | number>> = {};
  let fields: Record<string, string | number> = {};
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) {
      fields = {};
      sections[line.slice(1).trim().toLowerCase()] = fields;
    } else if (line.includes(':')) {
      const value = line.slice(line.indexOf(':') + 1);
      fields[line.slice(0, line.indexOf(':'))] = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    }
  }
  return sections;
}

export async function resetShard(context: Context, [shard]: [string]): Promise<ExitCode> {
  await order(context, 'RESET', String(parseWhole(shard)));
  note(context, `shard ${shard} begins anew, empty`);
  return EXIT.ok;
}

export async function revive(context: Context, [node]: [string]): Promise<ExitCode> {
  // The server says OK to both: a node that is started now, and one that need not be.
  const health = await withServer(context, async (connection) => {
    const { nodes } = await readStatus(connection);
    return nodes.find((known) => known.node === node)?.health;
  });
  await order(context, 'REVIVE', node);
  if (health === 'up' || health === 'starting')
    note(context, `${node} is ${health === 'up' ? 'up' : 'being started'} already`);
  else note(context, `${node} is being started`);
  return EXIT.ok;
}

async function order(context: Context, ...words: string[]): Promise<void> {
  const answer = textOf(await withServer(context, (connection) => connection.call('QUINTET', ...words)));
  if (context.output === 'json') printJson(context, { ok: true });
  else printLine(context, visible(answer));
}
