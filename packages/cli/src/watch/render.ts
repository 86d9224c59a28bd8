/**
 * Changes as lines: aligned and coloured for a terminal, separated by tabs in a pipe, JSON for programs.
 *
 *   ┌ put     account:a  "95"  v17 tx3        the changes of one transaction stand in one bracket
 *   └ put     account:b  "105"  v4 tx3
 *     delete  user:7  v18
 */
import type { Context } from '../context.ts';
import type { Change, ChangeType } from '../server/changes.ts';
import type { TypedValue } from '../server/commands.ts';
import { quoteIfNeeded } from '../text/quote.ts';
import { jsonLine } from '../text/visible.ts';
import { keyToJson, valueToJson } from '../values/json-face.ts';
import { oneLine } from '../values/show.ts';

/** Lines for some changes, in order, each with its end. */
export async function renderChanges(context: Context, changes: readonly Change[]): Promise<string> {
  const lines: string[] = [];
  for (const [at, change] of changes.entries()) {
    if (context.output === 'json') lines.push(jsonLine(changeToJson(change)));
    else if (context.io.stdout.isTTY === true) lines.push(await forTerminal(context, changes, at));
    else lines.push((await fields(change)).join('\t'));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** A change as an object; `previous` (where asked for) is null or has value and encoding. */
export function changeToJson(change: Change): object {
  const { type, key, value, version, shard, expiresAt, transaction, previous } = change;
  return {
    type,
    ...(type === 'clear' ? {} : keyToJson(key)),
    ...(value === undefined ? {} : valueToJson(value)),
    version,
    shard,
    ...(expiresAt === 0 ? {} : { expiresAt }),
    ...(transaction === 0 ? {} : { transaction }),
    ...(previous === undefined ? {} : { previous: previous === null ? null : valueToJson(previous) }),
  };
}

/** Type, key, value, version, and where there is one: what was there before, the transaction. */
async function fields(change: Change): Promise<string[]> {
  const { type, value, version, transaction, previous } = change;
  const cells = [type, nameOf(change), value === undefined ? '' : await oneLine(value), `v${version}`];
  if (previous !== undefined) cells.push(await before(previous));
  if (transaction !== 0) cells.push(`tx${transaction}`);
  return cells;
}

async function before(previous: TypedValue | null): Promise<string> {
  return previous === null ? 'was absent' : `was ${await oneLine(previous)}`;
}

function nameOf({ type, key, shard }: Change): string {
  return type === 'clear' ? `(all of shard ${shard})` : quoteIfNeeded(key);
}

const TYPE_WIDTH = 6;

async function forTerminal(context: Context, changes: readonly Change[], at: number): Promise<string> {
  const { colors } = context;
  const change = changes[at]!;
  const [, name, value, ...rest] = await fields(change);
  const paint = PAINT[change.type];
  const marks = rest.join(' ');
  const room = Math.max(20, (context.io.stdout.columns ?? 80) - name!.length - marks.length - TYPE_WIDTH - 8);
  const shown = value!.length > room ? `${value!.slice(0, room - 1)}…` : value!;
  const parts = [
    `${colors.dim(bracket(changes, at))} ${colors[paint](change.type.padEnd(TYPE_WIDTH))}`,
    colors.cyan(name!),
    ...(shown === '' ? [] : [shown]),
    colors.dim(marks),
  ];
  return parts.join('  ');
}

const PAINT: Record<ChangeType, 'green' | 'red' | 'yellow'> = {
  put: 'green',
  delete: 'red',
  expire: 'yellow',
  evict: 'yellow',
  clear: 'red',
};

/** Changes of one transaction stand one after the other. */
function bracket(changes: readonly Change[], at: number): string {
  const { transaction } = changes[at]!;
  if (transaction === 0) return ' ';
  const begins = changes[at - 1]?.transaction !== transaction;
  const ends = changes[at + 1]?.transaction !== transaction;
  if (begins && ends) return '─';
  return begins ? '┌' : ends ? '└' : '│';
}
