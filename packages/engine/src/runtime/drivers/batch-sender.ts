/**
 * BatchSender: the outgoing half of a thread's links: collects the messages of a turn per destination, posts each
 * destination one batch when flushed.
 *
 * Owns      an encoder per destination, and which of them have something to send.
 * Does not  decide when a turn ends (the drivers do), own ports, or know who is alive.
 * Invariants
 *   BS1  what is sent to one destination arrives in the order of its shard (core/codec/grammar.ts, CD2); all of a turn at once,
 *        unless it is more than a heap should have to hold in one piece.
 *   BS2  a batch that is posted before its turn ends bears the time of the turn: no node is ever ahead of the master.
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
  private readonly links = new Map<NodeId, Link>();
  private waiting: Link[] = [];

  constructor(self: NodeId) {
    this.self = self;
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

  /** False if there is no link to `to`. `time`: of the turn, if the master sends. */
  send(to: NodeId, message: Message, time: number): boolean {
    const link = this.links.get(to);
    if (link === undefined) return false;
    if (link.encoder.isEmpty) this.waiting.push(link);
    link.encoder.add(message);
    if (link.encoder.isFull) {
      this.waiting = this.waiting.filter((other) => other !== link);
      postFrom(link, time);
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
    for (const link of waiting) postFrom(link, time);
  }
}

function postFrom({ target, encoder }: Link, time: number): void {
  const transfers = encoder.takeTransfers();
  postBatch(target, encoder.take(time), transfers);
}

/** Posts a batch with the buffers that go with it. */
export function postBatch(target: BatchTarget, batch: Batch, transfers: ArrayBuffer[] | undefined): void {
  // An empty list costs a small batch a tenth of its time.
  if (transfers === undefined) target.postMessage(batch);
  else target.postMessage(batch, transfers);
}
