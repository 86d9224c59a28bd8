/**
 * EventLog: every event of a cluster, in order, and waiting for one of them.
 *
 * Owns      what was seen and when; the waits, each with its end.
 * Does not  listen to `error`: with a listener a bug in the engine would pass in silence, without one it fails the test run.
 * Invariants
 *   EL1  an event is found by a wait that looks back to before it, whether it came first or the wait did: no race.
 *   EL2  every wait ends: with its event, with EventNotSeen after its timeout, or with EventNotSeen when the cluster closes.
 */
import type { ClusterApi, ClusterEvents } from '@quintet/engine';
import { monotonicNs } from '../clock.ts';
import { EventNotSeen } from '../errors.ts';
import type { SeenEvent, TestEventName } from './seen-event.ts';

export type { SeenEvent, TestEventName } from './seen-event.ts';

/** What a wait is told besides the name. */
export interface EventOptions<N extends TestEventName> {
  /** Only an event for which this holds (default: any). */
  readonly where?: (detail: ClusterEvents[N]) => boolean;
  /** Look back to this moment: a fault, or a `mark()`. Default: only what comes from now on. */
  readonly since?: { readonly at: number };
  /** Milliseconds until EventNotSeen (default 20,000). */
  readonly timeoutMs?: number;
}

const NAMES: readonly TestEventName[] = [
  'node-up',
  'node-down',
  'promoted',
  'learner-started',
  'learner-joined',
  'shard-restored',
  'redundancy-restored',
  'shard-lost',
  'shard-reset',
  'node-backing-off',
  'node-stopped',
  'memory-full',
  'memory-freed',
] satisfies readonly TestEventName[];

const TIMEOUT_MS_DEFAULT = 20_000;
/** So many of the events seen instead are told in the text of an error. */
const TOLD_MAX = 12;

/** All events of one cluster. */
export class EventLog {
  readonly #events: SeenEvent[] = [];
  readonly #listeners = new Set<(event: SeenEvent) => void>();
  /** What ends each wait without its event. */
  readonly #waits = new Set<(why: string) => void>();
  #closed = false;

  constructor(cluster: ClusterApi) {
    for (const name of NAMES)
      cluster.on(name, (detail) => this.#on({ name, detail, seenAt: monotonicNs() } as SeenEvent));
  }

  /** All so far, in order. */
  get all(): readonly SeenEvent[] {
    return this.#events;
  }

  /**
   * The first event of a name that meets the options.
   * @throws {EventNotSeen} as a rejection: the time is over, or the cluster was closed
   */
  async wait<N extends TestEventName>(name: N, options: EventOptions<N> = {}): Promise<ClusterEvents[N]> {
    const { where = () => true, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
    const since = options.since?.at ?? monotonicNs();
    const takes = (event: SeenEvent): boolean =>
      event.name === name && event.seenAt >= since && where(event.detail as ClusterEvents[N]);
    const before = this.#events.find(takes);
    if (before !== undefined) return before.detail as ClusterEvents[N];
    const what = `'${name}'${options.where === undefined ? '' : ' that meets the condition'}`;
    const wait = this.#begin<ClusterEvents[N]>(what, since, timeoutMs);
    const listener = (event: SeenEvent): void => {
      try {
        if (takes(event)) wait.resolve(event.detail as ClusterEvents[N]);
      } catch (error) {
        // A condition that throws is the test's failure. Thrown on from here it would end the cluster.
        wait.reject(error);
      }
    };
    this.#listeners.add(listener);
    return wait.promise.finally(() => this.#listeners.delete(listener));
  }

  /** Waits for what is no single event, under the same rules; `what` names it in the error. */
  waitFor(what: string, happening: Promise<void>, since: number, timeoutMs = TIMEOUT_MS_DEFAULT): Promise<void> {
    const wait = this.#begin<void>(what, since, timeoutMs);
    happening.then(wait.resolve, wait.reject);
    return wait.promise;
  }

  /** Ends every wait. */
  close(): void {
    this.#closed = true;
    for (const giveUp of this.#waits) giveUp('the cluster was closed while a test waited for');
  }

  #on(event: SeenEvent): void {
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** EL2. The timer keeps the process alive meanwhile, as listening alone does not. */
  #begin<T>(what: string, since: number, timeoutMs: number): Wait<T> {
    const wait = newWait<T>();
    const giveUp = (why: string): void => wait.reject(this.#notSeen(`${why} ${what}`, since));
    const timer = setTimeout(giveUp, timeoutMs, `waited ${timeoutMs} ms for`);
    this.#waits.add(giveUp);
    if (this.#closed) giveUp('the cluster is closed, so nothing comes of');
    const promise = wait.promise.finally(() => {
      clearTimeout(timer);
      this.#waits.delete(giveUp);
    });
    return { ...wait, promise };
  }

  #notSeen(message: string, since: number): EventNotSeen {
    const seen = this.#events.filter(({ seenAt }) => seenAt >= since);
    if (seen.length === 0) return new EventNotSeen(`${message}; nothing at all happened`, seen);
    const more = seen.length > TOLD_MAX ? `; and ${seen.length - TOLD_MAX} more` : '';
    return new EventNotSeen(`${message}; seen instead: ${seen.slice(0, TOLD_MAX).map(tell).join('; ')}${more}`, seen);
  }
}

/** `promoted shard=3 node=n2#1 epoch=2` */
function tell({ name, detail }: SeenEvent): string {
  const fields = Object.entries(detail).filter(([field]) => field !== 'at');
  return [name, ...fields.map(([field, value]) => `${field}=${value}`)].join(' ');
}

interface Wait<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function newWait<T>(): Wait<T> {
  let settle: Omit<Wait<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}
