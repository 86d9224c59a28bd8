/**
 * What a watcher behind the network asks for, and how it is read from RESP arguments.
 *
 *   QUINTET WATCH KEY key | PREFIX prefix [FROM position | FROM version] [BLOCK ms] [COUNT n] [PREVIOUS]
 */
import { parsePosition, type WatchPosition } from '@quintet/engine';
import type { RawWatchOptions } from '@quintet/engine/internal';
import { isWord, safeInteger, syntaxError } from '../command/arguments.ts';
import { CommandError } from '../engine/errors.ts';

/** Whose changes are told, and whether with what was there before. */
export type WatchTarget = Pick<RawWatchOptions, 'key' | 'prefix' | 'previous'>;

/** Where a watch begins: after a position, after a version of its key, or now. */
export type WatchStart = Pick<RawWatchOptions, 'from' | 'fromVersion'>;

export interface WatchRequest {
  readonly target: WatchTarget;
  readonly start: WatchStart;
  /** The target's words as they came: two requests with the same ones are of the same watch. */
  readonly name: string;
  /** FROM as it came. */
  readonly from: string | undefined;
  /** How long to wait for a change, ms; 0 = for ever, undefined = not at all. */
  readonly blockMs: number | undefined;
  readonly count: number;
}

const COUNT_DEFAULT = 500;
const BLOCK_MS_MAX = 2 ** 31 - 1;

/** Throws a CommandError. */
export function readWatchRequest(args: readonly string[]): WatchRequest {
  const options = new Map<string, string>();
  let previous = false;
  for (let at = 2; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    if (isWord(word, 'PREVIOUS')) previous = true;
    else if (WITH_VALUE.has(word) && at + 1 < args.length && !options.has(word)) options.set(word, args[++at]!);
    else throw syntaxError();
  }
  const [key, prefix, from] = ['KEY', 'PREFIX', 'FROM'].map((word) => options.get(word));
  if ((key === undefined) === (prefix === undefined)) throw new CommandError('ERR WATCH takes KEY or PREFIX');
  const text = Buffer.from(key ?? prefix!, 'latin1');
  return {
    target: { ...(key === undefined ? { prefix: text } : { key: text }), previous },
    start: from === undefined ? {} : readStart(from),
    name: JSON.stringify([key, prefix, previous]),
    from,
    blockMs: readWhole(options.get('BLOCK'), 'BLOCK', 0, BLOCK_MS_MAX),
    count: readWhole(options.get('COUNT'), 'COUNT', 1, Number.MAX_SAFE_INTEGER) ?? COUNT_DEFAULT,
  };
}

const WITH_VALUE: ReadonlySet<string> = new Set(['KEY', 'PREFIX', 'FROM', 'BLOCK', 'COUNT']);

/** Digits are a version of the key, everything else must be a position. Throws a CommandError. */
export function readStart(from: string): WatchStart {
  if (/^\d{1,15}$/.test(from)) return { fromVersion: Number(from) };
  return { from: readPosition(from) };
}

function readPosition(text: string): WatchPosition {
  try {
    return parsePosition(text);
  } catch (cause) {
    throw new CommandError(`ERR ${(cause as Error).message}`);
  }
}

function readWhole(text: string | undefined, name: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = safeInteger(text);
  if (value < least || value > most) throw new CommandError(`ERR ${name} must be from ${least} to ${most}`);
  return value;
}
