/** kvctl get: one value, or with --entry what is known about it too. */
import { type Context, printJson, printLine, withServer } from '../context.ts';
import { EXIT, type ExitCode, Failure } from '../failure.ts';
import { type Entry, entry } from '../server/commands.ts';
import { formatDuration } from '../text/quantities.ts';
import { printValue, quoted } from '../values/show.ts';

export interface GetOptions {
  entry?: boolean;
}

export async function get(context: Context, [key]: [string], options: GetOptions): Promise<ExitCode> {
  const found = await withServer(context, (connection) => entry(connection, key));
  if (found === undefined) throw new Failure(EXIT.negative, `not found: ${key}`);
  if (context.output === 'json') {
    const { entryToJson } = await import('../values/json-face.ts');
    const { version, expiresAt, ...face } = entryToJson(Buffer.from(key), found);
    printJson(context, options.entry === true ? { ...face, version, expiresAt: expiresAt ?? null } : face);
  } else if (options.entry === true) await printEntry(context, found);
  else await printValue(context, found);
  return EXIT.ok;
}

async function printEntry(context: Context, found: Entry): Promise<void> {
  printLine(context, `value    ${await quoted(found)}`);
  const { length } = found.bytes;
  printLine(context, `kind     ${found.kind}, ${length} ${length === 1 ? 'byte' : 'bytes'}`);
  printLine(context, `version  ${found.version}`);
  const left = Math.max(0, found.expiresAt - Date.now());
  const when = new Date(found.expiresAt).toISOString();
  printLine(context, `expires  ${found.expiresAt === 0 ? 'never' : `in ${formatDuration(left)} (${when})`}`);
}
