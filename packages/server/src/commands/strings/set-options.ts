/**
 * Options of SET and its kin: conditions, and times in their four forms.
 */
import { ANY_VERSION, KEEP_TTL, MUST_BE_ABSENT, MUST_EXIST, NO_TTL } from '@quintet/engine/internal';
import { deadlineFrom, int64, invalidExpireTime, syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';

/** What a put depends on, and until when it holds. */
export interface SetOptions {
  ifVersion: number;
  /** Milliseconds to live, NO_TTL or KEEP_TTL. */
  ttl: number;
  /** Absolute, or 0. */
  deadline: number;
  previous: boolean;
}

export function plainSet(): SetOptions {
  return { ifVersion: ANY_VERSION, ttl: NO_TTL, deadline: 0, previous: false };
}

/** The options after `SET key value`, in any order. Of two that contradict each other the second is an error. */
export function readSetOptions(session: CommandSession, args: readonly string[]): SetOptions {
  const options = plainSet();
  let expiry = '';
  let amount = '';
  for (let at = 3; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    const expiryFree = expiry === '' || expiry === word;
    if (word === 'NX' && options.ifVersion !== MUST_EXIST) options.ifVersion = MUST_BE_ABSENT;
    else if (word === 'XX' && options.ifVersion !== MUST_BE_ABSENT) options.ifVersion = MUST_EXIST;
    else if (word === 'GET') options.previous = true;
    else if (word === 'KEEPTTL' && expiryFree) expiry = word;
    else if (EXPIRY_WORDS.has(word) && expiryFree && at + 1 < args.length) {
      expiry = word;
      amount = args[++at]!;
    } else throw syntaxError();
  }
  if (expiry === 'KEEPTTL') options.ttl = KEEP_TTL;
  else if (expiry !== '') setExpiry(session, options, expiry, amount, 'set');
  return options;
}

/** Words that a time stands behind. */
export const EXPIRY_WORDS: ReadonlySet<string> = new Set(['EX', 'PX', 'EXAT', 'PXAT']);

/** Takes `EX 10` and the like into `options`. `command` is who complains. */
export function setExpiry(
  session: CommandSession,
  options: SetOptions,
  word: string,
  argument: string,
  command: string,
): void {
  const unit = word.startsWith('P') ? 1 : 1000;
  const base = word.endsWith('AT') ? 0 : session.executor.now();
  const amount = int64(argument);
  const deadline = deadlineFrom(amount, unit, base);
  if (amount <= 0 || deadline === null) throw invalidExpireTime(command);
  // A relative time stays relative: the primary counts it from when it applies the write.
  if (base === 0) options.deadline = deadline;
  else options.ttl = deadline - base;
}
