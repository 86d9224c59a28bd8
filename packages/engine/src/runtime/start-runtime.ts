/**
 * startRuntime: puts driver, fleet and keep-alive together, and shows them as one Runtime.
 *
 * Owns      the runtime's own life: starting (`ready`), failing, closing.
 * Does not  decide anything the master machine could.
 */

import { type ErrorCode, KvError } from '../core/protocol/errors.ts';
import { MASTER, type NodeId, nodeName, type Seat, seatOf } from '../core/protocol/ids.ts';
import type { MasterMachine } from '../core/protocol/machines.ts';
import type { DeathReason, Note } from '../core/protocol/notes.ts';
import { BatchSender } from './drivers/batch-sender.ts';
import { clock, MasterDriver } from './drivers/master-driver.ts';
import { BufferMemory } from './memory/buffer-memory.ts';
import type { Faults, MasterInputs, NodeStats, Runtime, RuntimeSettings } from './runtime.ts';
import { shrinkHeap } from './threads/collect.ts';
import type { Fault } from './threads/control.ts';
import { Fleet } from './threads/fleet.ts';
import { KeepAlive } from './threads/keep-alive.ts';
import { WorkerPool } from './threads/worker-pool.ts';

const DEFAULT_START_LIMIT_MS = 10_000;

export function startRuntime<M extends MasterMachine>(settings: RuntimeSettings<M>): Runtime<M> {
  const runtime = new ThreadRuntime(settings);
  runtime.start();
  return runtime;
}

class ThreadRuntime<M extends MasterMachine> implements Runtime<M> {
  readonly ready: Promise<void>;
  readonly faults: Faults;
  private readonly settings: RuntimeSettings<M>;
  private readonly keepAlive = new KeepAlive();
  private readonly driver: MasterDriver<M>;
  private readonly fleet: Fleet;
  private readonly noteListeners = new Set<(note: Note) => void>();
  private readonly fatalListeners = new Set<(error: Error) => void>();
  private readonly starting: Starting;
  private closing: Promise<void> | undefined;

  constructor(settings: RuntimeSettings<M>) {
    this.settings = settings;
    const { nodeModule, nodeHeapMb, master, spare = true, startLimitMs = DEFAULT_START_LIMIT_MS } = settings;
    const sender = new BatchSender(MASTER);
    const calm = () => this.driver.machine.settled;
    const pool = new WorkerPool({ nodeModule, nodeHeapMb, shards: master.shards }, { enabled: spare, calm });
    this.driver = new MasterDriver({
      createMaster: (outbox) => settings.createMaster({ settings: master, outbox, memory: new BufferMemory() }),
      sender,
      keepAlive: this.keepAlive,
      listener: {
        spawn: (node) => this.fleet.spawn(node),
        terminate: (node) => this.fleet.terminate(node),
        heartbeats: () => this.fleet.heartbeats(),
        note: (note) => this.tellNote(note),
        fatal: (error) => this.onFatalError(error),
      },
    });
    this.fleet = new Fleet({
      settings: { node: settings.node, startLimitMs },
      pool,
      sender,
      listener: {
        onReady: (node) => this.onReady(node),
        onBatch: this.driver.onBatch,
        onSent: () => this.driver.onSent(),
        onDied: (node, reason, detail, cause) => this.onDied(node, reason, detail, cause),
      },
    });
    this.starting = new Starting(master.nodes);
    this.ready = this.starting.promise;
    this.faults = this.makeFaults();
  }

  start(): void {
    const release = this.hold();
    // A failed start is reported by `ready`; who does not look at it still gets a closed runtime, not an unhandled rejection.
    this.ready.then(release, () => this.close().finally(release));
    this.driver.start();
  }

  get failures(): ReadonlyMap<ErrorCode, number> {
    return this.driver.failures;
  }

  get master(): M {
    return this.driver.machine;
  }

  get inputs(): MasterInputs {
    return this.driver;
  }

  now(): number {
    return clock();
  }

  purge(): void {
    if (this.closing !== undefined) return;
    this.fleet.purge();
    shrinkHeap();
  }

  memoryBytes(): number {
    return this.fleet.memoryBytes();
  }

  nodeStats(): (NodeStats | undefined)[] {
    return Array.from({ length: this.settings.master.nodes }, (_, index) => {
      const node = this.fleet.upIn(index + 1);
      return node === undefined ? undefined : this.fleet.statsOf(node);
    });
  }

  onNote(listener: (note: Note) => void): () => void {
    this.noteListeners.add(listener);
    return () => this.noteListeners.delete(listener);
  }

  onFatal(listener: (error: Error) => void): () => void {
    this.fatalListeners.add(listener);
    return () => this.fatalListeners.delete(listener);
  }

  hold(): () => void {
    let held = true;
    this.keepAlive.hold();
    return () => {
      if (!held) return;
      held = false;
      this.keepAlive.release();
      this.keepAlive.settle();
    };
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    this.keepAlive.hold();
    this.starting.fail('the cluster was closed while it started');
    this.driver.close();
    await this.fleet.close();
    this.keepAlive.end();
  }

  private onReady(node: NodeId): void {
    this.driver.onReady(node);
    this.starting.nodeReady(node);
  }

  private onDied(node: NodeId, reason: DeathReason, detail: string, cause: unknown): void {
    this.driver.onDied(node, reason, detail);
    if (reason === 'failed-to-start') this.starting.nodeFailed(node, detail, cause);
  }

  private tellNote(note: Note): void {
    for (const listener of this.noteListeners) {
      try {
        listener(note);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  private onFatalError(error: Error): void {
    void this.close();
    if (this.fatalListeners.size === 0) throwLater(error);
    for (const listener of this.fatalListeners) listener(error);
  }

  private makeFaults(): Faults {
    const inject = (seat: Seat, fault: Fault): boolean => {
      const node = this.fleet.upIn(seat);
      if (node !== undefined) this.fleet.tellFault(node, fault);
      return node !== undefined;
    };
    return {
      kill: (seat) => {
        const node = this.fleet.upIn(seat);
        return node !== undefined && this.fleet.declareDead(node, 'killed', 'killed on command');
      },
      crash: (seat) => inject(seat, { fault: 'crash' }),
      exit: (seat) => inject(seat, { fault: 'exit' }),
      exhaustMemory: (seat) => inject(seat, { fault: 'exhaust-memory' }),
      hang: (seat, ms) => inject(seat, { fault: 'hang', ms }),
      slow: (seat, ms) => inject(seat, { fault: 'slow', ms }),
    };
  }
}

/** An error that is nobody's answer: it reaches the process as an uncaught exception, outside of whoever noticed it. */
function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/**
 * Whether the first node of every seat has come up. A node that fails to start is tried again by the master; more failures
 * than there are seats, and the fault is not one node's (a missing file, no memory, no threads).
 */
class Starting {
  readonly promise: Promise<void>;
  private readonly nodes: number;
  private readonly up = new Set<Seat>();
  private failures = 0;
  private resolve: () => void = () => {};
  private reject: (error: KvError) => void = () => {};

  constructor(nodes: number) {
    this.nodes = nodes;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  nodeReady(node: NodeId): void {
    this.up.add(seatOf(node));
    if (this.up.size === this.nodes) this.resolve();
  }

  nodeFailed(node: NodeId, detail: string, cause: unknown): void {
    this.failures += 1;
    if (this.failures > this.nodes || isLasting(cause)) this.fail(`${nodeName(node)}: ${detail}`, cause);
  }

  fail(details: string, cause?: unknown): void {
    const options = cause === undefined ? {} : { cause };
    this.reject(new KvError('START_FAILED', details, isLasting(cause) ? { ...options, retryable: false } : options));
  }
}

/** What Node calls a file that is missing or unreadable, or a thread the permission model refuses. */
const LASTING = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_ACCESS_DENIED', 'ENOENT', 'EACCES', 'EPERM']);

/** Whether the next start would fail as this one did: no memory and no threads pass, a missing file or permission does not. */
function isLasting(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && LASTING.has(String(cause.code));
}
