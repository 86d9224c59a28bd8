/**
 * Evidence: what the callers' logs say by simple arithmetic, without the checker.
 *
 * Owns      three counts that need no theory: keys written once, counters, lists.
 * Does not  search for an order of operations (proof.ts).
 * Counts    once     acknowledged, so it must be there with that very value at the end
 *           counter  its value at the end is the sum of all acknowledged increments
 *           list     every acknowledged suffix turns up exactly once in what was taken and what is left
 * Doubtful  calls (errors of outcome `unknown`) may have taken effect or not: they widen what is allowed. There are none
 *           unless shards were lost on purpose.
 */
import { Ending, type LoggedCall, NOTHING } from './call-log.ts';
import { ONCE } from './caller.ts';
import { callsOfSuffixes, keyName, onceKey } from './keys.ts';
import { VERBS } from './verbs.ts';

/** A contradiction between what was acknowledged and what is there. */
export interface Finding {
  readonly kind: 'lost' | 'duplicated' | 'error' | 'disorder' | 'not linearizable' | 'undecided' | 'copies' | 'cluster';
  readonly key: string;
  readonly text: string;
  /** How many writes it is about. */
  readonly writes: number;
}

/** What is there at the end: the value of each key; missing ones are absent. */
export type Remains = ReadonlyMap<string, string | number>;

interface Sum {
  certain: number;
  doubtful: number;
  calls: number;
}

interface List {
  readonly acknowledged: Set<number>;
  readonly doubtful: Set<number>;
  readonly seen: Map<number, number>;
}

export class Evidence {
  readonly #once = new Set<number>();
  readonly #counters = new Map<string, Sum>();
  readonly #lists = new Map<string, List>();
  readonly #findings: Finding[] = [];
  /** Takes one call into account; calls on keys nobody vouches for must be left out. */
  add(call: LoggedCall): void {
    const verb = VERBS[call.verb]!;
    if (call.key === ONCE) this.#addOnce(call);
    else if (verb === 'increment') this.#addIncrement(call);
    else if (verb === 'append') this.#addAppend(call);
    else if (verb === 'take') this.#addSeen(keyName(call.key), call.value);
  }

  /** Compares with what is there. `ambiguous` keys are left out: nobody can tell which life of a shard their calls met. */
  compare(remains: Remains, ambiguous: ReadonlySet<string>): Finding[] {
    this.#compareOnce(remains);
    for (const key of ambiguous) {
      this.#counters.delete(key);
      this.#lists.delete(key);
    }
    for (const [key, sum] of this.#counters) this.#compareCounter(key, sum, Number(remains.get(key) ?? 0));
    for (const key of this.#lists.keys()) this.#addSeen(key, remains.get(key) ?? NOTHING);
    for (const [key, list] of this.#lists) this.#compareList(key, list);
    return this.#findings;
  }

  /** Keys written once that were acknowledged. */
  onceKeys(): string[] {
    return [...this.#once].map(onceKey);
  }

  #addOnce(call: LoggedCall): void {
    if (call.ending === Ending.done) this.#once.add(call.call);
    if (call.ending !== Ending.refused) return;
    // Nobody else writes this key, so what stood in the way can only be the same call's own first attempt.
    this.#find('duplicated', onceKey(call.call), 'a write of a fresh key was told that it exists', 1);
  }

  #addIncrement({ key, argument, ending }: LoggedCall): void {
    const sum = getOr(this.#counters, keyName(key), () => ({ certain: 0, doubtful: 0, calls: 0 }));
    sum.calls++;
    if (ending === Ending.done) sum.certain += argument;
    else if (ending !== Ending.failed) sum.doubtful += argument;
  }

  #addAppend({ key, call, ending }: LoggedCall): void {
    const list = this.#list(keyName(key));
    if (ending === Ending.done) list.acknowledged.add(call);
    else if (ending !== Ending.failed) list.doubtful.add(call);
  }

  #addSeen(key: string, value: string | number): void {
    if (typeof value !== 'string') return;
    const { seen } = this.#list(key);
    for (const call of callsOfSuffixes(value)) seen.set(call, (seen.get(call) ?? 0) + 1);
  }

  #compareOnce(remains: Remains): void {
    for (const call of this.#once) {
      const value = remains.get(onceKey(call));
      if (value === call) continue;
      this.#find('lost', onceKey(call), value === undefined ? 'acknowledged, but absent' : `reads ${value}`, 1);
    }
  }

  #compareCounter(key: string, { certain, doubtful, calls }: Sum, value: number): void {
    const told = `${value} after ${calls} increments of ${certain} in all (${doubtful} more in doubt)`;
    if (value < certain) this.#find('lost', key, told, 1);
    if (value > certain + doubtful) this.#find('duplicated', key, told, 1);
  }

  #compareList(key: string, { acknowledged, doubtful, seen }: List): void {
    const lost = [...acknowledged].filter((call) => !seen.has(call));
    const twice = [...seen].filter(([, times]) => times > 1);
    const strange = [...seen.keys()].filter((call) => !acknowledged.has(call) && !doubtful.has(call));
    if (lost.length > 0) this.#find('lost', key, `suffixes of calls ${lost.join()} are gone`, lost.length);
    if (twice.length > 0) this.#find('duplicated', key, `suffixes twice: ${twice.join(' ')}`, twice.length);
    if (strange.length > 0) this.#find('duplicated', key, `suffixes nobody appended: ${strange.join()}`, 1);
  }

  #list(key: string): List {
    return getOr(this.#lists, key, () => ({ acknowledged: new Set(), doubtful: new Set(), seen: new Map() }));
  }

  #find(kind: Finding['kind'], key: string, text: string, writes: number): void {
    this.#findings.push({ kind, key, text, writes });
  }
}

function getOr<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
