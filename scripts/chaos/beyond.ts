/**
 * Beyond: takes every copy of a shard at once, and sees whether the cluster owns up to it.
 *
 * Owns      the wipe of a shard, the probes while it is lost, the reset that begins it anew (after a wipe or after any
 *           other loss: without the schedule's rule ordinary faults may take the last copy too).
 * Proves    SHARD_LOST within NOTICE_LIMIT_MS, a status that shows it, no empty answer to a read of what was there, a
 *           shard that serves again after resetShard. That nothing else is lost is proof.ts's part.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, KvError } from '@quintet/engine';
import { type Fault, type FaultWatch, inject, monotonicNs, type Prng } from '@quintet/testkit';
import type { Finding } from './evidence.ts';
import { baseEntry } from './keys.ts';
import type { Lives, Loss } from './lives.ts';
import { starvedMs } from './starvation.ts';

const NOTICE_LIMIT_MS = 100;
const PROBES = 32;
/** How long a lost shard stays lost, so that callers meet it. */
const LOST_MS_MIN = 150;
const LOST_MS_MAX = 400;

export interface BeyondParts {
  readonly cluster: Cluster;
  readonly watch: FaultWatch;
  readonly lives: Lives;
  readonly prng: Prng;
  /** Keys that are there from the beginning. */
  readonly baseKeys: number;
}

export class Beyond {
  readonly findings: Finding[] = [];
  /** How long it took until the reads of a wiped shard said so, ms. */
  readonly noticeMs: number[] = [];
  readonly #parts: BeyondParts;
  readonly #probes = new Map<number, string[]>();
  readonly #resetting = new Set<Promise<void>>();

  constructor(parts: BeyondParts) {
    this.#parts = parts;
    const { cluster, baseKeys } = parts;
    for (let index = 0; index < baseKeys; index++) {
      const [key] = baseEntry(index);
      const shard = cluster.executor.shardOf(key);
      const keys = this.#probes.get(shard) ?? [];
      if (keys.length < PROBES) this.#probes.set(shard, [...keys, key]);
    }
    cluster.on('shard-lost', ({ shard }) => this.#onLost(shard));
  }

  /** Loses one shard and looks. */
  async wipe(onFault: (fault: Fault) => void): Promise<void> {
    const { cluster, prng } = this.#parts;
    await cluster.settled({ timeoutMs: 20_000 });
    const { shard, chain } = prng.pick(cluster.status().shards);
    const killedAtMs = monotonicNs() / 1e6 - starvedMs();
    for (const node of chain) this.#kill(node, onFault);
    if (cluster.status().shards[shard]?.health !== 'lost') this.#find(shard, 'status does not show it lost');
    await Promise.all((this.#probes.get(shard) ?? []).map((key) => this.#probe(shard, key, killedAtMs)));
    await this.resets();
  }

  /** Resolves when no shard is lost any more. */
  async resets(): Promise<void> {
    while (this.#resetting.size > 0) await Promise.all(this.#resetting);
  }

  #kill(node: string, onFault: (fault: Fault) => void): void {
    const { cluster, watch } = this.#parts;
    try {
      onFault(inject(cluster, watch, { kind: 'kill', node }));
    } catch (error) {
      // It died of an earlier fault between being looked at and being killed: all the same to the shard.
      if (!(error instanceof KvError && error.code === 'UNKNOWN_NODE')) throw error;
    }
  }

  async #probe(shard: number, key: string, killedAtMs: number): Promise<void> {
    const heard = await this.#parts.cluster.get(key, { timeoutMs: 5_000 }).then(
      (value) => (value === undefined ? 'an empty answer' : 'a value'),
      (error: unknown) => (error instanceof KvError ? error.code : String(error)),
    );
    const tookMs = monotonicNs() / 1e6 - starvedMs() - killedAtMs;
    this.noticeMs.push(tookMs);
    if (heard !== 'SHARD_LOST') this.#find(shard, `a read of ${key} got ${heard}`);
    else if (tookMs > NOTICE_LIMIT_MS) this.#find(shard, `SHARD_LOST took ${tookMs.toFixed(0)} ms`);
  }

  #onLost(shard: number): void {
    const loss: Loss = { shard, lostAt: monotonicNs(), resetAt: Number.POSITIVE_INFINITY };
    this.#parts.lives.losses.push(loss);
    const reset = this.#reset(loss).finally(() => this.#resetting.delete(reset));
    this.#resetting.add(reset);
  }

  /** The way back: the shard begins anew, empty, and serves. */
  async #reset(loss: Loss): Promise<void> {
    const { cluster, prng } = this.#parts;
    await delay(LOST_MS_MIN + prng.next() * (LOST_MS_MAX - LOST_MS_MIN));
    loss.resetAt = monotonicNs();
    cluster.resetShard(loss.shard);
    const key = this.#probes.get(loss.shard)?.[0];
    if (key === undefined) return;
    const value = await cluster.get(key).catch((error: unknown) => error);
    const lostAgain = value instanceof KvError && value.code === 'SHARD_LOST';
    if (value !== undefined && !lostAgain) this.#find(loss.shard, `after the reset ${key} reads ${String(value)}`);
  }

  #find(shard: number, text: string): void {
    this.findings.push({ kind: 'lost', key: `shard ${shard}`, text, writes: 1 });
  }
}
