/**
 * Strings as rows of bits, most significant bit of byte 0 first: SETBIT, GETBIT, BITCOUNT, BITPOS. Setting is the engine's;
 * the others read the value and look at it here.
 */
import type { Result } from '@quintet/engine/internal';
import { int64, isWord, safeInteger, syntaxError } from '../../command/arguments.ts';
import { ONE_KEY } from '../../command/command.ts';
import type { CommandSession } from '../../command/command-session.ts';
import type { CommandSpec } from '../../command/handler.ts';
import { CommandError, SYNTAX_ERROR } from '../../engine/errors.ts';
import { ofBytes } from '../../engine/value-faces.ts';
import { error, integer } from '../../resp/encoder.ts';
import type { Answer } from '../../session/reply-queue.ts';

const BAD_OFFSET = 'ERR bit offset is not an integer or out of range';
const BAD_BIT = 'ERR bit is not an integer or out of range';

/** A place within the longest string there may be, counted in `unit` bits. */
export function bitOffset(session: CommandSession, argument: string, unit = 1): number {
  const offset = safeInteger(argument, BAD_OFFSET) * unit;
  if (offset < 0 || offset / 8 >= session.executor.limits.maxValueBytes) throw new CommandError(BAD_OFFSET);
  return offset;
}

function setBit(session: CommandSession, args: readonly string[]): void {
  const offset = bitOffset(session, args[2]!);
  const bit = safeInteger(args[3]!, BAD_BIT);
  if (bit !== 0 && bit !== 1) throw new CommandError(BAD_BIT);
  session.submit({ verb: 'set-bit', key: args[1]!, offset, bit }, (result) => integer(result.value!));
}

function getBit(session: CommandSession, args: readonly string[]): void {
  const offset = bitOffset(session, args[2]!);
  const at = Math.floor(offset / 8);
  const answer: Answer = ({ value }) => integer(bitAt(value ?? '', offset % 8));
  session.submit({ verb: 'get-range', key: args[1]!, start: at, end: at }, answer);
}

function bitAt(value: string, offset: number): number {
  const at = Math.floor(offset / 8);
  return at >= value.length ? 0 : (value.charCodeAt(at) >> (7 - (offset % 8))) & 1;
}

/** An interval of bits, its end included; empty if `first` is beyond `last`. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

/** The interval that two arguments and a unit mean, negative ones counting from the end. */
function readInterval(start: string, end: string | undefined, unit: string | undefined, bytes: number): Interval {
  const from = Number(int64(start));
  const to = end === undefined ? -1 : Number(int64(end));
  const inBits = unit !== undefined && isWord(unit, 'BIT');
  if (unit !== undefined && !inBits && !isWord(unit, 'BYTE')) throw syntaxError();
  const length = inBits ? bytes * 8 : bytes;
  const first = Math.max(0, from < 0 ? length + from : from);
  const last = Math.min(length - 1, Math.max(0, to < 0 ? length + to : to));
  return inBits ? { first, last } : { first: first * 8, last: last * 8 + 7 };
}

/** What is wrong with arguments is said only of a key that is there, as in Redis. */
function lazily(answer: (result: Result) => string): Answer {
  return (result) => {
    try {
      return answer(result);
    } catch (thrown) {
      if (thrown instanceof CommandError) return error(thrown.message);
      throw thrown;
    }
  };
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

function countOnes(value: string, { first, last }: Interval): number {
  let count = 0;
  let at = first;
  while (at <= last && at % 8 !== 0) count += bitAt(value, at++);
  for (; at + 7 <= last; at += 8) count += ONES[value.charCodeAt(at / 8)]!;
  while (at <= last) count += bitAt(value, at++);
  return count;
}

function bitCount(session: CommandSession, args: readonly string[]): void {
  const answer = lazily(({ value }) => {
    if (value === null) return integer(0);
    if (args.length === 3 || args.length > 5) throw new CommandError(SYNTAX_ERROR);
    if (args.length === 2) return integer(countOnes(value, { first: 0, last: value.length * 8 - 1 }));
    const [from, to] = [int64(args[2]!), int64(args[3]!)];
    // Said before the unit is looked at, and not by BITPOS: as in Redis.
    if (from < 0 && to < 0 && from > to) return integer(0);
    return integer(countOnes(value, readInterval(args[2]!, args[3], args[4], value.length)));
  });
  session.submit({ verb: 'get', key: args[1]! }, ofBytes(answer));
}

function findBit(value: string, bit: 0 | 1, { first, last }: Interval): number {
  const dull = bit === 0 ? 0xff : 0;
  for (let at = first; at <= last; ) {
    if (at % 8 === 0 && at + 7 <= last && value.charCodeAt(at / 8) === dull) at += 8;
    else if (bitAt(value, at) === bit) return at;
    else at++;
  }
  return -1;
}

function bitPosition(session: CommandSession, args: readonly string[]): void {
  const bit = int64(args[2]!);
  if (bit !== 0 && bit !== 1) throw new CommandError('ERR The bit argument must be 1 or 0.');
  const answer = lazily(({ value }) => {
    if (value === null) return integer(bit === 1 ? -1 : 0);
    if (args.length > 6) throw syntaxError();
    const { first, last } = readInterval(args[3] ?? '0', args[4], args[5], value.length);
    if (first > last) return integer(-1);
    const found = findBit(value, bit, { first, last });
    // Without an end, the string is thought of as going on with zeros.
    if (found < 0 && bit === 0 && args.length < 5) return integer(value.length * 8);
    return integer(found);
  });
  session.submit({ verb: 'get', key: args[1]! }, ofBytes(answer));
}

export const bitCommands: readonly CommandSpec[] = [
  {
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: ONE_KEY,
    since: '2.2.0',
    group: 'bitmap',
    summary: 'Sets or clears the bit at offset in the string value stored at key',
    handler: setBit,
  },
  {
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    since: '2.2.0',
    group: 'bitmap',
    summary: 'Returns the bit value at offset in the string value stored at key',
    handler: getBit,
  },
  {
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    keys: ONE_KEY,
    since: '2.6.0',
    group: 'bitmap',
    summary: 'Count set bits in a string',
    handler: bitCount,
  },
  {
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    keys: ONE_KEY,
    since: '2.8.7',
    group: 'bitmap',
    summary: 'Find first bit set or clear in a string',
    handler: bitPosition,
  },
];
