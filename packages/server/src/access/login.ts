/**
 * Login: one password, given with a request of HTTP or gRPC, where every request brings it along.
 *
 * A connection that has given the right one is not asked for leave again: guesses of strangers must not stop clients at work.
 * Its first wrong one ends that, lest who knows one password guesses another this way.
 */

import type { ServerContext } from '../state/server-context.ts';
import type { Guess } from './guess-limits.ts';
import type { Guest } from './strangers.ts';

/** `address`: `host:port` of the client. `compare` is called only if it may guess now. */
export function tryPassword(context: ServerContext, guest: Guest, address: string, compare: () => boolean): Guess {
  const now = performance.now();
  if (guest.trust !== 'given') {
    const guess = context.guesses.guess(address, compare, now);
    if (guess === 'right') {
      guest.known(true);
      if (guest.trust === 'none') guest.trust = 'given';
    }
    return guess;
  }
  if (compare()) return 'right';
  guest.trust = 'lost';
  context.guesses.wrongFrom(address, now);
  return 'wrong';
}
