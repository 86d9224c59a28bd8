/**
 * StreamSource: the sending side of catch-up, at the tail (protocol §3.1, §3.5).
 *
 * Owns      the position of one stream to one learner, and how far it may run ahead.
 * Does not  hold data: it reads the copy's store; the copy passes concurrent records to sendRecord.
 * Invariants
 *   SS1  a slice is read and emitted in one step, on the link that carries the stream's records: it is never older than a
 *       record before it, so the learner needs neither tombstones nor version compares.
 *   SS2  the walk is in hash order, so every key that lives throughout is visited exactly once.
 *   SS3  at most `slicesAhead` slices are unacknowledged: ports have no back-pressure of their own. The first ones go one
 *       by one: a learner in a thread just started runs all its code for the first time, and four streams of four slices
 *       each, handled in one turn, delayed it for 11 to 17 ms.
 */

import type { Record } from '../../data/record.ts';
import type { NodeId, ShardId } from '../../protocol/ids.ts';
import type { WalkedEntry } from '../../store/store.ts';
import type { NodeContext } from '../context.ts';
import type { CopyState } from '../copy-state.ts';

/** So many slices are acknowledged before one more may be ahead. */
const SLICES_PER_STEP = 16;

export class StreamSource {
  readonly learner: NodeId;
  readonly since: number;
  private readonly context: NodeContext;
  private readonly shard: ShardId;
  private cursor = 0;
  private ahead = 0;
  private acknowledged = 0;

  constructor(context: NodeContext, state: CopyState) {
    this.context = context;
    this.shard = state.shard;
    this.learner = state.learner;
    this.since = state.since;
    const { shard, since } = this;
    const { lastSeq, lastRequest, committedSeq } = state;
    const window = state.window.toArray();
    context.outbox.send(this.learner, {
      type: 'stream-begin',
      shard,
      since,
      lastSeq,
      lastRequest,
      committedSeq,
      window,
    });
  }

  /** Whether a slice could be sent now. */
  get ready(): boolean {
    const allowed = Math.min(this.context.settings.slicesAhead, 1 + Math.floor(this.acknowledged / SLICES_PER_STEP));
    return this.cursor !== -1 && this.ahead < allowed;
  }

  /** Reads and sends one slice. */
  sendSlice(state: CopyState): void {
    const { shard, since, learner, context } = this;
    const { sliceEntries, sliceBytes } = context.settings;
    const entries: (string | number)[] = [];
    const marks: number[] = [];
    this.cursor = state.data.walk(this.cursor, sliceEntries, sliceBytes, false, (entry: WalkedEntry) => {
      entries.push(entry.key, entry.value, entry.kind, entry.version, entry.expiresAt);
      marks.push(entry.mark);
    });
    this.ahead += 1;
    context.outbox.send(learner, { type: 'stream-slice', shard, since, entries, marks });
    if (this.cursor === -1) context.outbox.send(learner, { type: 'stream-end', shard, since });
  }

  sendRecord(record: Record, committedSeq: number): void {
    const { shard, since } = this;
    this.context.outbox.send(this.learner, { type: 'stream-record', shard, since, record, committedSeq });
  }

  onAck(since: number): void {
    if (since !== this.since) return;
    this.ahead -= 1;
    this.acknowledged += 1;
  }
}
