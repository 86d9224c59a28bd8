/**
 * GETEX: a read that may set the deadline, or take it away.
 */
import { Status } from '@quintet/engine/internal';
import { syntaxError } from '../../command/arguments.ts';
import type { CommandSession } from '../../command/command-session.ts';
import { thrownError } from '../../engine/errors.ts';
import { valueOrNil } from '../../engine/value-faces.ts';
import type { Answer } from '../../session/reply-queue.ts';
import { EXPIRY_WORDS, plainSet, type SetOptions, setExpiry } from './set-options.ts';

/** GETEX: without options it is a GET. */
export function getEx(session: CommandSession, args: readonly string[]): void {
  const [, key, option, amount] = args;
  const word = option?.toUpperCase() ?? '';
  const { keyspaceEvents } = session.context;
  const options = plainSet();
  if (args.length === 2) return session.submit({ verb: 'get', key: key! }, valueOrNil);
  if (word === 'PERSIST' && args.length === 3) options.deadline = 0;
  else if (!EXPIRY_WORDS.has(word) || args.length !== 4) throw syntaxError();
  else {
    const complaint = badExpiry(session, options, word, amount!);
    if (complaint !== null) return session.submit({ verb: 'get', key: key! }, orElse(session, complaint));
  }
  const { ttl, deadline } = options;
  session.submit({ verb: 'get-and-expire', key: key!, ttl, deadline }, (result, encoder) => {
    if (result.status === Status.ok) keyspaceEvents.onDeadline(word === 'PERSIST' ? 'persist' : 'expire', key!);
    return valueOrNil(result, encoder);
  });
}

/** Takes the time into `options`; the reply to one that is wrong, or null. */
function badExpiry(session: CommandSession, options: SetOptions, word: string, amount: string): string | null {
  try {
    setExpiry(session, options, word, amount, 'getex');
    return null;
  } catch (thrown) {
    const text = thrownError(thrown);
    if (text === null) throw thrown;
    return text;
  }
}

/** What is wrong with a time is said only of a key that is there, as in Redis. */
function orElse({ context, recorder }: CommandSession, complaint: string): Answer {
  return (result, encoder) => {
    if (result.value === null) return encoder.nil;
    // The one error that goes with a result that is none: nobody else counts it (reply-queue.ts), but EXEC does.
    if (recorder === null) context.errorStatistics.count(complaint);
    return complaint;
  };
}
