/**
 * GuessLimits: how often a password may be guessed, whatever protocol the guesses come in.
 *
 * Owns      a bucket for each remote address that has guessed wrong or right, and one of the whole server.
 * Does not  know passwords, or what a client is told.
 * Invariants
 *   GL1  a password is compared only if the buckets have a token; a wrong one takes one of each. So who has guessed too often
 *       learns nothing until a token is back, not even that a password is right.
 *   GL2  an address from which the right one came does not ask the server's bucket: strangers who use it up keep out other
 *       newcomers, not those who have been here.
 *   GL3  at most ADDRESSES_MAX addresses are remembered. Forgetting one gives it a full bucket of its own, not of the server.
 */
import { TokenBucket } from './token-bucket.ts';

/** Wrong passwords at once, and a second after that: of one address, and of all. */
export const ADDRESS_GUESSES = { burst: 20, perSecond: 1 } as const;
export const SERVER_GUESSES = { burst: 200, perSecond: 20 } as const;
const ADDRESSES_MAX = 10_000;

/** What a client is told whose password was not looked at. */
export const THROTTLED = 'too many wrong passwords, try again in a second or later';

export type Guess = 'right' | 'wrong' | 'throttled';

interface Guesser {
  readonly bucket: TokenBucket;
  wasRight: boolean;
}

export class GuessLimits {
  private readonly addresses = new Map<string, Guesser>();
  private readonly all: TokenBucket;

  /** `now` in milliseconds of a steady clock, here and below. */
  constructor(now: number) {
    this.all = new TokenBucket(SERVER_GUESSES.burst, SERVER_GUESSES.perSecond, now);
  }

  /** `remote`: `host:port` of who guesses. `compare` is called only if it may guess now. */
  guess(remote: string, compare: () => boolean, now: number): Guess {
    const address = addressGroup(remote);
    const guesser = this.guesser(address, now);
    if (!guesser.bucket.has(now) || (!guesser.wasRight && !this.all.has(now))) return 'throttled';
    const right = compare();
    if (right) guesser.wasRight = true;
    else this.wrong(guesser, now);
    return right ? 'right' : 'wrong';
  }

  /** A wrong one that needed no leave: on a connection that has given the right one. */
  wrongFrom(remote: string, now: number): void {
    this.wrong(this.guesser(addressGroup(remote), now), now);
  }

  private wrong({ bucket }: Guesser, now: number): void {
    bucket.take(now);
    this.all.take(now);
  }

  /** Moved to the end: the first is the one heard of least lately. */
  private guesser(address: string, now: number): Guesser {
    const { burst, perSecond } = ADDRESS_GUESSES;
    const guesser = this.addresses.get(address) ?? { bucket: new TokenBucket(burst, perSecond, now), wasRight: false };
    this.addresses.delete(address);
    this.addresses.set(address, guesser);
    if (this.addresses.size > ADDRESSES_MAX) this.addresses.delete(this.addresses.keys().next().value!);
    return guesser;
  }
}

/** What shares a bucket: an IPv4 address, or the /64 of an IPv6 one, which one customer has all of. Of `host:port`. */
export function addressGroup(remote: string): string {
  const host = remote.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (embedded !== null) return embedded[1]!;
  if (!host.includes(':')) return host;
  const [head = '', tail] = host.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + after.length < 8) groups.push('0');
  return [...groups, ...after].slice(0, 4).join(':');
}
