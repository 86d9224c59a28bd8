/**
 * AbortGroup: everything in flight that one AbortSignal gives up.
 *
 * Owns      the one listener a signal gets from us, however many calls share it.
 * Why       Node warns of a leak from the eleventh listener on, and a program that passes the signal of a request to
 *           every call it makes has thousands. Also, adding to a Set is ten times cheaper than adding a listener.
 * Invariant The listener is there exactly while something is in flight.
 */

/** What can be given up by a signal. */
export interface GivenUpByAbort {
  /** Called once, when the signal is aborted, with its reason. */
  onAbort(reason: unknown): void;
}

class AbortGroup {
  readonly #signal: AbortSignal;
  readonly #members = new Set<GivenUpByAbort>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(member: GivenUpByAbort): void {
    if (this.#members.size === 0) this.#signal.addEventListener('abort', this);
    this.#members.add(member);
  }

  /** No harm if it is not there. */
  delete(member: GivenUpByAbort): void {
    if (this.#members.delete(member) && this.#members.size === 0) this.#signal.removeEventListener('abort', this);
  }

  handleEvent(): void {
    // Members leave the set as they hear of it, which is allowed while a Set is walked.
    for (const member of this.#members) member.onAbort(this.#signal.reason);
  }
}

const groups = new WeakMap<AbortSignal, AbortGroup>();

/** The group of a signal. */
export function abortGroupOf(signal: AbortSignal): AbortGroup {
  let group = groups.get(signal);
  if (group === undefined) {
    group = new AbortGroup(signal);
    groups.set(signal, group);
  }
  return group;
}
