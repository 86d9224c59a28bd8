/**
 * WorkerHost: the main thread's side of one worker thread, from its start to its end.
 *
 * Owns      the Worker, its control block, and the telling apart of ways to die.
 * Does not  choose which node the thread will be (fleet.ts), or read what is in batches.
 * Invariants
 *   WH1  `onDeath` is called at most once, and never for a thread that `terminate` was asked to end.
 *   WH2  after either, nothing more of the thread is heard. What it still had queued is the suffix that protocol.md lets a
 *       dead node lose; one that saturates its ports leaves tens of thousands of messages behind (measured: 14,000 to
 *       82,000), and reading them would slow the recovery down.
 *   WH3  `gone` resolves when the thread has ended, whatever ended it. Nobody waits for it but close(): ending can take
 *       as long as a native call in it (a 4 MB JSON.parse: 0.7 s).
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Batch } from '../../core/codec/writer.ts';
import type { Heartbeat } from '../../core/protocol/heartbeat.ts';
import { MASTER, type NodeId } from '../../core/protocol/ids.ts';
import type { DeathReason } from '../../core/protocol/notes.ts';
import type { NodeSettings } from '../../core/protocol/settings.ts';
import { type BootData, type Control, type FromWorker, isBatch, type Peer, type ToWorker } from './control.ts';
import { ControlBlock, POST_COUNTS } from './control-block.ts';
import { NODE_ENTRY } from './node-entry.ts';
import { waitedMs } from './thread-time.ts';

export interface HostSettings {
  readonly nodeModule: string | undefined;
  readonly nodeHeapMb: number;
  readonly shards: number;
}

/** What a host tells. A spare's are the pool's, until it becomes a node. */
export interface HostListener {
  onReady(host: WorkerHost): void;
  onBatch(batch: Batch): void;
  /** Something was posted to the thread. */
  onSent(): void;
  onDeath(host: WorkerHost, reason: DeathReason, detail: string, cause?: unknown): void;
}

/**
 * Three semi-spaces of 4 MB. Node grants a heap at its limit 16 MiB more to end in; a scavenge that promotes more than that
 * at once aborts the whole process instead (Node 24 by default: once in some 300 exhausted nodes). Throughput is the same.
 */
const YOUNG_HEAP_MB = 12;

export class WorkerHost {
  /** The node this thread was made; MASTER (0) while it is a spare. */
  node: NodeId = MASTER;
  /** It said so. */
  ready = false;
  readonly block: ControlBlock;
  readonly gone: Promise<void>;
  listener: HostListener;
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private ended = false;
  /** Posts so far: the thread counts them too (ControlBlock.rest). */
  private sent = 0;
  private tickSeen = 0;

  constructor(settings: HostSettings, listener: HostListener) {
    this.listener = listener;
    this.block = new ControlBlock(new SharedArrayBuffer(ControlBlock.bytesFor(settings.shards)));
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const bootData: BootData = { master: port2, block: this.block.memory, nodeModule: settings.nodeModule };
    this.worker = new Worker(NODE_ENTRY, {
      eval: typeof NODE_ENTRY === 'string',
      name: 'quintet-node',
      workerData: bootData,
      transferList: [port2],
      // Not the parent's --import, --require, --inspect…: they would be loaded by every node.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: settings.nodeHeapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.gone = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        this.die('exited', `exit code ${code}`);
        resolve();
      });
    });
    this.worker.on('error', (error: unknown) => this.onError(error));
    this.port.on('message', this.onMessage);
    this.port.on('messageerror', (error) => this.die('crashed', `a message could not be read: ${error.message}`));
    // Threads never keep the process alive; calls in flight do (keep-alive.ts). The worker not before 'online': coming up
    // refs it again (Node 20), and the process would never end.
    this.port.unref();
    this.worker.once('online', () => this.worker.unref());
  }

  /** Makes the thread a node. It may be booting still: what is posted waits for it. */
  init(node: NodeId, settings: NodeSettings, peers: readonly Peer[]): void {
    this.node = node;
    this.tell(
      { type: 'init', node, settings, peers },
      peers.map((peer) => peer.port),
    );
  }

  tell(control: Control, ports: readonly Peer['port'][] = []): void {
    this.port.postMessage(control satisfies ToWorker, ports);
    this.countSent();
  }

  postMessage(batch: Batch, transfer?: readonly ArrayBuffer[]): void {
    if (transfer === undefined) this.port.postMessage(batch);
    else this.port.postMessage(batch, transfer);
    this.countSent();
  }

  /** After the post: one that throws never arrives, and who waited for it would look hung for ever. */
  private countSent(): void {
    this.sent += 1;
    this.listener.onSent();
  }

  heartbeat(): Heartbeat {
    const { node, block, sent, tickSeen } = this;
    const { tick, rested } = block;
    const posted = sent % POST_COUNTS;
    this.tickSeen = tick;
    // A file is read for it: only of who has not moved, though it should.
    const isSuspect = tick === tickSeen && rested !== posted;
    return { node, tick, posted, rested, waitedMs: isSuspect ? waitedMs(block.thread) : Number.NaN };
  }

  /** Ends the thread, however it is. Nothing more is heard of it. */
  terminate(): void {
    this.silence();
    // Rejects never; `gone` is what to wait for.
    void this.worker.terminate();
  }

  private readonly onMessage = (message: FromWorker): void => {
    if (isBatch(message)) {
      this.listener.onBatch(message);
    } else {
      this.ready = true;
      this.listener.onReady(this);
    }
  };

  private onError(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.die(code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'crashed', detail, error);
  }

  private die(reason: DeathReason, detail: string, cause?: unknown): void {
    if (this.ended) return;
    this.silence();
    this.listener.onDeath(this, this.ready || reason === 'out-of-memory' ? reason : 'failed-to-start', detail, cause);
  }

  private silence(): void {
    this.ended = true;
    this.port.close();
  }
}
