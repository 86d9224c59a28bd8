/** kvctl scan: keys and values, page by page, as they come. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Glob, StepBudget } from '@quintet/engine/codec';
import { type Context, printLine, withServer } from '../context.ts';
import { EXIT, type ExitCode, interrupted, usageFailure } from '../failure.ts';
import { write } from '../io.ts';
import { numberOf, type ScanPage, scanPage } from '../server/commands.ts';
import type { Connection } from '../server/connection.ts';
import { quoteIfNeeded } from '../text/quote.ts';
import { jsonLine } from '../text/visible.ts';
import { entryToJson, keyToJson } from '../values/json-face.ts';
import { oneLine } from '../values/show.ts';

export interface ScanOptions {
  prefix?: string;
  match?: string;
  limit?: number;
  keysOnly?: boolean;
  count?: boolean;
  page?: number;
}

type Row = ScanPage['entries'][number];

export async function scan(
  context: Context,
  [prefixArgument]: [string | undefined],
  options: ScanOptions,
): Promise<ExitCode> {
  if (options.prefix !== undefined && prefixArgument !== undefined)
    throw usageFailure('PREFIX and --prefix exclude each other');
  const prefix = options.prefix ?? prefixArgument;
  const asked: ScanOptions = { ...options, ...(prefix === undefined ? {} : { prefix }) };
  if (asked.count === true) return countKeys(context, asked);
  await withServer(context, async (connection) => {
    for await (const rows of pages(context, connection, asked)) {
      if (context.io.stdout.destroyed) return;
      await write(context.io.stdout, await render(context, rows, asked));
    }
  });
  return EXIT.ok;
}

/** Pages of entries that match, no more than --limit in all. */
async function* pages(context: Context, connection: Connection, options: ScanOptions): AsyncGenerator<Row[]> {
  const { match, limit = Number.POSITIVE_INFINITY } = options;
  const glob = match === undefined ? undefined : new Glob(Buffer.from(match).toString('latin1'));
  const request = {
    prefix: longerPrefix(options.prefix, glob?.literalPrefix ?? ''),
    pageSize: options.page ?? 256,
    keysOnly: options.keysOnly === true || options.count === true,
  };
  let taken = 0;
  let cursor: string | undefined = '0';
  while (cursor !== undefined && taken < limit) {
    if (context.io.signal.aborted) throw interrupted();
    const page: ScanPage = await scanPage(connection, cursor, request);
    const wanted = glob === undefined ? page.entries : await matching(context, page.entries, glob);
    const rows = wanted.slice(0, limit - taken);
    taken += rows.length;
    cursor = page.cursor;
    if (rows.length > 0) yield rows;
  }
}

/** Of what is asked for and what every match begins with, as bytes; undefined: all keys. What both rule out, the glob rules out. */
function longerPrefix(asked: string | undefined, literal: string): Buffer | undefined {
  const prefix = Buffer.from(asked ?? '').toString('latin1');
  const longer = literal.startsWith(prefix) ? literal : prefix;
  return longer === '' ? undefined : Buffer.from(longer, 'latin1');
}

/** The rows whose keys match, byte by byte. A costly pattern takes many turns, so that Ctrl-C is heard between them. */
async function matching(context: Context, rows: Row[], glob: Glob): Promise<Row[]> {
  const kept: Row[] = [];
  let budget = new StepBudget();
  for (const row of rows) {
    const key = row.key.toString('latin1');
    let found = glob.matchOrPause(key, budget);
    while (typeof found !== 'boolean') {
      await nextTurn();
      if (context.io.signal.aborted) throw interrupted();
      budget = new StepBudget();
      found = glob.matchOrPause(key, budget, found);
    }
    if (found) kept.push(row);
  }
  return kept;
}

async function countKeys(context: Context, options: ScanOptions): Promise<ExitCode> {
  const everything = options.prefix === undefined && options.match === undefined && options.limit === undefined;
  const count = await withServer(context, async (connection) => {
    if (everything) return numberOf(await connection.call('DBSIZE'));
    let seen = 0;
    for await (const rows of pages(context, connection, options)) seen += rows.length;
    return seen;
  });
  printLine(context, context.output === 'json' ? JSON.stringify({ count }) : String(count));
  return EXIT.ok;
}

async function render(context: Context, rows: Row[], options: ScanOptions): Promise<string> {
  const lines: string[] = [];
  for (const { key, entry } of rows)
    lines.push(await renderRow(context, key, options.keysOnly === true ? undefined : entry));
  return `${lines.join('\n')}\n`;
}

async function renderRow(context: Context, key: Buffer, entry: Row['entry']): Promise<string> {
  if (context.output === 'json') return jsonLine(entry === undefined ? keyToJson(key) : entryToJson(key, entry));
  const shownKey = quoteIfNeeded(key);
  if (entry === undefined) return shownKey;
  const value = await oneLine(entry);
  const { columns = 80, isTTY = false } = context.io.stdout;
  if (!isTTY) return `${shownKey}\t${value}`;
  const room = Math.max(20, columns - shownKey.length - 2);
  return `${context.colors.cyan(shownKey)}  ${value.length > room ? `${value.slice(0, room - 1)}…` : value}`;
}
