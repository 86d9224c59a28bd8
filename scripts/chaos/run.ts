/**
 * One chaos run from the first put to the verdict.
 *
 * Owns      the order: fill, load and faults, quiet, read everything, prove, compare the copies.
 * Does not  do any of it itself, or print (report.ts).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '@quintet/engine';
import { type Fault, FaultSchedule, FaultWatch, monotonicNs, Prng, RESTORE_LIMIT_MS } from '@quintet/testkit';
import { Beyond } from './beyond.ts';
import type { PackedLog } from './call-log.ts';
import type { Tally } from './caller.ts';
import { CopiesCheck, type CopiesReport } from './copies.ts';
import type { Finding, Remains } from './evidence.ts';
import { baseEntry, keyName, ROUND_NS } from './keys.ts';
import { Lives } from './lives.ts';
import { Load } from './load.ts';
import type { ChaosOptions } from './options.ts';
import { type Proof, type ProofParts, prove, vouchedOnce } from './proof.ts';
import { readRemains, sharedKeys } from './remains.ts';

/** Longer than any time to live of the load: then nothing is left that could expire under the checks. */
const EXPIRY_MS = 500;
const THINK_MS = 12;

/** What is heard while it runs. */
export interface Progress {
  phase(name: string): void;
  fault(fault: Fault, done: number): void;
  tally(tally: Tally): void;
}

export interface ChaosResult {
  readonly options: ChaosOptions;
  readonly seconds: number;
  readonly loadSeconds: number;
  readonly faults: readonly Fault[];
  readonly watch: FaultWatch;
  readonly lives: Lives;
  readonly lossNoticeMs: readonly number[];
  readonly logs: readonly PackedLog[];
  readonly loadEndedAt: number;
  readonly worstTurnMs: number;
  readonly tally: Tally;
  readonly proof: Proof;
  readonly copies: CopiesReport;
  readonly findings: readonly Finding[];
  readonly proofParts: ProofParts;
}

/** Starts a cluster, hurts it, judges it, closes it. */
export async function runChaos(options: ChaosOptions, progress: Progress): Promise<ChaosResult> {
  const { nodes, shards, replicas, hangLimit } = options;
  const cluster = await Cluster.start({ nodes, shards, replicas, hangLimitMs: hangLimit, chaos: true });
  try {
    return await new Run(cluster, options, progress).all();
  } finally {
    await cluster.close();
  }
}

class Run {
  readonly #cluster: Cluster;
  readonly #options: ChaosOptions;
  readonly #progress: Progress;
  readonly #watch: FaultWatch;
  readonly #lives = new Lives();
  readonly #findings: Finding[] = [];
  readonly #startedAt = monotonicNs();
  readonly #turns = monitorEventLoopDelay({ resolution: 2 });
  #loadEndedAt = 0;

  constructor(cluster: Cluster, options: ChaosOptions, progress: Progress) {
    this.#cluster = cluster;
    this.#options = options;
    this.#progress = progress;
    this.#watch = new FaultWatch(cluster);
  }

  async all(): Promise<ChaosResult> {
    this.#progress.phase('filling');
    await this.#cluster.putMany(this.#baseEntries());
    const beginAt = monotonicNs();
    const { logs, tally, beyond } = await this.#hurt(beginAt);
    const loadSeconds = (this.#loadEndedAt - beginAt) / 1e9;

    this.#judgeCluster();
    this.#progress.phase('reading everything back');
    const parts: ProofParts = { logs, lives: this.#lives, shardOf: (key) => this.#cluster.executor.shardOf(key) };
    const { remains, all } = await this.#readBack(parts);
    this.#progress.phase('comparing copies');
    const copies = await new CopiesCheck(this.#cluster).run(this.#keysOf(remains));
    this.#progress.phase('checking histories');
    const proof = await prove(all, remains);
    this.#compareBase(remains);
    return {
      options: this.#options,
      seconds: (monotonicNs() - this.#startedAt) / 1e9,
      loadSeconds,
      faults: this.#watch.faults,
      watch: this.#watch,
      lives: this.#lives,
      lossNoticeMs: beyond?.noticeMs ?? [],
      logs,
      loadEndedAt: this.#loadEndedAt,
      worstTurnMs: this.#turns.max / 1e6,
      tally,
      proof,
      copies,
      findings: [...this.#findings, ...(beyond?.findings ?? []), ...proof.findings, ...copies.findings],
      proofParts: all,
    };
  }

  /** Load and faults together. */
  async #hurt(startedAt: number): Promise<{ logs: PackedLog[]; tally: Tally; beyond: Beyond | undefined }> {
    const { seed, callers, threads } = this.#options;
    const cluster = this.#cluster;
    const load = new Load(cluster, { seed, callers, threads, thinkMs: THINK_MS, startedAt });
    this.#progress.phase('hurting');
    this.#turns.enable();
    const telling = setInterval(() => this.#progress.tally(load.tally()), 200);
    const beyond = this.#options.beyond ? this.#beyond() : undefined;
    try {
      await this.#schedule(beyond).run((fault) => this.#progress.fault(fault, this.#watch.faults.length));
      await this.#recovered(beyond);
    } catch (error) {
      this.#find('cluster', String(error));
    }
    const logs = await load.stop();
    this.#loadEndedAt = monotonicNs();
    this.#turns.disable();
    clearInterval(telling);
    const tally = load.tally();
    if (tally.disordered > 0) this.#find('disorder', `${tally.disordered} pipelines read what was before their write`);
    return { logs, tally, beyond };
  }

  #beyond(): Beyond {
    const { seed, keys } = this.#options;
    const prng = new Prng(`${seed}/beyond`);
    return new Beyond({ cluster: this.#cluster, watch: this.#watch, lives: this.#lives, prng, baseKeys: keys });
  }

  #schedule(beyond: Beyond | undefined): FaultSchedule {
    const { seed, faults, seconds, kinds } = this.#options;
    const plan = { faults, forMs: seconds * 1000, kinds, beyond: beyond !== undefined };
    const parts = { cluster: this.#cluster, watch: this.#watch, prng: new Prng(`${seed}/faults`), plan };
    return new FaultSchedule(beyond === undefined ? parts : { ...parts, wipe: (onFault) => beyond.wipe(onFault) });
  }

  /** A node that hangs is not known to be dead yet, so there may be nothing to recover from: wait for the deaths first. */
  async #recovered(beyond: Beyond | undefined): Promise<void> {
    const deadline = monotonicNs() + RESTORE_LIMIT_MS * 1e6;
    while (this.#watch.pending > 0 && monotonicNs() < deadline) await delay(5);
    if (this.#watch.pending > 0) this.#find('cluster', `${this.#watch.pending} hurt nodes never died`);
    await beyond?.resets();
    await this.#cluster.settled({ timeoutMs: RESTORE_LIMIT_MS });
    // The last `slow` is let go, and its callers see the end of it.
    await delay(EXPIRY_MS);
  }

  async #readBack(parts: ProofParts): Promise<{ remains: Remains; all: ProofParts }> {
    await delay(EXPIRY_MS);
    const { keys, callers, threads } = this.#options;
    const rounds = Math.ceil((monotonicNs() - this.#startedAt) / ROUND_NS);
    const { found, log } = await readRemains({
      cluster: this.#cluster,
      shared: sharedKeys(rounds, callers),
      names: [...vouchedOnce(parts), ...Array.from({ length: keys }, (_, index) => baseEntry(index)[0])],
      thread: threads + 1,
    });
    return { remains: found, all: { ...parts, logs: [...parts.logs, log] } };
  }

  #keysOf(remains: Remains): Set<string> {
    const rounds = Math.ceil((monotonicNs() - this.#startedAt) / ROUND_NS);
    return new Set([...remains.keys(), ...sharedKeys(rounds, this.#options.callers).map(keyName)]);
  }

  *#baseEntries(): Generator<readonly [string, string]> {
    for (let index = 0; index < this.#options.keys; index++) yield baseEntry(index);
  }

  /** What was there before the first fault must be there still, unless its shard was lost. */
  #compareBase(remains: Remains): void {
    const gone = new Set(this.#lives.losses.map(({ shard }) => shard));
    let lost = 0;
    for (let index = 0; index < this.#options.keys; index++) {
      const [key] = baseEntry(index);
      if (remains.get(key) !== index && !gone.has(this.#cluster.executor.shardOf(key))) lost++;
    }
    if (lost > 0) this.#findings.push({ kind: 'lost', key: 'base-*', text: `${lost} keys are gone`, writes: lost });
  }

  #judgeCluster(): void {
    this.#watch.end();
    const { faults, unplanned, lost } = this.#watch;
    for (const { node, reason, detail } of unplanned) {
      // On a machine that starves its threads a healthy node may look hung. The cluster must bear it; it is not to blame.
      if (reason !== 'hung') this.#find('cluster', `${node} died though nobody hurt it: ${reason}, ${detail}`);
    }
    if (this.#options.beyond) return;
    for (const { shard } of lost) this.#find('cluster', `shard ${shard} was lost`);
    const open = faults.filter(({ restoredAt }) => restoredAt === null).length;
    if (open > 0) this.#find('cluster', `redundancy was not restored after ${open} faults`);
  }

  #find(kind: Finding['kind'], text: string): void {
    this.#findings.push({ kind, key: '*', text, writes: 0 });
  }
}
