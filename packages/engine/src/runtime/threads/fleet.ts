/**
 * Fleet: which thread is which node, and the ports between them.
 *
 * Owns      the live nodes' hosts, the mesh of ports, start limits, and the handing on of what hosts tell.
 * Does not  decide who lives, or who hangs (the master machine).
 * Invariants
 *   FL1  every pair of live nodes has one channel. Its ends are handed out when the younger node is made, on the ports the
 *       master's batches use: before any Config that could name the newcomer.
 *   FL2  a node is live from its spawn to the first of: its death, terminate(). `onDied` is told once, and only of deaths
 *       the master did not ask for with terminate().
 * Why a death is told before the thread has ended: terminate() resolves only after native calls in it return. Epochs fence
 * whatever it still says; the thread ends in parallel.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Batch } from '../../core/codec/writer.ts';
import type { Heartbeat } from '../../core/protocol/heartbeat.ts';
import { type NodeId, nodeName, type Seat, seatOf } from '../../core/protocol/ids.ts';
import type { DeathReason } from '../../core/protocol/notes.ts';
import type { NodeSettings } from '../../core/protocol/settings.ts';
import type { BatchSender } from '../drivers/batch-sender.ts';
import type { NodeStats } from '../runtime.ts';
import type { Fault, Peer } from './control.ts';
import { steadySecond } from './control-block.ts';
import type { HostListener, WorkerHost } from './worker-host.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface FleetSettings {
  readonly node: NodeSettings;
  readonly startLimitMs: number;
}

export interface FleetListener {
  onReady(node: NodeId): void;
  readonly onBatch: (batch: Batch) => void;
  readonly onSent: () => void;
  /** `cause`: the error that ended it, where there was one. */
  onDied(node: NodeId, reason: DeathReason, detail: string, cause?: unknown): void;
}

interface Member {
  readonly host: WorkerHost;
  readonly startTimer: NodeJS.Timeout;
}

export class Fleet implements HostListener {
  private readonly settings: FleetSettings;
  private readonly pool: WorkerPool;
  private readonly sender: BatchSender;
  private readonly listener: FleetListener;
  private readonly members = new Map<NodeId, Member>();
  /** The listener's own: they are called for every batch. */
  readonly onBatch: (batch: Batch) => void;
  readonly onSent: () => void;
  private closed = false;

  constructor(parts: { settings: FleetSettings; pool: WorkerPool; sender: BatchSender; listener: FleetListener }) {
    this.settings = parts.settings;
    this.pool = parts.pool;
    this.sender = parts.sender;
    this.listener = parts.listener;
    this.onBatch = parts.listener.onBatch;
    this.onSent = parts.listener.onSent;
  }

  spawn(node: NodeId): void {
    if (this.closed) return;
    try {
      const host = this.pool.take(this);
      host.init(node, this.settings.node, this.connect(node));
      this.members.set(node, { host, startTimer: this.limitStart(node) });
      this.sender.add(node, host);
    } catch (error) {
      // The system gave no thread, or allows none. Told later: a spawn's failure must not arrive before the spawn is over.
      const detail = error instanceof Error ? error.message : String(error);
      setImmediate(() => this.listener.onDied(node, 'failed-to-start', detail, error));
    }
  }

  /** Ends a node the master knows is dead. */
  terminate(node: NodeId): void {
    this.remove(node)?.terminate();
  }

  /** Ends a node the master does not know is dead, and tells it. False if there is no such live node. */
  declareDead(node: NodeId, reason: DeathReason, detail: string, cause?: unknown): boolean {
    const host = this.remove(node);
    if (host === undefined) return false;
    host.terminate();
    // It may have been the spare, and no other node come up: its seat waits, or is stopped.
    if (!host.ready) this.pool.restock();
    this.listener.onDied(node, reason, detail, cause);
    return true;
  }

  /** The live node in a seat that is up. */
  upIn(seat: Seat): NodeId | undefined {
    for (const [node, { host }] of this.members) if (seatOf(node) === seat && host.ready) return node;
    return undefined;
  }

  tellFault(node: NodeId, fault: Fault): void {
    this.members.get(node)?.host.tell({ type: 'fault', fault });
  }

  /** Of all nodes that are up: one that starts is watched by its start limit. */
  heartbeats(): Heartbeat[] {
    const beats: Heartbeat[] = [];
    for (const { host } of this.members.values()) if (host.ready) beats.push(host.heartbeat());
    return beats;
  }

  /** Has every node, the spare apart, give back what memory it can. */
  purge(): void {
    for (const { host } of this.members.values()) host.tell({ type: 'purge' });
  }

  memoryBytes(): number {
    let bytes = 0;
    for (const { host } of this.members.values())
      for (const { reservedBytes } of host.block.readCopies()) bytes += reservedBytes;
    return bytes;
  }

  statsOf(node: NodeId): NodeStats | undefined {
    const block = this.members.get(node)?.host.block;
    return block && { node, loopDelayMs: block.readDelay(steadySecond()), copies: block.readCopies() };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const node of [...this.members.keys()]) this.terminate(node);
    await this.pool.close();
  }

  onReady(host: WorkerHost): void {
    const member = this.members.get(host.node);
    if (member?.host !== host) return;
    clearTimeout(member.startTimer);
    this.pool.restock();
    this.listener.onReady(host.node);
  }

  onDeath(host: WorkerHost, reason: DeathReason, detail: string, cause?: unknown): void {
    if (this.members.get(host.node)?.host === host) this.declareDead(host.node, reason, detail, cause);
  }

  /** Makes a channel to every live node; returns the newcomer's ends. */
  private connect(newcomer: NodeId): Peer[] {
    const peers: Peer[] = [];
    for (const [node, { host }] of this.members) {
      const { port1, port2 } = new MessageChannel();
      host.tell({ type: 'peer', peer: { node: newcomer, port: port1 } }, [port1]);
      peers.push({ node, port: port2 });
    }
    return peers;
  }

  private limitStart(node: NodeId): NodeJS.Timeout {
    const { startLimitMs } = this.settings;
    const detail = `${nodeName(node)} was not ready within ${startLimitMs} ms`;
    return setTimeout(() => this.declareDead(node, 'failed-to-start', detail), startLimitMs).unref();
  }

  private remove(node: NodeId): WorkerHost | undefined {
    const member = this.members.get(node);
    if (member === undefined) return undefined;
    clearTimeout(member.startTimer);
    this.members.delete(node);
    this.sender.remove(node);
    for (const { host } of this.members.values()) host.tell({ type: 'gone', node });
    return member.host;
  }
}
