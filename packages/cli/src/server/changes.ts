/**
 * QUINTET WATCH with types: what to ask, and the changes it answers with.
 *
 *   QUINTET WATCH KEY k | PREFIX p [FROM position | FROM version] [BLOCK ms] [COUNT n] [PREVIOUS] → [position, [change…]]
 *   change = [type, key, kind, value, version, expiresAt, shard, transaction], with PREVIOUS [… kind, value] of before
 */
import { bytesOf, foreign, kindOf, list, numberOf, type TypedValue, textOf } from './commands.ts';
import type { Argument, Reply } from './connection.ts';

/** Whose changes: one key's, or those of all keys that begin with a prefix. */
export interface WatchTarget {
  key?: string | undefined;
  prefix?: string | undefined;
  /** Also what was there before. */
  previous: boolean;
}

export interface WatchRequest {
  /** A position of this watch, or (of a key) a version; undefined: begin now. */
  from: string | undefined;
  /** How long to wait for a change; undefined: not at all. */
  blockMs: number | undefined;
  count: number;
}

const TYPES = ['put', 'delete', 'expire', 'evict', 'clear'] as const;
export type ChangeType = (typeof TYPES)[number];

export interface Change {
  type: ChangeType;
  /** Empty for a clear, which is of a whole shard. */
  key: Buffer;
  /** Of a put. */
  value: TypedValue | undefined;
  version: number;
  /** ms since the epoch; 0 = never. */
  expiresAt: number;
  shard: number;
  /** The same for all changes of one transaction; 0 = of none. */
  transaction: number;
  /** Where asked for and known: what was there before; null = nothing. */
  previous: TypedValue | null | undefined;
}

export interface ChangePage {
  /** After all of the changes. */
  position: string;
  changes: Change[];
}

export function watchCommand(target: WatchTarget, { from, blockMs, count }: WatchRequest): [string, ...Argument[]] {
  const what = target.key === undefined ? ['PREFIX', target.prefix ?? ''] : ['KEY', target.key];
  const command: [string, ...Argument[]] = ['QUINTET', 'WATCH', ...what, 'COUNT', String(count)];
  if (from !== undefined) command.push('FROM', from);
  if (blockMs !== undefined) command.push('BLOCK', String(blockMs));
  if (target.previous) command.push('PREVIOUS');
  return command;
}

export function readChangePage(reply: Reply): ChangePage {
  const [position, changes] = list(reply, 2);
  return { position: textOf(position), changes: list(changes ?? null, 0).map(readChange) };
}

function readChange(reply: Reply): Change {
  const [name, key, kind, value, version, expiresAt, shard, transaction, ...before] = list(reply, 8);
  const type = typeOf(textOf(name));
  // What expires or is evicted goes without a word of what it was.
  const isKnown = before.length > 0 && (type === 'put' || type === 'delete');
  return {
    type,
    key: bytesOf(key),
    value: readValue(kind, value) ?? undefined,
    version: numberOf(version),
    expiresAt: numberOf(expiresAt),
    shard: numberOf(shard),
    transaction: numberOf(transaction),
    previous: isKnown ? readValue(before[0], before[1]) : undefined,
  };
}

function readValue(kind: Reply | undefined, value: Reply | undefined): TypedValue | null {
  if (kind === null || kind === undefined) return null;
  return { kind: kindOf(kind), bytes: bytesOf(value) };
}

function typeOf(text: string): ChangeType {
  const type = TYPES.find((known) => known === text);
  if (type === undefined) throw foreign();
  return type;
}
