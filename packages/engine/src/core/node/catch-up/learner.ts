/**
 * Catch-up, receiving side: how a learner becomes equal to its source (protocol §3.5).
 *
 * | stage    | on StreamBegin | on StreamSlice | on StreamRecord                    | on StreamEnd |
 * |----------|----------------|----------------|------------------------------------|--------------|
 * | waiting  | → begun        | bug            | bug                                | bug          |
 * | begun    | bug            | put entries    | apply                              | → ended      |
 * | ended    | bug            | bug            | apply; progress at the turn's end  | bug          |
 *
 * The stamp (`since`) was checked by the copy: a stream of another `since` never gets here.
 *
 * While the stream runs an entry may arrive in a record before its slice; the slice then has the same or a
 * newer version, because source and link are the same (stream-source.ts SS1). And a record may remove a key that no slice
 * has brought yet. Both are why a learner applies effects leniently until `ended`.
 */

import type { ValueKind } from '../../data/operation.ts';
import { PAGE_STRIDE } from '../../data/result.ts';
import { MASTER, type NodeId } from '../../protocol/ids.ts';
import { invariant } from '../../protocol/invariant.ts';
import type {
  StreamBeginMessage,
  StreamEndMessage,
  StreamRecordMessage,
  StreamSliceMessage,
} from '../../protocol/messages.ts';
import type { NodeContext } from '../context.ts';
import type { CopyState } from '../copy-state.ts';

export type StreamMessage = StreamBeginMessage | StreamSliceMessage | StreamRecordMessage | StreamEndMessage;

export class Learner {
  stage: 'waiting' | 'begun' | 'ended' = 'waiting';
  private readonly state: CopyState;
  private readonly context: NodeContext;
  private progressDue = false;

  constructor(state: CopyState, context: NodeContext) {
    this.state = state;
    this.context = context;
    state.begin({ seq: 0, request: 0 });
  }

  onStream(from: NodeId, message: StreamMessage): void {
    switch (message.type) {
      case 'stream-begin':
        return this.onBegin(message);
      case 'stream-slice':
        return this.onSlice(from, message);
      case 'stream-record':
        return this.onRecord(message);
      case 'stream-end':
        invariant(this.stage === 'begun', 'a stream ends once');
        this.stage = 'ended';
        this.progressDue = true;
    }
  }

  /** Once a turn: sends the master this copy's progress, if it has changed. */
  endTurn(): void {
    if (!this.progressDue) return;
    this.progressDue = false;
    const { shard, since, lastSeq: seq } = this.state;
    this.context.outbox.send(MASTER, { type: 'progress', shard, since, seq });
  }

  private onBegin(message: StreamBeginMessage): void {
    invariant(this.stage === 'waiting', 'a stream begins once');
    this.stage = 'begun';
    this.state.resume(message);
  }

  private onSlice(from: NodeId, message: StreamSliceMessage): void {
    invariant(this.stage === 'begun', 'slices come between begin and end');
    const { entries, marks } = message;
    for (let at = 0; at < entries.length; at += PAGE_STRIDE) {
      this.state.data.put(
        entries[at] as string,
        entries[at + 1] as string,
        entries[at + 2] as ValueKind,
        entries[at + 3] as number,
        entries[at + 4] as number,
        marks[at / PAGE_STRIDE],
      );
    }
    const { shard, since } = this.state;
    this.context.outbox.send(from, { type: 'stream-ack', shard, since });
  }

  private onRecord(message: StreamRecordMessage): void {
    invariant(this.stage !== 'waiting', 'records follow the begin of their stream');
    this.state.commit(message.committedSeq);
    if (message.record.seq <= this.state.lastSeq) return;
    this.state.apply(message.record, this.stage === 'ended');
    if (this.stage === 'ended') this.progressDue = true;
  }
}
