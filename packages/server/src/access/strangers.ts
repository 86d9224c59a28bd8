/**
 * Strangers: the connections that have not given the password yet, where there is one, whatever protocol they speak.
 *
 * Owns      their order of arrival, the time each has (`loginMs`), and the bound on what each may hold.
 * Does not  know protocols or passwords: whoever checks one says so (`known`), and whoever serves the connection says how it
 *           is ended.
 * Invariants
 *   ST1  a connection is in the list exactly while it is open and has not given the password; RESET puts it there again
 *   ST2  nobody is in the list for longer than `loginMs`
 *   ST3  who holds more than STRANGER_HELD_MAX is cut off at the next look
 */
import type { CutOffReason } from '../listen/incidents.ts';

/** What a connection may have us keep before it gives the password: of what it sends, and of what it is sent. */
export const STRANGER_BYTES = 64 * 1024;
/** Both ways, and one read of the socket. */
const STRANGER_HELD_MAX = 3 * STRANGER_BYTES;
/** A timer of more fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** How a connection is ended, and what it holds, at its present stage. */
export interface GuestHolder {
  readonly heldBytes?: number;
  cutOff(reason: CutOffReason): void;
}

/** One connection, from when it is accepted. */
export class Guest {
  /** Who serves it now. */
  holder: GuestHolder;
  /** Whether it gave the right password with a request, and never a wrong one since (login.ts). */
  trust: 'none' | 'given' | 'lost' = 'none';
  private readonly strangers: Strangers;
  private timer: NodeJS.Timeout | undefined;
  private gone = false;

  constructor(strangers: Strangers, holder: GuestHolder) {
    this.strangers = strangers;
    this.holder = holder;
  }

  get isStranger(): boolean {
    return this.strangers.has(this);
  }

  /** It has given the password; or false, it is as if it never had. */
  known(isKnown: boolean): void {
    if (isKnown) this.leave();
    else if (!this.gone && !this.isStranger) this.enter();
  }

  /** The connection is closed. */
  left(): void {
    this.gone = true;
    this.leave();
  }

  end(reason: CutOffReason): void {
    this.left();
    this.holder.cutOff(reason);
  }

  private enter(): void {
    if (!this.strangers.enter(this)) return;
    const ms = Math.min(this.strangers.loginMs, TIMER_MS_MAX);
    this.timer = setTimeout(() => this.end('not-authenticated'), ms).unref();
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.strangers.leave(this);
  }
}

export class Strangers {
  readonly loginMs: number;
  private readonly passwordRequired: boolean;
  /** The first has been here longest. */
  private readonly guests = new Set<Guest>();

  /** Where no password is required nobody is a stranger. */
  constructor(passwordRequired: boolean, loginMs: number) {
    this.passwordRequired = passwordRequired;
    this.loginMs = loginMs;
  }

  /** A connection has come. */
  admit(holder: GuestHolder): Guest {
    const guest = new Guest(this, holder);
    guest.known(false);
    return guest;
  }

  /** Cuts off the one that has been here longest, to make a place; false if there is none. */
  giveWay(): boolean {
    const [oldest] = this.guests;
    oldest?.end('displaced');
    return oldest !== undefined;
  }

  /** Cuts off those that hold more than a stranger may; how many. */
  trim(): number {
    const large = [...this.guests].filter(({ holder }) => (holder.heldBytes ?? 0) > STRANGER_HELD_MAX);
    for (const guest of large) guest.end('client-memory');
    return large.length;
  }

  has(guest: Guest): boolean {
    return this.guests.has(guest);
  }

  /** For guests: false where there are no strangers. */
  enter(guest: Guest): boolean {
    if (this.passwordRequired) this.guests.add(guest);
    return this.passwordRequired;
  }

  /** For guests. */
  leave(guest: Guest): void {
    this.guests.delete(guest);
  }
}
