/**
 * BatchSender: the outgoing half of a thread's links: collects the messages of a turn per destination, posts each
 * destination one batch when flushed.
 *
 * Owns      an encoder per destination, and which of them have something to send.
 * Does not  decide when a turn ends (the drivers do), own ports, or know who is alive.
 * Invariant BS1  what is sent to one destination arrives in the order of its shard (core/codec/grammar.ts, CD2), all of a turn at once unless it is so much that
 *           no heap should have to hold it in one piece.
 */
import { BatchEncoder } from '../../core/codec/encoder.ts';
import type { Batch } from '../../core/codec/writer.ts';
import type { NodeId } from '../../core/protocol/ids.ts';
import type { Message } from '../../core/protocol/messages.ts';
import { NATIVE } from '../memory/native.ts';

/** Where batches can be posted to: a MessagePort, or a Worker. */
export interface BatchTarget {
  postMessage(batch: Batch, transfer?: readonly ArrayBuffer[]): void;
}

interface Link {
  readonly target: BatchTarget;
  readonly encoder: BatchEncoder;
}

export class BatchSender {
  private readonly self: NodeId;
  private readonly clock: () => number;
  private readonly links = new Map<NodeId, Link>();
  private waiting: Link[] = [];

  /** `clock`: the master's, for what cannot wait for the end of a turn; a node has none to tell. */
  constructor(self: NodeId, clock: () => number = () => 0) {
    this.self = self;
    this.clock = clock;
  }

  add(node: NodeId, target: BatchTarget): void {
    this.links.set(node, { target, encoder: new BatchEncoder(this.self, NATIVE) });
  }

  /** What was collected for it and not yet posted is dropped with it. */
  remove(node: NodeId): void {
    const link = this.links.get(node);
    if (link === undefined) return;
    this.links.delete(node);
    this.waiting = this.waiting.filter((other) => other !== link);
  }

  /** False if there is no link to `to`. */
  send(to: NodeId, message: Message): boolean {
    const link = this.links.get(to);
    if (link === undefined) return false;
    if (link.encoder.isEmpty) this.waiting.push(link);
    link.encoder.add(message);
    if (link.encoder.isFull) {
      this.waiting = this.waiting.filter((other) => other !== link);
      post(link, this.clock());
    }
    return true;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** `time` is the master's, on what the master sends. */
  flush(time: number): void {
    const { waiting } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    for (const link of waiting) post(link, time);
  }
}

function post({ target, encoder }: Link, time: number): void {
  const transfers = encoder.takeTransfers();
  // An empty list costs a small batch a tenth of its time.
  if (transfers === undefined) target.postMessage(encoder.take(time));
  else target.postMessage(encoder.take(time), transfers);
}
