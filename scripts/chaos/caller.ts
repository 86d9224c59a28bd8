/**
 * LoadCaller: one caller of the mixed load: draws a call, notes it, sends it, notes the answer, thinks, again.
 *
 * Owns      the mix, this caller's chance, the last version it saw of each compare-and-set key.
 * Does not  know about threads (load-thread.ts) or faults.
 * Mix       Mostly one call at a time; sometimes a burst sent without awaiting, on keys all callers share; sometimes a
 *           pipeline on a key of its own, where every read must see the write before it.
 * Why think A caller that never pauses fills the processor, and then every figure shows the scheduler and not the engine.
 */
import type { Store } from '@quintet/engine';
import { monotonicNs, type Prng } from '@quintet/testkit';
import type { CallLog, Ended } from './call-log.ts';
import { type Family, keyName, keyNumber, keysInRound, onceKey, ROUND_NS } from './keys.ts';
import { isError, send, VERBS, type Verb } from './verbs.ts';

/** What callers of one thread tell those who watch; numbers only ever grow. */
export interface Tally {
  operations: number;
  errors: number;
  /** Pipelines in which a read did not see the write before it. */
  disordered: number;
}

export interface CallerParts {
  readonly store: Store;
  readonly log: CallLog;
  readonly tally: Tally;
  readonly prng: Prng;
  /** Unique in the run. */
  readonly executor: number;
  /** Reading of the common clock at which round 0 begins. */
  readonly startedAt: number;
  /** Longest pause between two calls; half of that on average. */
  readonly thinkMs: number;
}

interface Drawn {
  readonly family: Family;
  readonly verb: Verb;
}

/** Verbs of each family as often as they are drawn. */
const MIX: Record<Exclude<Family, 'own'>, readonly Verb[]> = {
  register: ['put', 'put', 'put', 'get', 'get', 'get', 'delete', 'swap'],
  cas: ['putIfVersion', 'putIfVersion', 'putIfVersion', 'get', 'get', 'putIfAbsent', 'delete'],
  counter: ['increment', 'increment', 'increment', 'get'],
  list: ['append', 'append', 'append', 'append', 'append', 'get', 'take'],
  mortal: ['putForAWhile', 'putForAWhile', 'get', 'get', 'get', 'expire', 'put', 'delete', 'putIfAbsent'],
};
const FAMILIES_DRAWN: readonly (keyof typeof MIX)[] = [
  'register',
  'register',
  'cas',
  'counter',
  'counter',
  'list',
  'mortal',
];

const BURST_MAX = 12;
const TTL_MS_MAX = 150;

export class LoadCaller {
  readonly #parts: CallerParts;
  readonly #versions = new Map<number, number>();
  #stopped = false;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /** Runs until stop(); resolves when its last call has ended. */
  async run(): Promise<void> {
    const { prng, thinkMs } = this.#parts;
    while (!this.#stopped) {
      await this.#turn();
      if (prng.chance(0.9)) await pause(prng.next() * thinkMs);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #turn(): Promise<unknown> {
    const { prng } = this.#parts;
    const roll = prng.below(100);
    if (roll < 15) return this.#writeOnce();
    if (roll < 22) return this.#pipeline();
    if (roll >= 30) return this.#one(this.#draw());
    const calls = 2 + prng.below(BURST_MAX - 1);
    return Promise.all(Array.from({ length: calls }, () => this.#one(this.#draw())));
  }

  #draw(): Drawn {
    const { prng } = this.#parts;
    const family = prng.pick(FAMILIES_DRAWN);
    return { family, verb: prng.pick(MIX[family]) };
  }

  #round(): number {
    return Math.floor((monotonicNs() - this.#parts.startedAt) / ROUND_NS);
  }

  /** A call on a key all callers share: mostly of this round, now and then of an earlier one. */
  async #one({ family, verb }: Drawn): Promise<void> {
    const { prng } = this.#parts;
    const round = this.#round();
    const isVisit = verb === 'get' && round > 0 && prng.chance(0.2);
    const key = keyNumber(isVisit ? prng.below(round) : round, family, prng.below(keysInRound(family)));
    const { version } = await this.#call(verb, key, this.#argument(verb, key));
    if (family === 'cas' && version >= 0) this.#versions.set(key, version);
  }

  #argument(verb: Verb, key: number): number {
    const { prng } = this.#parts;
    if (verb === 'putIfVersion') return this.#versions.get(key) ?? 0;
    if (verb === 'increment') return 1 + prng.below(5);
    return verb === 'putForAWhile' || verb === 'expire' ? 20 + prng.below(TTL_MS_MAX - 20) : 0;
  }

  /** Two writes and a read after each, sent at once on a key nobody else writes. */
  async #pipeline(): Promise<void> {
    const key = keyNumber(this.#round(), 'own', this.#parts.executor);
    const verbs: readonly Verb[] = ['put', 'get', 'put', 'get'];
    const ended = await Promise.all(verbs.map((verb) => this.#call(verb, key, 0)));
    const [first, seen, second, seenLast] = ended as [Called, Called, Called, Called];
    if (ended.some(isError)) return;
    if (seen.value !== first.call || seenLast.value !== second.call) this.#parts.tally.disordered++;
  }

  async #writeOnce(): Promise<void> {
    await this.#call('putIfAbsent', ONCE, 0);
  }

  async #call(verb: Verb, key: number, argument: number): Promise<Called> {
    const { store, log, tally } = this.#parts;
    const call = log.open(key, VERBS.indexOf(verb), argument, monotonicNs());
    const ended = await send(verb, { store, key: key === ONCE ? onceKey(call) : keyName(key), call, argument });
    log.close(call, monotonicNs(), ended);
    tally.operations++;
    if (isError(ended)) tally.errors++;
    return { ...ended, call };
  }
}

interface Called extends Ended {
  readonly call: number;
}

/** The key number of calls that write a key of their own. */
export const ONCE = -1;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
