/**
 * Parts of strings: GETRANGE, SETRANGE, SUBSTR, and what two strings have in common: LCS.
 */
import type { Result } from '@quintet/engine/internal';
import { ValueKind } from '@quintet/engine/internal';
import { int64, isWord, syntaxError } from '../../command/arguments.ts';
import { type KeyPositions, ONE_KEY } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError } from '../../engine/errors.ts';
import { array, bulk, type Encoder, error, integer } from '../../resp/encoder.ts';
import { gatherKeys } from '../../session/gather.ts';
import type { SlowReply } from '../../session/slow-work.ts';
import { type CommonRun, type CommonSubsequence, lcsCells, longestCommonSubsequence } from '../../text/lcs.ts';
import { numberText } from './strings.ts';

function getRange(session: CommandSession, args: readonly string[]): void {
  const start = Number(int64(args[2]!));
  const end = Number(int64(args[3]!));
  session.submit({ verb: 'get-range', key: args[1]!, start, end }, ({ value }) => bulk(value ?? ''));
}

function setRange(session: CommandSession, args: readonly string[]): void {
  const offset = int64(args[2]!);
  if (offset < 0) throw new CommandError('ERR offset is out of range');
  const value = args[3]!;
  if (value !== '' && Number(offset) + value.length > session.executor.limits.maxValueBytes) {
    throw new CommandError('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
  }
  session.submit({ verb: 'set-range', key: args[1]!, offset: Number(offset), value }, numberText);
}

interface LcsOptions {
  readonly length: boolean;
  readonly indexes: boolean;
  readonly shortest: number;
  readonly withLengths: boolean;
}

function readLcsOptions(args: readonly string[]): LcsOptions {
  let [length, indexes, withLengths] = [false, false, false];
  let shortest = 0;
  for (let at = 3; at < args.length; at++) {
    if (isWord(args[at]!, 'IDX')) indexes = true;
    else if (isWord(args[at]!, 'LEN')) length = true;
    else if (isWord(args[at]!, 'WITHMATCHLEN')) withLengths = true;
    else if (isWord(args[at]!, 'MINMATCHLEN') && at + 1 < args.length)
      shortest = Math.max(0, Number(int64(args[++at]!)));
    else throw syntaxError();
  }
  if (length && indexes) {
    throw new CommandError('ERR If you want both the length and indexes, please just use IDX.');
  }
  return { length, indexes, shortest, withLengths };
}

/** Cells of the table one LCS may fill: some 60 ms of work, in slices. */
const LCS_CELLS_MAX = 16 * 1024 * 1024;

function lcs(session: CommandSession, args: readonly string[]): void {
  const options = readLcsOptions(args);
  const { encoder } = session;
  gatherKeys(
    session,
    [args[1]!, args[2]!],
    (key) => ({ verb: 'get', key }),
    ([one, other]) => lcsReply(one!, other!, options, encoder),
  );
}

function lcsReply(one: Result, other: Result, options: LcsOptions, encoder: Encoder): string | SlowReply {
  if (one.kind === ValueKind.structured || other.kind === ValueKind.structured) {
    return error('ERR The specified keys must contain string values');
  }
  const [first, second] = [one.value ?? '', other.value ?? ''];
  if (lcsCells(first, second) > LCS_CELLS_MAX) {
    return error('ERR Insufficient memory, the strings are too long for LCS');
  }
  return slowLcsReply(first, second, options, encoder);
}

function* slowLcsReply(one: string, other: string, options: LcsOptions, encoder: Encoder): SlowReply {
  return describeLcs(yield* longestCommonSubsequence(one, other), options, encoder);
}

function describeLcs({ text, runs }: CommonSubsequence, options: LcsOptions, encoder: Encoder): string {
  if (options.length) return integer(text.length);
  if (!options.indexes) return bulk(text);
  const matches = runs.filter(({ one: [from, to] }) => to - from + 1 >= options.shortest);
  const described = matches.map((run) => describeRun(run, options.withLengths));
  return encoder.map([bulk('matches'), array(described), bulk('len'), integer(text.length)]);
}

function describeRun({ one, other }: CommonRun, withLength: boolean): string {
  const parts = [array(one.map(integer)), array(other.map(integer))];
  if (withLength) parts.push(integer(one[1] - one[0] + 1));
  return array(parts);
}

const TWO_KEYS: KeyPositions = { first: 1, last: 2, step: 1 };

export const rangeCommands: readonly CommandSpec[] = [
  {
    name: 'getrange',
    arity: 4,
    flags: ['readonly'],
    keys: ONE_KEY,
    since: '2.4.0',
    group: 'string',
    summary: 'Get a substring of the string stored at a key',
    handler: getRange,
  },
  {
    name: 'substr',
    arity: 4,
    flags: ['readonly'],
    keys: ONE_KEY,
    since: '1.0.0',
    group: 'string',
    summary: 'Get a substring of the string stored at a key (the old name of GETRANGE)',
    handler: getRange,
  },
  {
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    since: '2.2.0',
    group: 'string',
    summary: 'Overwrite part of a string at key starting at the specified offset',
    handler: setRange,
  },
  {
    name: 'lcs',
    arity: -3,
    flags: ['readonly'],
    keys: TWO_KEYS,
    since: '7.0.0',
    group: 'string',
    summary: 'Find longest common substring',
    handler: lcs,
  },
];
