/**
 * Transacting: which transactions callers ask for. Accounts (keys of kind b) only ever change by transfers, so their total
 * is 0; the pool (kind p) sees every verb, single and in transactions, and is judged by the model.
 *
 * Owns      transfers (plain, conditional, with a step that fails), snapshots, blind writes, everything else.
 * Does not  decide when (workload.ts).
 */
import { type Condition, type Operation, type Step, ValueKind } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import { keyIn } from './keys.ts';
import type { Options } from './options.ts';

export type TransactionOperation = Operation & { verb: 'transaction' };

/** Among more shards than this transactions would hardly meet. */
const SHARDS_MAX = 4;

/** Every account there is. */
export function accountsOf({ master: { shards }, workload }: Options): readonly string[] {
  const keys: string[] = [];
  for (let shard = 0; shard < Math.min(shards, SHARDS_MAX); shard++) {
    for (let index = 0; index < Math.max(2, Math.min(3, workload.keysPerKind)); index++)
      keys.push(keyIn(shard, shards, 'b', index));
  }
  return keys;
}

export class Transacting {
  private readonly prng: Prng;
  private readonly options: Options;
  private readonly accounts: readonly string[];
  private count = 0;

  constructor(options: Options, prng: Prng) {
    this.options = options;
    this.prng = prng;
    this.accounts = accountsOf(options);
  }

  account(): string {
    return this.prng.pick(this.accounts);
  }

  poolKey(shard = this.prng.below(Math.min(this.options.master.shards, SHARDS_MAX))): string {
    return keyIn(shard, this.options.master.shards, 'p', this.prng.below(this.options.workload.keysPerKind));
  }

  /** `heard`: the version some client last heard of a key. */
  next(heard: (key: string) => number): TransactionOperation {
    this.count += 1;
    switch (this.prng.below(8)) {
      case 0:
      case 1:
        return this.transaction(this.transfer());
      case 2:
        return this.conditionalTransfer(heard);
      case 3:
        return this.transaction(this.accounts.map((key) => ({ verb: 'get', key })));
      case 4:
        return this.transaction(this.several((key) => this.put(key)));
      case 5:
        return this.failingTransfer();
      default:
        return this.anything(heard);
    }
  }

  private transaction(then: readonly Step[], more: Partial<TransactionOperation> = {}): TransactionOperation {
    return { verb: 'transaction', key: '', conditions: [], then, otherwise: [], lenient: false, ...more };
  }

  private transfer(): Step[] {
    const { prng } = this;
    const amount = 1 + prng.below(9);
    const [from, to] = [this.account(), this.account()];
    const then: Step[] = [
      { verb: 'increment', key: from, by: String(-amount) },
      { verb: 'increment', key: to, by: String(amount) },
    ];
    if (prng.chance(0.3)) then.push({ verb: 'get', key: this.account() });
    return then;
  }

  private conditionalTransfer(heard: (key: string) => number): TransactionOperation {
    const { prng } = this;
    const key = this.account();
    const equals = prng.chance(0.5) ? { value: String(prng.below(5) - 2), kind: ValueKind.number } : null;
    const ifVersion = equals === null ? prng.pick([heard(key), heard(key), 0, -2]) : -1;
    const otherwise: Step[] = prng.chance(0.5) ? [{ verb: 'get', key }] : this.transfer();
    return this.transaction(this.transfer(), { conditions: [{ key, ifVersion, equals }], otherwise });
  }

  /** Its last step may fail: then all of it does, or with `lenient` only that step. */
  private failingTransfer(): TransactionOperation {
    const { prng } = this;
    const key = this.poolKey();
    const last: Step = prng.chance(0.5)
      ? { verb: 'increment', key, by: '1' }
      : { verb: 'append', key, value: 'z', kind: ValueKind.text };
    const transfer = this.transfer();
    return this.transaction(prng.chance(0.5) ? [...transfer, last] : [last, ...transfer], {
      lenient: prng.chance(0.4),
    });
  }

  private anything(heard: (key: string) => number): TransactionOperation {
    const { prng } = this;
    const conditions: Condition[] = prng.chance(0.5)
      ? this.several((key) => this.condition(key, heard)).slice(0, 2)
      : [];
    const then = this.several((key) => this.step(key, heard));
    const otherwise = conditions.length > 0 && prng.chance(0.6) ? this.several((key) => this.step(key, heard)) : [];
    return this.transaction(then, { conditions, otherwise, lenient: prng.chance(0.4) });
  }

  private several<T>(make: (key: string) => T): T[] {
    return Array.from({ length: 1 + this.prng.below(4) }, () => make(this.poolKey()));
  }

  private condition(key: string, heard: (key: string) => number): Condition {
    return { key, ifVersion: this.prng.pick([-1, -2, -2, 0, heard(key)]), equals: null };
  }

  /** Any write or read of one key, in a transaction or alone. */
  step(key: string, heard: (key: string) => number): Step {
    const { prng, options } = this;
    const ttl = prng.pick([0, 0, 1 + prng.below(options.workload.ttlMs)]);
    this.count += 1;
    switch (prng.below(11)) {
      case 0:
        return this.put(key, { ifVersion: prng.pick([-1, -2, 0, heard(key)]), previous: prng.chance(0.5), ttl });
      case 1:
        return this.put(key, { kind: prng.pick([0, 1, 2, 3] as const), ttl: prng.pick([0, -1]) });
      case 2:
        if (prng.chance(0.3))
          return { verb: 'delete-if-value', key, value: String(prng.below(9)), kind: ValueKind.text };
        return { verb: 'delete', key, ifVersion: prng.pick([-1, heard(key)]), previous: prng.chance(0.5) };
      case 3:
        return prng.chance(0.5) ? this.limited(key) : { verb: 'increment', key, by: String(prng.below(5) - 2) };
      case 4:
        return { verb: 'append', key, value: '7', kind: prng.pick([ValueKind.number, ValueKind.text]) };
      case 5:
        return { verb: 'set-range', key, offset: prng.below(6), value: prng.pick(['', 'ab', 'xyz']) };
      case 6:
        return { verb: 'set-bit', key, offset: prng.below(40), bit: prng.pick([0, 1] as const) };
      case 7:
        return this.expire(key, ttl);
      case 8:
        return { verb: 'stat', key };
      default:
        if (!prng.chance(0.5)) return this.put(key, { value: String(prng.below(9)) });
        return this.count % 3 === 0
          ? { verb: 'get-range', key, start: (this.count % 7) - 3, end: (this.count % 5) - 2 }
          : { verb: 'get', key };
    }
  }

  private expire(key: string, ttl: number): Step {
    const { prng } = this;
    const whens = ['always', 'none', 'some', 'later', 'sooner', 'some-later', 'some-sooner'] as const;
    // A deadline long past removes.
    const deadline = ttl === 0 && prng.chance(0.3) ? 1000 : 0;
    if (prng.chance(0.5)) return { verb: 'get-and-expire', key, ttl, deadline };
    return { verb: 'expire', key, ttl, deadline, when: prng.pick(whens) };
  }

  /** An increment that may give a deadline. */
  limited(key: string): Step & { verb: 'increment' } {
    const { prng, options } = this;
    const increment: Step & { verb: 'increment' } = { verb: 'increment', key, by: String(1 + prng.below(3)) };
    if (prng.chance(0.2)) return increment;
    const ttl = 1 + prng.below(options.workload.ttlMs);
    return prng.chance(0.6) ? { ...increment, ttl, ttlOnlyIfNew: true } : { ...increment, ttl };
  }

  private put(key: string, more: Partial<Step & { verb: 'put' }> = {}): Step {
    const value = `y${this.count}`;
    const plain = { ifVersion: -1, ttl: 0, deadline: 0, previous: false } as const;
    return { verb: 'put', key, value, kind: ValueKind.text, ...plain, ...more };
  }
}
