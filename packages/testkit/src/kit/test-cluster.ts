/**
 * TestCluster: a real cluster (threads, failover and all) for the length of a test, to run an application against and to
 * hurt on purpose.
 *
 * Owns      what it started, and its end: everything is closed in the opposite order, whatever fails meanwhile.
 * Does not  imitate anything: it is the engine and the server that ship.
 * Invariant TC1  a fault is noted before it is injected, so `since: fault` never misses what the fault caused.
 */
import { Cluster, type ClusterEvents, type ClusterOptions, type Key, KvError, type Store } from '@quintet/engine';
import { monotonicNs } from '../clock.ts';
import { NoServer, NotLinearizable } from '../errors.ts';
import { type FaultPlan, FaultSchedule } from '../faults/fault-schedule.ts';
import { type Fault, FaultWatch } from '../faults/fault-watch.ts';
import { type InjectedFault, inject } from '../faults/inject.ts';
import { History } from '../history.ts';
import { type CheckOptions, checkLinearizable, type LinearizabilityReport } from '../linearizability.ts';
import { Prng } from '../prng.ts';
import { recordStore } from '../recording/record-store.ts';
import { closeWith, type TestContextLike } from './close-with.ts';
import { EventLog, type EventOptions, type SeenEvent, type TestEventName } from './event-log.ts';
import { FaultRun } from './fault-run.ts';
import { LeakWatch } from './leak-watch.ts';
import { type StartedServer, startTestServer, type TestServer, type TestServerOptions } from './test-server.ts';

/** Options of a test's cluster: those of `Cluster.start` (chaos is always allowed), and … */
export interface TestClusterOptions extends Omit<ClusterOptions, 'chaos'> {
  /** Also serve RESP, HTTP and gRPC on a free port of 127.0.0.1 (default false). */
  readonly server?: boolean | TestServerOptions;
  /** After close(), reject with Leaked if anything made since the start keeps the process alive (default false). */
  readonly refuseLeaks?: boolean;
  /** Milliseconds that waits take before they give up, unless told otherwise (default 20,000). */
  readonly timeoutMs?: number;
}

/** A run of faults: how many and which (FaultPlan), and what decides. */
export interface HurtOptions extends FaultPlan {
  /** The same seed chooses the same nodes and kinds in the same order, as far as threads let it. */
  readonly seed: string | number;
}

const TIMEOUT_MS_DEFAULT = 20_000;

/** Started by TestCluster.start or startFor; ends with close(), or at the end of its `await using` block. */
export class TestCluster implements AsyncDisposable {
  /** The cluster itself: a Store, with status, events and chaos. */
  readonly cluster: Cluster;
  /** What record() wrote down. */
  readonly history = new History();
  readonly #timeoutMs: number;
  readonly #log: EventLog;
  readonly #watch: FaultWatch;
  readonly #leaks: LeakWatch | null;
  readonly #runs: FaultRun[] = [];
  /** Called from the last to the first. */
  readonly #closers: (() => unknown)[] = [];
  #server: StartedServer | null = null;
  #clients = 0;
  #closing: Promise<void> | undefined;

  /**
   * Starts a cluster and resolves when every node is up.
   * @throws {KvError} INVALID_OPTION, START_FAILED (as rejections; nothing is left running)
   */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const { server = false, refuseLeaks = false, timeoutMs = TIMEOUT_MS_DEFAULT, ...clusterOptions } = options;
    const leaks = refuseLeaks ? new LeakWatch() : null;
    let test: TestCluster | undefined;
    try {
      test = new TestCluster(await Cluster.start({ ...clusterOptions, chaos: true }), leaks, timeoutMs);
      if (server !== false) test.#server = await startTestServer(test.cluster, server === true ? {} : server);
      return test;
    } catch (error) {
      leaks?.stop();
      await test?.cluster.close();
      throw error;
    }
  }

  /**
   * As start, and closes the cluster when the test is over: give the context of node:test, or of vitest.
   * @throws {KvError} as start
   */
  static async startFor(t: TestContextLike, options?: TestClusterOptions): Promise<TestCluster> {
    const test = await TestCluster.start(options);
    closeWith(t, () => test.close());
    return test;
  }

  private constructor(cluster: Cluster, leaks: LeakWatch | null, timeoutMs: number) {
    this.cluster = cluster;
    this.#leaks = leaks;
    this.#timeoutMs = timeoutMs;
    this.#log = new EventLog(cluster);
    this.#watch = new FaultWatch(cluster);
  }

  /** Where the server listens. @throws {NoServer} without the option `server` */
  get server(): TestServer {
    if (this.#server === null) throw new NoServer();
    return this.#server;
  }

  // ---- where a key is -------------------------------------------------------------------------------------------

  /** The shard a key lives in. */
  shardOf(key: Key): number {
    const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : Buffer.from(key);
    return this.cluster.executor.shardOf(bytes.toString('latin1'));
  }

  /** The life (`n3#2`) that now holds the primary of a key. @throws {KvError} SHARD_LOST */
  primaryOf(key: Key): string {
    return this.#chainOf(key)[0]!;
  }

  /** The life that now holds the last replica of a key, where it is read; without replicas, its primary. @throws {KvError} SHARD_LOST */
  tailOf(key: Key): string {
    return this.#chainOf(key).at(-1)!;
  }

  #chainOf(key: Key): readonly string[] {
    const shard = this.shardOf(key);
    const { chain } = this.cluster.status().shards[shard]!;
    if (chain.length === 0) throw new KvError('SHARD_LOST', `shard ${shard}`);
    return chain;
  }

  // ---- faults ---------------------------------------------------------------------------------------------------
  // Each takes a seat (`n3`) or a life (`n3#2`) and throws UNKNOWN_NODE if nobody sits there. None looks whether data is
  // lost by it: hurt() does.

  /** Terminates a node's thread at once. @throws {KvError} UNKNOWN_NODE, CLOSED */
  kill(node: string): Fault {
    return this.#hurtNow({ kind: 'kill', node });
  }

  /** Makes a node throw an uncaught error. @throws {KvError} UNKNOWN_NODE, CLOSED */
  crash(node: string): Fault {
    return this.#hurtNow({ kind: 'crash', node });
  }

  /** Makes a node call process.exit. @throws {KvError} UNKNOWN_NODE, CLOSED */
  exit(node: string): Fault {
    return this.#hurtNow({ kind: 'exit', node });
  }

  /** Makes a node allocate until V8 ends it, or it looks hung. @throws {KvError} UNKNOWN_NODE, CLOSED */
  exhaustMemory(node: string): Fault {
    return this.#hurtNow({ kind: 'exhaustMemory', node });
  }

  /** Blocks a node's thread; for longer than `hangLimitMs`, as without `ms`, it is given up. @throws {KvError} UNKNOWN_NODE, CLOSED, INVALID_OPTION */
  hang(node: string, ms?: number): Fault {
    return this.#hurtNow(ms === undefined ? { kind: 'hang', node } : { kind: 'hang', node, ms });
  }

  /** Delays every turn of a node by `ms`, until letGo(). @throws {KvError} UNKNOWN_NODE, CLOSED, INVALID_OPTION */
  slow(node: string, ms: number): Fault {
    return this.#hurtNow({ kind: 'slow', node, ms });
  }

  /** Ends a `slow`. @throws {KvError} UNKNOWN_NODE if the node has died since, CLOSED */
  letGo(slow: Fault): void {
    this.cluster.chaos.slow(slow.node, 0);
    this.#watch.endSlow(slow);
  }

  #hurtNow(fault: InjectedFault): Fault {
    return inject(this.cluster, this.#watch, fault);
  }

  /**
   * Hurts nodes one after the other while the test goes on, by a seed. Unless told `beyond: true` it never takes a shard's last
   * copy, so nothing may be lost. Faults injected by hand are respected.
   * @throws {KvError} INVALID_OPTION: no replicas, or no kinds
   */
  hurt({ seed, ...plan }: HurtOptions): FaultRun {
    const { cluster } = this;
    const prng = new Prng(`${seed}/faults`);
    const schedule = new FaultSchedule({ cluster, watch: this.#watch, prng, plan });
    const beyond = plan.beyond === true;
    const run = new FaultRun({ cluster, log: this.#log, schedule, beyond, timeoutMs: this.#timeoutMs });
    this.#runs.push(run);
    return run;
  }

  /** All faults so far, by hand or by schedule, with what became of them. */
  get faults(): readonly Fault[] {
    return this.#watch.faults;
  }

  // ---- waiting --------------------------------------------------------------------------------------------------

  /** All events so far, in order. */
  get events(): readonly SeenEvent[] {
    return this.#log.all;
  }

  /** A moment to look back to, for `since`. */
  mark(): { readonly at: number } {
    return { at: monotonicNs() };
  }

  /**
   * Resolves with the first event of a name. A kill is noticed before `kill` returns, so what it causes is waited for by
   * `{ since: fault }`; without `since` only what comes from now on counts.
   * @throws {EventNotSeen} as a rejection, with what was seen instead
   */
  event<N extends TestEventName>(name: N, options: EventOptions<N> = {}): Promise<ClusterEvents[N]> {
    return this.#log.wait(name, { timeoutMs: this.#timeoutMs, ...options });
  }

  /** Resolves when the node that was hurt is known to be dead. @throws {EventNotSeen} as a rejection */
  down(fault: Fault, options: { readonly timeoutMs?: number } = {}): Promise<ClusterEvents['node-down']> {
    return this.event('node-down', { ...options, since: fault, where: ({ node }) => node === fault.node });
  }

  /**
   * Resolves when every shard that a fault took a copy of has all its copies again; for `slow`, when it was let go.
   * @throws {EventNotSeen} as a rejection; {KvError} SHARD_LOST: the fault took the last copy
   */
  restored(fault: Fault, { timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const what = `all copies to be back after ${fault.kind} of ${fault.node}`;
    return this.#log.waitFor(what, this.#watch.restored(fault), fault.at, timeoutMs);
  }

  /** Resolves when every shard has all its copies, every seat is filled and nothing moves. @throws {KvError} TIMEOUT, CLOSED (as rejections) */
  settled({ timeoutMs = this.#timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.cluster.settled({ timeoutMs });
  }

  // ---- what was seen --------------------------------------------------------------------------------------------

  /**
   * A Store that writes every call down in `history`, as one client. The checker takes keys to be absent at first, so record
   * a key from its first write on. What cannot be judged throws NotRecordable and is not sent; see recordStore.
   */
  record(store: Store = this.cluster): Store {
    this.#clients += 1;
    return recordStore(store, this.history, this.#clients);
  }

  /** Checks everything recorded so far. @throws {NotLinearizable} with the operations that contradict each other */
  assertLinearizable(options?: CheckOptions): LinearizabilityReport {
    const report = checkLinearizable(this.history, options);
    if (report.verdict !== 'ok') throw new NotLinearizable(report);
    return report;
  }

  // ---- the end --------------------------------------------------------------------------------------------------

  /** To be called by close() before server and cluster go, the last one first: a client's disconnect, an app's shutdown. */
  onClose(close: () => unknown): void {
    this.#closers.push(close);
  }

  /**
   * Ends faults in flight, what onClose() was given, the server, the cluster. Everything is tried; rejects with the first error
   * (an AggregateError if there are several), with `refuseLeaks` also with Leaked. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const errors: unknown[] = [];
    const attempt = async (act: () => unknown): Promise<void> => {
      try {
        await act();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const run of this.#runs) await attempt(() => run.stop());
    for (const close of this.#closers.reverse()) await attempt(close);
    this.#log.close();
    this.#watch.end();
    await attempt(() => this.#server?.close());
    await attempt(() => this.cluster.close());
    await attempt(() => this.#leaks?.assertNone());
    if (errors.length > 1)
      throw new AggregateError(errors, 'several things went wrong while a test cluster was closed');
    if (errors.length === 1) throw errors[0];
  }
}
