/**
 * CopyState: the state of one shard's copy on one node (protocol §1, right-hand column), and how a record is applied.
 *
 * Owns      configuration as last received, data, log position, window.
 * Does not  send anything: roles (copy.ts), catch-up (learner.ts, stream-source.ts) do.
 * Invariants
 *   CS1  records are applied in the order of seq, without gap.
 *   CS2  request numbers in the log are contiguous, the primary's own records (request 0) apart (protocol §7.6).
 *   CS3  the version of an entry is the seq of the record that wrote it.
 */

import { ReceivedPutEffect } from '../data/received-put.ts';
import type { Effect, Record } from '../data/record.ts';
import { NOBODY, type NodeId, type ShardId } from '../protocol/ids.ts';
import { invariant } from '../protocol/invariant.ts';
import type { Base, Configuration } from '../protocol/messages.ts';
import type { Store } from '../store/store.ts';
import type { NodeContext } from './context.ts';
import { Window } from './window.ts';

export class CopyState implements Configuration {
  readonly shard: ShardId;
  epoch = 0;
  chain: readonly NodeId[] = [];
  learner: NodeId = NOBODY;
  since = 0;

  lastSeq = 0;
  lastRequest = 0;
  committedSeq = 0;
  readonly window = new Window();
  expired = 0;
  evicted = 0;

  private readonly context: NodeContext;
  private store: Store | null = null;

  constructor(shard: ShardId, context: NodeContext) {
    this.shard = shard;
    this.context = context;
  }

  /** This node's place in the chain: 0 = primary, -1 = none. */
  get position(): number {
    return this.chain.indexOf(this.context.id);
  }

  /** The store, which a member and a learner always have. */
  get data(): Store {
    invariant(this.store !== null, 'a copy with a role has data');
    return this.store;
  }

  /** The store if there is one: status and background work look at copies of any role. */
  get dataIfAny(): Store | null {
    return this.store;
  }

  configure({ epoch, chain, learner, since }: Configuration): void {
    this.epoch = epoch;
    this.chain = chain;
    this.learner = learner;
    this.since = since;
  }

  /** Begins an empty copy at a position of the log. */
  begin(base: Base): void {
    this.discard();
    this.store = this.context.newStore();
    this.lastSeq = base.seq;
    this.lastRequest = base.request;
    this.committedSeq = base.seq;
  }

  /** Forgets everything but the configuration. */
  discard(): void {
    this.store?.release();
    this.store = null;
    this.window.clear();
    this.lastSeq = 0;
    this.lastRequest = 0;
    this.committedSeq = 0;
  }

  /** Takes note of what the master has accepted; only this trims the window (protocol §4.2). */
  commit(committedSeq: number): void {
    if (committedSeq <= this.committedSeq) return;
    this.committedSeq = committedSeq;
    this.window.trim(committedSeq);
  }

  /** Takes over the log position and window of a stream's source. */
  resume(source: { lastSeq: number; lastRequest: number; committedSeq: number; window: readonly Record[] }): void {
    this.lastSeq = source.lastSeq;
    this.lastRequest = source.lastRequest;
    this.committedSeq = source.committedSeq;
    for (const record of source.window) this.window.append(record);
  }

  /**
   * CS1–CS3. `whole` = the copy holds every entry its log says it holds; a learner in mid-stream does not yet, and lacks
   * what a record removes, patches or gives a deadline if no slice has brought it.
   */
  apply(record: Record, whole: boolean): void {
    invariant(record.seq === this.lastSeq + 1, 'C1: a gap in seq');
    if (record.request !== 0) {
      invariant(record.request === this.lastRequest + 1, 'C2: a gap in request numbers');
      this.lastRequest = record.request;
    }
    this.lastSeq = record.seq;
    this.applyEffect(record.effect, record.seq, whole);
    this.window.append(record);
  }

  private applyEffect(effect: Effect, seq: number, whole: boolean): void {
    const data = this.data;
    switch (effect.type) {
      case 'none':
        return;
      case 'put':
        if (effect instanceof ReceivedPutEffect) data.putReceived(effect.put, seq);
        else data.put(effect.key, effect.value, effect.kind, seq, effect.expiresAt);
        return;
      case 'patch':
        invariant(
          data.patch(effect.key, effect.offset, effect.bytes, effect.kind, seq) || !whole,
          'C1: what is patched is there',
        );
        return;
      case 'remove':
        invariant(data.remove(effect.key) || !whole, 'C1: what is removed is there');
        if (effect.cause === 'expire') this.expired += 1;
        if (effect.cause === 'evict') this.evicted += 1;
        return;
      case 'deadline':
        invariant(data.setDeadline(effect.key, seq, effect.expiresAt) || !whole, 'C1: what gets a deadline is there');
        return;
      case 'many':
        for (const part of effect.effects) this.applyEffect(part, seq, whole);
        return;
      case 'clear':
        data.clear();
    }
  }
}
