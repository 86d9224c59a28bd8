/**
 * Login: one password, given with a request of HTTP or gRPC, where every request brings it along: as `authorization`, `Bearer`
 * with the password or `Basic` with a user name too, which is judged as AUTH does.
 *
 * A connection that has given the right one is not asked for leave again: guesses of strangers must not stop clients at work.
 * Its first wrong one ends that, lest who knows one password guesses another this way.
 */

import type { ServerContext } from '../state/server-context.ts';
import type { Guess } from './guess-limits.ts';
import type { Guest } from './strangers.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What an `authorization` says; null if nothing that is known. No name is that of who gives none to AUTH: `default`. */
export function readAuthorization(text: string): Credentials | null {
  const [, scheme = '', given = ''] = /^(\S+) +(.+)$/s.exec(text) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { user: 'default', password: given };
  if (scheme.toLowerCase() !== 'basic') return null;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(given, 'base64').toString('latin1')) ?? [];
  return password === undefined ? null : { user: user || 'default', password };
}

/** `address`: `host:port` of the client. They are compared only if it may guess now. */
export function tryPassword(
  context: ServerContext,
  guest: Guest,
  address: string,
  { user, password }: Credentials,
): Guess {
  const compare = (): boolean => context.roleOf(user, password) !== null;
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
