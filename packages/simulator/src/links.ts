/**
 * Links: MessagePorts in virtual time. One FIFO per ordered pair of nodes, the master among them.
 *
 * Owns      what is queued where.
 * Does not  decide what is taken when (scheduler.ts) or lost (faults.ts).
 * Invariants (what real ports were measured to do)
 *   LI1  a link keeps order, loses nothing and repeats nothing while both ends live.
 *   LI2  a dead sender loses a suffix of what it had queued, link by link; the rest may be taken at any later time.
 *   LI3  a post to a dead node vanishes without a trace.
 */
import type { Message, NodeId } from '@quintet/engine/internal';
import { Codec } from './codec.ts';

/** A message in flight, with the master's time of the batch it came in (0 from a node). */
export interface Envelope {
  readonly message: Message;
  readonly time: number;
}

export interface Link {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly queue: Envelope[];
  /** Nothing is taken before this moment: a port that has to wait for its thread's attention. */
  stalledUntil: number;
}

/** More than any NodeId: part of how a link is named. */
const NODE_IDS = 1 << 20;

export class Links {
  private readonly byName = new Map<number, Link>();
  private readonly byReceiver = new Map<NodeId, Link[]>();
  private readonly bySender = new Map<NodeId, Link[]>();

  private readonly codec: Codec | null;

  /** `codec`: messages become bytes on their way; else they arrive as the objects they are. */
  constructor(codec: boolean) {
    this.codec = codec ? new Codec() : null;
  }

  post(from: NodeId, to: NodeId, { message, time }: Envelope): void {
    const received = this.codec === null ? message : this.codec.through(to, message);
    this.between(from, to).queue.push({ message: received, time });
  }

  between(from: NodeId, to: NodeId): Link {
    const name = from * NODE_IDS + to;
    let link = this.byName.get(name);
    if (link === undefined) {
      link = { from, to, queue: [], stalledUntil: 0 };
      this.byName.set(name, link);
      listOf(this.byReceiver, to).push(link);
      listOf(this.bySender, from).push(link);
    }
    return link;
  }

  /** Links into a node (or the master), in order of first use. */
  into(to: NodeId): readonly Link[] {
    return this.byReceiver.get(to) ?? [];
  }

  outOf(from: NodeId): readonly Link[] {
    return this.bySender.get(from) ?? [];
  }

  waiting(to: NodeId): boolean {
    return this.into(to).some((link) => link.queue.length > 0);
  }

  /** LI2: what a dead sender still has on one link shrinks to its first `count` messages. */
  truncate(from: NodeId, to: NodeId, count: number): void {
    const { queue } = this.between(from, to);
    if (queue.length > count) queue.length = count;
  }

  /** LI3: what was queued for a node that is gone. */
  clearInto(to: NodeId): void {
    for (const link of this.into(to)) link.queue.length = 0;
  }

  get total(): number {
    let total = 0;
    for (const link of this.byName.values()) total += link.queue.length;
    return total;
  }
}

function listOf(map: Map<NodeId, Link[]>, node: NodeId): Link[] {
  let list = map.get(node);
  if (list === undefined) {
    list = [];
    map.set(node, list);
  }
  return list;
}
