/**
 * BusyCluster: a real cluster with callers that never pause, for tests that hurt it.
 *
 * Owns      the callers: each increments its counter and puts keys of its own until told to stop.
 * Proves    nothing was lost: every counter is the number of its acknowledged increments, every acknowledged put is there.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Cluster, type ClusterEventName, type ClusterEvents, type ClusterOptions } from '../../src/index.ts';

/** Long limits: eight test processes on two cores must not make a healthy node look hung. */
const CALM: ClusterOptions = { chaos: true, hangLimitMs: 10_000 };
const CALLERS = 16;

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
      const [put, sum] = await Promise.all([
        this.cluster.put(`put-${executor}-${turn}`, turn, { ifAbsent: true }),
        this.cluster.increment(`counter-${executor}`),
      ]);
      assert.equal(put.applied, true, 'nobody else writes this key');
      assert.equal(sum, turn + 1, 'neither lost nor done twice');
      this.#acknowledged[executor] = turn + 1;
      if (turn === 0) onFirst();
    }
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
