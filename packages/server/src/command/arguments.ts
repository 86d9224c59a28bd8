/**
 * Arguments as values: what a handler asks of a string a client sent. Each throws the reply for what is wrong.
 */
import { Glob } from '@quintet/engine/codec';
import { CommandError, NOT_AN_INTEGER, SYNTAX_ERROR } from '../engine/errors.ts';
import { INT64_MAX, INT64_MIN, readInteger } from '../resp/numbers.ts';

/** Later than any date a client means, and exact as a number: deadlines beyond are moved here. */
const LATEST = Number.MAX_SAFE_INTEGER;

export function syntaxError(): CommandError {
  return new CommandError(SYNTAX_ERROR);
}

/** A signed 64-bit integer. */
export function int64(argument: string, complaint = NOT_AN_INTEGER): number | bigint {
  const value = readInteger(argument);
  if (value === null) throw new CommandError(complaint);
  return value;
}

/** An integer that a number holds exactly; beyond that it is out of range like beyond 64 bits. */
export function safeInteger(argument: string, complaint = NOT_AN_INTEGER): number {
  const value = int64(argument, complaint);
  if (typeof value === 'bigint') throw new CommandError(complaint);
  return value;
}

/** `amount` units of `unit` milliseconds from `base` as a deadline in ms; null if 64 bits cannot hold it. */
export function deadlineFrom(amount: number | bigint, unit: 1 | 1000, base: number): number | null {
  const milliseconds = Number(amount) * unit;
  if (Number.isSafeInteger(milliseconds)) return Math.min(milliseconds + base, LATEST);
  const exact = BigInt(amount) * BigInt(unit);
  if (exact > INT64_MAX - BigInt(base) || exact < INT64_MIN) return null;
  return exact > 0n ? LATEST : -LATEST;
}

/** The reply to a deadline that makes no sense for a command. */
export function invalidExpireTime(command: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${command}' command`);
}

/** Whether an argument is a word, in any case. */
export function isWord(argument: string, word: string): boolean {
  return argument.length === word.length && argument.toUpperCase() === word;
}

/** What a session's server allows. */
interface LimitedSession {
  readonly context: { readonly limits: { readonly patternBytes: number } };
}

/** A pattern, of bounded length. */
export function globOf(session: LimitedSession, pattern: string): Glob {
  const { patternBytes } = session.context.limits;
  if (pattern.length > patternBytes) throw new CommandError(`ERR a pattern has at most ${patternBytes} bytes`);
  return new Glob(pattern);
}
