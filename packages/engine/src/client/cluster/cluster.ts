/**
 * Cluster: a running cluster as its user holds it: a Store, with events, status, chaos, handles and an end.
 *
 * Owns      the life of the cluster as its user sees it; nothing may be asked of a closed one.
 * Does not  run threads (runtime/), decide (core/), encode or wait (TypedStore and below).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Master } from '../../core/master/master.ts';
import { KvError } from '../../core/protocol/errors.ts';
import { type Seat, seatName } from '../../core/protocol/ids.ts';
import { ClusterExecutor } from '../../executor/cluster-executor.ts';
import { startRuntime } from '../../runtime/index.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { CALL_OPTIONS, checkCallOptions } from '../store/call-options.ts';
import type { CallOptions } from '../store/store.ts';
import { abortedBefore } from '../typed/call.ts';
import { TypedStore } from '../typed/typed-store.ts';
import { ChaosControl } from './chaos.ts';
import { type ClusterSettings, checkMemoryLimit, checkOptions } from './check-options.ts';
import type { Chaos, ClusterApi, ClusterHandle } from './cluster-api.ts';
import { type ClusterEmitter, checkEventName, EventHub } from './cluster-events.ts';
import { describeStatus } from './describe-status.ts';
import { Handles } from './handle.ts';
import type { ClusterMemoryLimit, ClusterOptions, MemoryLimitOptions } from './options.ts';
import type { ClusterEventName, ClusterEvents, ClusterStatus } from './status.ts';

/** Changes, and their bytes, on their way to the thread of one handle; more end the watch they are for (WATCH_LAGGED). */
const WATCH_WINDOW_CHANGES = 65_536;
const WATCH_WINDOW_BYTES = 32 * 1024 * 1024;
/** How often settled() looks. */
const SETTLED_POLL_MS = 5;

/**
 * A cluster in this process, and the Store of its data; made by `Cluster.start`. At rest it keeps no process alive: calls
 * in flight and waiting for a change do. End it with `close()` or `await using`.
 */
export class Cluster extends TypedStore implements ClusterApi {
  readonly chaos: Chaos;
  readonly chaosAllowed: boolean;
  readonly #settings: ClusterSettings;
  readonly #runtime: Runtime<Master>;
  readonly #events = new EventHub();
  readonly #handles: Handles;
  readonly #startedAt: number;
  #closing: Promise<void> | undefined;

  /**
   * Starts a cluster and resolves when every node is up.
   * @throws {KvError} INVALID_OPTION, START_FAILED (as rejections; nothing is left running)
   */
  static async start(options?: ClusterOptions): Promise<Cluster> {
    const settings = checkOptions(options);
    const cluster = new Cluster(settings);
    await cluster.#runtime.ready;
    return cluster;
  }

  private constructor(settings: ClusterSettings) {
    const { master, node, nodeHeapMb } = settings;
    const runtime = startRuntime<Master>({
      master,
      node,
      nodeHeapMb,
      createMaster: (parts) => new Master(parts),
    });
    super(new ClusterExecutor(runtime, master.shards, { ...settings.limits, copies: master.replicas + 1 }));
    this.#settings = settings;
    this.#runtime = runtime;
    this.#startedAt = runtime.now();
    this.chaosAllowed = settings.chaos;
    this.chaos = new ChaosControl({
      allowed: settings.chaos,
      faults: runtime.faults,
      seatOf: (name) => this.#seatOf(name),
    });
    this.#handles = new Handles(this.executor, {
      maxPendingCalls: master.waitingOperations,
      maxPendingBytes: master.waitingBytes,
      watchWindowChanges: WATCH_WINDOW_CHANGES,
      watchWindowBytes: WATCH_WINDOW_BYTES,
    });
    runtime.onNote((note) => this.#events.tell(note, Math.round(runtime.now())));
    runtime.onFatal((error) => this.#onFatal(error));
  }

  /**
   * What the cluster is doing now. Counts of keys and bytes are up to a few hundred milliseconds old.
   * @throws {KvError} CLOSED
   */
  status(): ClusterStatus {
    this.#checkOpen();
    return describeStatus({
      runtime: this.#runtime,
      master: this.#settings.master,
      events: this.#events.counters,
      startedAt: this.#startedAt,
    });
  }

  /** The emitter behind on, once and off, for `once` and `on` of node:events. */
  get events(): ClusterEmitter {
    return this.#events.emitter;
  }

  on<N extends ClusterEventName>(event: N, listener: (detail: ClusterEvents[N]) => void): this {
    checkEventName(event);
    this.#events.emitter.on(event, listener as never);
    return this;
  }

  off<N extends ClusterEventName>(event: N, listener: (detail: ClusterEvents[N]) => void): this {
    checkEventName(event);
    this.#events.emitter.off(event, listener as never);
    return this;
  }

  once<N extends ClusterEventName>(event: N, listener: (detail: ClusterEvents[N]) => void): this {
    checkEventName(event);
    this.#events.emitter.once(event, listener as never);
    return this;
  }

  /**
   * Resolves when every shard has all its copies, every seat is filled (or stopped) and nothing is moving; with a lost
   * shard that is not before resetShard.
   * @throws {KvError} ABORTED, TIMEOUT, CLOSED, INVALID_OPTION (as rejections)
   */
  async settled(options: CallOptions = {}): Promise<void> {
    checkCallOptions(options, CALL_OPTIONS);
    const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
    const deadline = performance.now() + timeoutMs;
    // Waiting is no call in flight, so it has to say that it wants the process alive.
    const release = this.#runtime.hold();
    try {
      for (;;) {
        this.#checkOpen();
        if (signal?.aborted) throw abortedBefore(signal);
        if (this.#isSettled()) return;
        const left = deadline - performance.now();
        if (left <= 0) throw new KvError('TIMEOUT', `not settled within ${timeoutMs} ms`);
        await delay(Math.min(SETTLED_POLL_MS, left));
      }
    } finally {
      release();
    }
  }

  /** @throws {KvError} UNKNOWN_SHARD, NOT_LOST, CLOSED */
  resetShard(shard: number): void {
    this.#checkOpen();
    const control = this.#runtime.master.shards[shard];
    if (control === undefined) {
      throw new KvError('UNKNOWN_SHARD', `${String(shard)}; shards are 0 to ${this.#settings.master.shards - 1}`);
    }
    if (!control.lost) throw new KvError('NOT_LOST', `shard ${shard}`);
    this.#runtime.inputs.resetShard(shard);
  }

  /** What nodes may hold now, and what a full one does. */
  get memoryLimit(): ClusterMemoryLimit {
    const { maxMemoryBytes, eviction } = this.#runtime.master.memory.limit;
    return { maxMemory: maxMemoryBytes, eviction };
  }

  /**
   * Changes what nodes may hold, and what a full one does, for those that are there and those to come. What is asked after
   * this call is judged by the new limit (or a later one); it resolves when every node works by it. A limit below what is held loses nothing
   * by itself: without eviction writes that need room are refused until there is some; with it the nodes evict at once.
   * @throws {KvError} INVALID_OPTION, CLOSED (as rejections)
   */
  async setMemoryLimit(limit: MemoryLimitOptions): Promise<void> {
    this.#checkOpen();
    const checked = checkMemoryLimit(limit, this.#runtime.master.memory.limit, this.#settings.master);
    await new Promise<void>((resolve, reject) => {
      this.#runtime.inputs.setMemoryLimit(checked, {
        onResult: () => resolve(),
        onError: (code, details) => reject(new KvError(code, details)),
      });
    });
  }

  /** Bytes that all nodes hold for data, as they last said; 0 once closed. */
  memoryBytes(): number {
    return this.#runtime.memoryBytes();
  }

  /** Gives unused memory back to the system now, in this thread and every node. */
  releaseMemory(): void {
    this.#runtime.purge();
  }

  /** Whether writes that need room in a shard are refused with OUT_OF_MEMORY now: a node of its chain is full, and nothing is evicted. */
  refusesGrowth(shard: number): boolean {
    return this.#runtime.master.shards[shard]?.refusesGrowth ?? false;
  }

  /** No harm if the seat is not stopped. @throws {KvError} UNKNOWN_NODE, CLOSED */
  reviveNode(node: string): void {
    this.#runtime.inputs.reviveSeat(this.#seatOf(node));
  }

  /** @throws {KvError} CLOSED */
  handle(): ClusterHandle {
    this.#checkOpen();
    return this.#handles.open();
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeNow(): Promise<void> {
    // The runtime fails what is in flight at once; then the handles can post what their threads are still owed.
    const closed = this.#runtime.close();
    this.#handles.close();
    await closed;
  }

  /** A seat that will be filled is no rest: its node will be given copies. */
  #isSettled(): boolean {
    const { settled, seats } = this.#runtime.master;
    return settled && seats.all.every(({ health }) => health === 'up' || health === 'stopped');
  }

  #onFatal(error: Error): void {
    this.#events.tellFatal(error);
    void this.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new KvError('CLOSED');
  }

  /** The seat of `n3`, or of `n3#2` if that life sits there now. */
  #seatOf(name: string): Seat {
    this.#checkOpen();
    const seats = this.#runtime.master.seats.all;
    const [, number, incarnation] = /^n(\d{1,3})(?:#(\d{1,15}))?$/.exec(String(name)) ?? [];
    const state = seats.find(({ seat }) => seat === Number(number));

    if (state !== undefined && (incarnation === undefined || Number(incarnation) === state.incarnation))
      return state.seat;
    throw new KvError('UNKNOWN_NODE', `${String(name)}; nodes are ${seatName(1)} to ${seatName(seats.length)}`);
  }
}
