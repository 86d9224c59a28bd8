/**
 * ReplicaWaits: commands WAIT that wait for repair to bring copies back.
 *
 * Owns      who waits for how many, until when, and one clock for all of them: to ask for the cluster's status costs too much
 *           to be done for each.
 */
import type { ClusterApi } from '@quintet/engine';
import { integer } from '../resp/encoder.ts';
import type { Client } from './client.ts';
import type { PendingReply } from './reply-queue.ts';

interface Wait {
  readonly session: Client;
  readonly reply: PendingReply;
  readonly replicas: number | bigint;
  readonly deadline: number;
}

const LOOK_EVERY_MS = 5;

export class ReplicaWaits {
  private readonly cluster: ClusterApi;
  private waits: Wait[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(cluster: ClusterApi) {
    this.cluster = cluster;
  }

  /** In-sync copies besides its primary, of the shard that has fewest. */
  fewest(): number {
    return Math.max(0, Math.min(...this.cluster.status().shards.map((shard) => shard.inSync)) - 1);
  }

  /** Replies when what the session asked before is done and there are so many replicas, or at the deadline. */
  add(session: Client, replicas: number | bigint, deadline: number): void {
    session.hold();
    const wait: Wait = { session, reply: session.open(), replicas, deadline };
    session.blocking = { unblock: (failure) => this.unblock(wait, failure) };
    this.waits.push(wait);
    this.schedule();
  }

  private unblock(wait: Wait, failure: string | null): void {
    this.waits = this.waits.filter((other) => other !== wait);
    end(wait, failure ?? integer(this.fewest()));
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.look(), LOOK_EVERY_MS).unref();
  }

  private look(): void {
    this.timer = undefined;
    const fewest = this.fewest();
    const [over, waiting]: [Wait[], Wait[]] = [[], []];
    for (const wait of this.waits) (isOver(wait, fewest) ? over : waiting).push(wait);
    this.waits = waiting;
    if (waiting.length > 0) this.schedule();
    for (const wait of over) end(wait, integer(fewest));
  }
}

function end({ session, reply }: Wait, text: string): void {
  session.blocking = null;
  reply.resolve(text);
  session.release();
}

function isOver({ session, reply, replicas, deadline }: Wait, fewest: number): boolean {
  if (session.isClosed || Date.now() >= deadline) return true;
  return session.isFirstPending(reply) && fewest >= replicas;
}
