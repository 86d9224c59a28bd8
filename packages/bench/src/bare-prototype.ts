/**
 * BarePrototype: the least that could be called replicated puts over worker threads: a Map on five nodes, every put handed
 * on to one successor before it is answered, one batch per destination and turn. No order between clients, no conditions,
 * no recovery: what the platform allows, as a floor for what all the rest costs.
 */
import { MessageChannel, Worker } from 'node:worker_threads';

const NODES = 5;

type Settle = (value: string | undefined) => void;

/** A queue that is only shifted: an index instead of Array.shift, which is linear. */
class Pending {
  private settles: Settle[] = [];
  private first = 0;

  push(settle: Settle): void {
    this.settles.push(settle);
  }

  settle(value: string | undefined): void {
    this.settles[this.first++]!(value);
    if (this.first < 4096) return;
    this.settles = this.settles.slice(this.first);
    this.first = 0;
  }
}

interface Batch {
  readonly puts: string[];
  readonly gets: string[];
}

class BareNode {
  readonly puts = new Pending();
  readonly gets = new Pending();
  readonly worker = new Worker(new URL('./bare-node.mjs', import.meta.url));
  batch: Batch | null = null;
}

export class BarePrototype implements AsyncDisposable {
  private readonly nodes = Array.from({ length: NODES }, () => new BareNode());
  private waiting: BareNode[] = [];

  constructor() {
    const channels = this.nodes.map(() => new MessageChannel());
    this.nodes.forEach(({ worker }, at) => {
      const before = (at + NODES - 1) % NODES;
      const ports = { successor: channels[at]!.port1, predecessor: channels[before]!.port2 };
      worker.postMessage(ports, [ports.successor, ports.predecessor]);
      worker.on('message', (answers: [number, ...string[]]) => this.onAnswers(at, before, answers));
    });
  }

  put(key: string, value: string): Promise<string | undefined> {
    return new Promise((settle) => {
      const node = this.nodeOf(key);
      node.puts.push(settle);
      this.batchOf(node).puts.push(key, value);
    });
  }

  get(key: string): Promise<string | undefined> {
    return new Promise((settle) => {
      const node = this.nodeOf(key);
      node.gets.push(settle);
      this.batchOf(node).gets.push(key);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(({ worker }) => worker.terminate()));
  }

  private onAnswers(at: number, before: number, answers: readonly [number, ...string[]]): void {
    const { puts } = this.nodes[before]!;
    const { gets } = this.nodes[at]!;
    for (let left = answers[0]; left > 0; left--) puts.settle(undefined);
    for (let value = 1; value < answers.length; value++) gets.settle(answers[value] as string);
  }

  private nodeOf(key: string): BareNode {
    let sum = 0;
    for (let at = 0; at < key.length; at++) sum += key.charCodeAt(at);
    return this.nodes[sum % NODES]!;
  }

  private batchOf(node: BareNode): Batch {
    if (node.batch === null) {
      node.batch = { puts: [], gets: [] };
      if (this.waiting.length === 0) setImmediate(() => this.flush());
      this.waiting.push(node);
    }
    return node.batch;
  }

  private flush(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const node of waiting) {
      node.worker.postMessage(node.batch);
      node.batch = null;
    }
  }
}
