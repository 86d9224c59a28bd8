/**
 * Workload: what callers ask. Keys are of kinds (options.ts), so that each history suits what can be decided about it:
 * unique values on registers, increments on counters, conditions on versions the clients have heard, and so on.
 *
 * Owns      the next operation, its client and shard, and when it comes; who watches what, and when they come and go.
 * Does not  record anything (call.ts), know faults, or make up transactions (transacting.ts).
 */
import { type Operation, type ShardId, type StatOperation, ValueKind } from '@quintet/engine/internal';
import type { Prng } from '@quintet/testkit';
import type { VirtualCluster } from './cluster.ts';
import type { Action } from './event.ts';
import { keyIn, keysOf, shardOfKey } from './keys.ts';
import { KEY_KINDS, type KeyKind, QUANTUM_MS, type WorkloadMix } from './options.ts';
import { Transacting } from './transacting.ts';

/** How far back a client remembers versions. */
const MEMORY_CALLS = 60;

export class Workload {
  /** When the next operation comes, or Infinity. */
  nextAt: number;
  private readonly cluster: VirtualCluster;
  private readonly mix: WorkloadMix;
  private readonly prng: Prng;
  private readonly kinds: readonly KeyKind[];
  private readonly transacting: Transacting;
  private submitted = 0;

  constructor(cluster: VirtualCluster, prng: Prng) {
    this.cluster = cluster;
    this.mix = cluster.options.workload;
    this.prng = prng;
    this.kinds = KEY_KINDS.flatMap((kind) => new Array<KeyKind>(this.mix.weights[kind]).fill(kind));
    this.transacting = new Transacting(cluster.options, prng.fork('transactions'));
    this.nextAt = cluster.now;
  }

  get done(): boolean {
    return this.submitted >= this.mix.operations;
  }

  /** The next operation; null if every client has as many in flight as it may (then it is tried again later). */
  next(): Action | null {
    const { mix, prng, cluster } = this;
    // A pause of 0 makes a pipeline: several operations before the master's next turn.
    const pause = prng.chance(0.4) ? 0 : Math.ceil((mix.pauseMs * (1 << prng.below(4))) / 4 / QUANTUM_MS) * QUANTUM_MS;
    this.nextAt = cluster.now + pause;
    const client = prng.below(mix.clients);
    if (this.underWay(client) >= mix.depth) {
      this.nextAt = cluster.now + mix.pauseMs;
      return null;
    }
    this.submitted += 1;
    if (this.done) this.nextAt = Number.POSITIVE_INFINITY;
    const shard = this.shard();
    if (!prng.chance(mix.transactions)) return { type: 'submit', client, shard, operation: this.operation(shard) };
    const operation = this.transactional(shard);
    const [first] = keysOf(operation);
    return { type: 'submit', client, shard: shardOfKey(first!, cluster.options.master.shards), operation };
  }

  /** A call to give up on, if the mix has that. */
  giveUp(): Action | null {
    const { mix, prng, cluster } = this;
    if (mix.giveUp === 0 || cluster.unsettled === 0 || !prng.chance(mix.giveUp)) return null;
    const open = cluster.calls
      .slice(-mix.clients * mix.depth)
      .filter(({ result, code }) => result === null && code === null);
    if (open.length === 0) return null;
    return { type: 'give-up', call: prng.pick(open).index, reason: prng.pick(['aborted', 'timeout'] as const) };
  }

  /** A watcher that comes, goes, or comes back, if the mix has that. */
  watching(): Action | null {
    const { mix, prng, cluster } = this;
    if (mix.watches === 0 || !prng.chance(mix.watchChurn)) return null;
    const present = cluster.watches.filter(({ stage }) => stage === 'started' || stage === 'starting');
    if (present.length < mix.watches) return prng.chance(0.5) ? this.comeBack() : this.come();
    const started = present.filter(({ stage }) => stage === 'started');
    return started.length === 0 ? null : { type: 'unwatch', watch: prng.pick(started).index };
  }

  private come(): Action {
    const { prng } = this;
    const shard = this.shard();
    const kind = prng.pick([...this.kinds, 'b', 'p']);
    const previous = prng.chance(0.5);
    const { shards } = this.cluster.options.master;
    const exact = keyIn(shard, shards, kind, prng.below(this.mix.keysPerKind));
    const ofKey = { text: exact, shard, previous };
    const filter = prng.chance(0.4) ? ofKey : { text: prng.pick(['', kind, exact.slice(0, 4)]), shard: null, previous };
    return { type: 'watch', filter, resumes: null };
  }

  private comeBack(): Action {
    const gone = this.cluster.watches.filter(({ stage }) => stage === 'left').slice(-3);
    if (gone.length === 0) return this.come();
    const { index, filter } = this.prng.pick(gone);
    return { type: 'watch', filter, resumes: index };
  }

  private underWay(client: number): number {
    if (this.cluster.unsettled < this.mix.depth) return 0;
    let count = 0;
    for (const call of this.cluster.calls)
      if (call.client === client && call.result === null && call.code === null) count += 1;
    return count;
  }

  /** Mostly the first few shards: among 64 nothing would ever meet. */
  private shard(): ShardId {
    const { shards } = this.cluster.options.master;
    return this.prng.chance(0.8) ? this.prng.below(Math.min(shards, 3)) : this.prng.below(shards);
  }

  /** A transaction, or a single operation on a key that transactions use. */
  private transactional(shard: ShardId): Operation {
    const { prng, transacting } = this;
    const heard = (key: string) => this.heardVersion(shardOfKey(key, this.cluster.options.master.shards), key);
    if (prng.chance(0.5)) return transacting.next(heard);
    return prng.chance(0.3) ? this.readOf(transacting.account()) : transacting.step(transacting.poolKey(shard), heard);
  }

  private operation(shard: ShardId): Operation {
    const { mix, prng } = this;
    if (prng.chance(mix.scans)) return this.shardRead();
    if (mix.clears && shard % 2 === 1 && prng.chance(0.03)) return { verb: 'clear', key: '' };
    const kind = prng.pick(this.kinds);
    const key = keyIn(shard, this.cluster.options.master.shards, kind, prng.below(mix.keysPerKind));
    switch (kind) {
      case 'r':
        return this.onRegister(key);
      case 'c':
        return prng.chance(0.6) ? { verb: 'increment', key, by: String(1 + prng.below(3)) } : this.readOf(key);
      case 'w':
        return this.inWindow(key);
      case 'l':
        return this.onLock(key);
      case 'v':
        return this.onVersions(shard, key);
      case 'a':
        return prng.chance(0.6) ? { verb: 'append', key, value: this.value(), kind: ValueKind.text } : this.readOf(key);
      case 't':
        return this.onExpiring(key);
      case 'g':
        return this.getAndSet(key);
      case 'm':
        return this.anything(shard, key);
    }
  }

  // ---- kinds ----------------------------------------------------------------------------------------------------

  private onRegister(key: string): Operation {
    if (this.prng.chance(0.45)) return this.readOf(key);
    if (key.endsWith('1') && this.prng.chance(0.15)) return { verb: 'delete', key, ifVersion: -1, previous: false };
    return this.put(key, {});
  }

  private onVersions(shard: ShardId, key: string): Operation {
    const { prng } = this;
    if (prng.chance(0.35)) return this.readOf(key);
    const heard = this.heardVersion(shard, key);
    const ifVersion = prng.pick([heard, heard, heard, 0, -2, -1]);
    if (prng.chance(0.2)) return { verb: 'delete', key, ifVersion: heard > 0 ? heard : -1, previous: false };
    return this.put(key, { ifVersion });
  }

  private onExpiring(key: string): Operation {
    const { prng, mix } = this;
    const ttl = 1 + prng.below(mix.ttlMs);
    if (prng.chance(0.45)) return this.readOf(key);
    if (prng.chance(0.25)) return { verb: 'expire', key, ttl, deadline: 0, when: 'always' };
    return this.put(key, { ttl: prng.chance(0.85) ? ttl : 0 });
  }

  /** A rate limiter's counter: it begins anew when its time is over. */
  private inWindow(key: string): Operation {
    return this.prng.chance(0.65) ? this.transacting.limited(key) : this.readOf(key);
  }

  /** A lock: taken if it is free, for a while; released by who holds it, or by others who take it for theirs. */
  private onLock(key: string): Operation {
    const { prng, mix } = this;
    const ttl = 1 + prng.below(mix.ttlMs);
    if (prng.chance(0.25)) return this.readOf(key);
    const value = `holder${prng.below(3)}`;
    if (prng.chance(0.35)) return { verb: 'delete-if-value', key, value, kind: ValueKind.text };
    if (prng.chance(0.3)) return { verb: 'get-and-expire', key, ttl: prng.chance(0.3) ? 0 : ttl, deadline: 0 };
    return this.put(key, { value, ...(prng.chance(0.4) ? { ttl } : { ifVersion: 0 }) });
  }

  private getAndSet(key: string): Operation {
    if (this.prng.chance(0.3)) return this.readOf(key);
    if (this.prng.chance(0.3)) return { verb: 'delete', key, ifVersion: -1, previous: true };
    return this.put(key, { previous: true });
  }

  /** Every verb and condition; judged by the model, not by the history. */
  private anything(shard: ShardId, key: string): Operation {
    const { prng, mix, cluster } = this;
    const ttl = prng.pick([0, 0, 1 + prng.below(mix.ttlMs)]);
    switch (prng.below(9)) {
      case 8:
        return this.transacting.step(key, (one) => this.heardVersion(shard, one));
      case 0:
        return this.put(key, { ttl, ifVersion: prng.pick([-1, -2, 0, this.heardVersion(shard, key)]), previous: true });
      case 1:
        return this.put(key, { ttl: -1, kind: prng.pick([0, 1, 2, 3] as const) });
      case 2:
        return this.put(key, { deadline: Math.floor(cluster.now) + 1 + prng.below(mix.ttlMs) });
      case 3:
        return { verb: 'increment-float', key, by: prng.pick([0.5, -0.25, 2]) };
      case 4: {
        const when = prng.pick(['always', 'none', 'some', 'later', 'sooner'] as const);
        const deadline = prng.chance(0.2) ? Math.floor(cluster.now) - prng.below(5) : 0;
        return { verb: 'expire', key, ttl: deadline > 0 ? 0 : ttl, deadline, when };
      }
      case 5:
        return {
          verb: 'delete',
          key,
          ifVersion: prng.pick([-1, this.heardVersion(shard, key)]),
          previous: prng.chance(0.5),
        };
      case 6:
        return prng.chance(0.5)
          ? { verb: 'increment', key, by: '1' }
          : { verb: 'append', key, value: '7', kind: ValueKind.number };
      default:
        return this.readOf(key);
    }
  }

  private shardRead(): Operation {
    const { prng } = this;
    if (prng.chance(0.2)) return { verb: 'count', key: '' };
    const whole = prng.chance(0.6);
    return {
      verb: 'scan',
      key: '',
      cursor: whole ? 0 : prng.below(1 << 30),
      prefix: prng.chance(0.8) ? '' : prng.pick(this.kinds),
      limit: whole ? 1000 : 1 + prng.below(5),
      keysOnly: prng.chance(0.2),
    };
  }

  // ---- parts ----------------------------------------------------------------------------------------------------

  private readOf(key: string): Operation {
    if (this.prng.chance(0.9)) return { verb: 'get', key };
    const kinds: readonly Partial<StatOperation>[] = [{}, { uses: true }, { tells: 'value' }];
    return { verb: 'stat', key, ...kinds[this.submitted % kinds.length] };
  }

  private put(key: string, more: Partial<Operation & { verb: 'put' }>): Operation {
    const { prng } = this;
    const kind = ValueKind.text;
    const value = `x${this.submitted}${'.'.repeat(this.mix.valueBytes === 0 ? 0 : prng.below(this.mix.valueBytes))}`;
    return { verb: 'put', key, value, kind, ifVersion: -1, ttl: 0, deadline: 0, previous: false, ...more };
  }

  private value(): string {
    return `${String.fromCharCode(97 + this.prng.below(26))}${this.mix.valueBytes > 10 ? '..........' : ''}`;
  }

  /** The version some client last heard of a key; 0 = none. */
  private heardVersion(shard: ShardId, key: string): number {
    const { calls } = this.cluster;
    for (let at = calls.length - 1; at >= Math.max(0, calls.length - MEMORY_CALLS); at--) {
      const { operation, result, shard: where } = calls[at]!;
      if (where === shard && operation.key === key && result !== null) return result.version;
    }
    return 0;
  }
}
