/**
 * VirtualCluster: the real Master and Nodes joined by FIFO queues in one thread, every delivery chosen by the test (or a
 * seed). The smallest thing that can show a protocol bug; packages/simulator is its big brother.
 */

import type { Operation, TransactionOperation } from '../../src/core/data/operation.ts';
import type { Result } from '../../src/core/data/result.ts';
import { Master } from '../../src/core/master/master.ts';
import { Node } from '../../src/core/node/node.ts';
import type { ErrorCode } from '../../src/core/protocol/errors.ts';
import { MASTER, type NodeId } from '../../src/core/protocol/ids.ts';
import type { MemoryLimitChange } from '../../src/core/protocol/machines.ts';
import type { Message } from '../../src/core/protocol/messages.ts';
import type { Note } from '../../src/core/protocol/notes.ts';
import type { Sink } from '../../src/core/protocol/outbox.ts';
import {
  DEFAULT_MASTER_SETTINGS,
  DEFAULT_NODE_SETTINGS,
  type MasterSettings,
  type NodeSettings,
} from '../../src/core/protocol/settings.ts';
import { BufferMemory } from '../../src/runtime/memory/buffer-memory.ts';

export interface Answered {
  result: Result | null;
  code: ErrorCode | null;
}

interface Link {
  from: NodeId;
  to: NodeId;
  queue: Message[];
}

export class VirtualCluster {
  now = 1000;
  readonly master: Master;
  readonly nodes = new Map<NodeId, Node>();
  readonly dead = new Set<NodeId>();
  readonly links = new Map<string, Link>();
  readonly notes: Note[] = [];
  readonly spawning: NodeId[] = [];
  private readonly nodeSettings: NodeSettings;
  readonly trace: string[] = [];

  constructor(master: Partial<MasterSettings> = {}, node: Partial<NodeSettings> = {}) {
    this.nodeSettings = { ...DEFAULT_NODE_SETTINGS, ...node };
    this.master = new Master({
      settings: { ...DEFAULT_MASTER_SETTINGS, filterSlots: 64, ...master },
      memory: new BufferMemory(),
      outbox: {
        send: (to, message) => this.post(MASTER, to, message),
        reply: (sink, result) => sink.onResult(result),
        fail: (sink, code, details) => sink.onError(code, details),
        spawn: (node) => this.spawning.push(node),
        terminate: (node) => this.stop(node),
        watchStarted: (sink, positions) => sink.onStart(positions),
        changes: (sink, changes) => sink.onChanges(changes),
        watchProgress: (sink, places) => sink.onProgress(places),
        watchEnded: (sink, code, details) => sink.onEnd(code, details),
        note: (note) => this.notes.push(note),
      },
    });
    this.master.start(this.now);
  }

  private post(from: NodeId, to: NodeId, message: Message): void {
    const name = `${from}>${to}`;
    let link = this.links.get(name);
    if (link === undefined) {
      link = { from, to, queue: [] };
      this.links.set(name, link);
    }
    link.queue.push(structuredClone(message));
  }

  private stop(node: NodeId): void {
    this.dead.add(node);
  }

  boot(node: NodeId): void {
    this.spawning.splice(this.spawning.indexOf(node), 1);
    const outbox = { send: (to: NodeId, message: Message) => this.post(node, to, message) };
    this.nodes.set(node, new Node({ id: node, settings: this.nodeSettings, memory: new BufferMemory(), outbox }));
    this.master.nodeReady(node, this.now);
  }

  bootAll(): void {
    while (this.spawning.length > 0) this.boot(this.spawning[0]!);
  }

  /** Links with something to deliver to somebody alive (or to the master). */
  busy(): Link[] {
    const busy: Link[] = [];
    for (const link of this.links.values()) {
      if (link.queue.length === 0) continue;
      if (link.to !== MASTER && this.dead.has(link.to)) link.queue.length = 0;
      else busy.push(link);
    }
    return busy;
  }

  deliver(link: Link): void {
    const message = link.queue.shift()!;
    if (link.to === MASTER) {
      this.master.receive(link.from, message, this.now);
      this.master.endTurn(this.now);
      return;
    }
    const node = this.nodes.get(link.to);
    if (node === undefined) return;
    if (link.from === MASTER) node.onTime(this.now);
    node.receive(link.from, message);
    node.endTurn();
  }

  /** Kills a node; of what it had queued only a prefix of each link survives. */
  kill(node: NodeId, keep: (length: number) => number): void {
    for (const link of this.links.values()) if (link.from === node) link.queue.length = keep(link.queue.length);
    this.dead.add(node);
    this.master.nodeDied(node, 'killed', '', this.now);
  }

  work(): boolean {
    let more = false;
    for (const [id, node] of this.nodes) if (!this.dead.has(id)) more = node.work() || more;
    for (const [id, node] of this.nodes) if (!this.dead.has(id)) node.endTurn();
    return more;
  }

  /** Runs until nothing is left to do. */
  settle(): void {
    for (let round = 0; round < 100_000; round++) {
      this.bootAll();
      const busy = this.busy();
      for (const link of busy) while (link.queue.length > 0) this.deliver(link);
      const more = this.work();
      this.now += 1;
      if (this.master.nextDeadline() <= this.now) this.master.tick(this.now, []);
      if (busy.length === 0 && !more && this.spawning.length === 0 && this.master.settled && round > 20) return;
    }
    throw new Error('the cluster does not settle');
  }

  submit(shard: number, operation: Operation): Answered {
    const { answered, sink } = listen();
    this.master.submit(shard, operation, sink, this.now);
    return answered;
  }

  transact(operation: TransactionOperation): Answered {
    const { answered, sink } = listen();
    this.master.submit(0, operation, sink, this.now);
    return answered;
  }

  setMemoryLimit(limit: MemoryLimitChange): Answered {
    const { answered, sink } = listen();
    this.master.setMemoryLimit(limit, sink, this.now);
    return answered;
  }

  /** All copies of a shard in chain order, as sorted lists of entries. */
  copies(shard: number): string[] {
    return this.master.shards[shard]!.chain.map((id) => {
      const data = this.nodes.get(id)!.inspect(shard)!.state.data;
      const entries: string[] = [];
      data.walk(0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, false, (entry) => {
        entries.push(`${entry.key}=${entry.value}@${entry.version}/${entry.expiresAt}`);
      });
      return entries.sort().join('\n');
    });
  }
}

function listen(): { answered: Answered; sink: Sink } {
  const answered: Answered = { result: null, code: null };
  const once = (): void => {
    if (answered.result !== null || answered.code !== null) throw new Error('answered twice');
  };
  const sink: Sink = {
    onResult: (result) => {
      once();
      answered.result = result;
    },
    onError: (code) => {
      once();
      answered.code = code;
    },
  };
  return { answered, sink };
}
