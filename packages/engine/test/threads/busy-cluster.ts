/**
 * BusyCluster: a real cluster with callers that never pause, for tests that hurt it.
 *
 * Owns      the callers: each increments its counter, takes and releases its lock and puts keys of its own until told to stop.
 * Proves    nothing was lost: every counter is the number of its acknowledged increments, every acknowledged put is there; and
 *           nothing was done twice: a lock is released by the one call that may.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Cluster, type ClusterEventName, type ClusterEvents, type ClusterOptions } from '../../src/index.ts';

/** Long limits: eight test processes on two cores must not make a healthy node look hung. */
const CALM: ClusterOptions = { chaos: true, hangLimitMs: 10_000 };
const CALLERS = 16;
/** Longer than any test. */
const FAR_MS = 600_000;

export class BusyCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #acknowledged: number[] = [];
  #loops: Promise<void>[] = [];
  #stopped = false;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(options: ClusterOptions = {}): Promise<BusyCluster> {
    return new BusyCluster(await Cluster.start({ ...CALM, ...options }));
  }

  /** Starts the callers; resolves when each has been answered. */
  async load(): Promise<void> {
    const first: Promise<void>[] = [];
    for (let executor = 0; executor < CALLERS; executor++) {
      first.push(new Promise((resolve) => this.#loops.push(this.#loop(executor, resolve))));
    }
    await Promise.all(first);
  }

  async #loop(executor: number, onFirst: () => void): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const [put, sum, lock] = await Promise.all([
        this.cluster.put(`put-${executor}-${turn}`, turn, { ifAbsent: true }),
        this.cluster.increment(`counter-${executor}`, 1, { ttl: FAR_MS, ttlOnlyIfNew: true }),
        this.#lockAndRelease(`lock-${executor}`, turn),
      ]);
      assert.equal(put.applied, true, 'nobody else writes this key');
      assert.equal(sum, turn + 1, 'neither lost nor done twice');
      assert.deepEqual(
        lock,
        [true, turn, false, true],
        'taken, prolonged, not released by another, released; each once',
      );
      this.#acknowledged[executor] = turn + 1;
      if (turn === 0) onFirst();
    }
  }

  /** All at once: calls on one key keep their order. */
  async #lockAndRelease(key: string, token: number): Promise<unknown[]> {
    const { cluster } = this;
    const taken = cluster.put(key, token, { ifAbsent: true, ttl: FAR_MS });
    const seen = cluster.getAndExpire(key, { ttl: FAR_MS });
    const others = cluster.deleteIfValue(key, token - 1);
    const own = cluster.deleteIfValue(key, token);
    return Promise.all([taken.then(({ applied }) => applied), seen, others, own]);
  }

  /** Stops the callers (their errors surface here) and reads everything back. */
  async verify(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    for (const [executor, turns] of this.#acknowledged.entries()) {
      const keys = Array.from({ length: turns }, (_, turn) => `put-${executor}-${turn}`);
      assert.equal(await this.cluster.get(`counter-${executor}`), turns);
      assert.deepEqual(await this.cluster.getMany(keys), [...keys.keys()]);
    }
  }

  /** The next event of a name. */
  async next<N extends ClusterEventName>(name: N): Promise<ClusterEvents[N]> {
    const [detail] = (await once(this.cluster.events, name)) as [ClusterEvents[N]];
    return detail;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    // Looked after before they hear of the end: the error of a test that failed must be its own, not "the cluster is closed".
    const ended = Promise.allSettled(this.#loops);
    await this.cluster.close();
    await ended;
  }
}
