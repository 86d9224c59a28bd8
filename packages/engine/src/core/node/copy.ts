/**
 * Copy: one shard on one node, in whatever role its configuration gives it (protocol §3).
 *
 * Owns      what each message does to the copy, and what follows from it down the chain.
 * Does not  choose roles (master/), evaluate (data/, primary.ts), hold data (copy-state.ts).
 *
 * | message   | primary                    | replica, not tail   | tail                      | learner      | none   |
 * |-----------|----------------------------|---------------------|---------------------------|--------------|--------|
 * | config    | new role; window to the successor, or as answers; stream begun, kept or stopped           | begins or continues| discard |
 * | request   | evaluate, take             | bug                 | bug unless primary        | bug          | bug    |
 * | record    | bug                        | take                | take                      | bug          | bug    |
 * | read      | bug unless tail            | bug                 | answer                    | bug          | bug    |
 * | seal      | sealed; pass on            | pass on             | sealed → master           | bug          | bug    |
 * | stream-*  | dropped                    | dropped             | dropped                   | learner.ts   | dropped|
 * | stream-ack| dropped unless tail        | dropped             | a further slice may go    | dropped      | dropped|
 * | touched   | marks entries as used      | the same            | the same                  | dropped      | dropped|
 *
 * A config decides the role first; the columns name the one it gives. After each, what was set aside is handled.
 * Between copies a message of a later epoch (or `since`) is set aside until its configuration arrives, one of an earlier
 * epoch is dropped (§2.1). Messages of the master can be neither: its link is FIFO and it alone makes epochs.
 */

import { read } from '../data/evaluate.ts';
import type { ReadOperation } from '../data/operation.ts';
import { type Record, Watched } from '../data/record.ts';
import { Status } from '../data/result.ts';
import { Use } from '../data/row.ts';
import { rowOf } from '../data/verbs.ts';
import { MASTER, NOBODY, type NodeId, type ShardId } from '../protocol/ids.ts';
import { invariant } from '../protocol/invariant.ts';
import type {
  CommittedMessage,
  ConfigMessage,
  ReadMessage,
  RecordMessage,
  RequestMessage,
  SealMessage,
  StreamAckMessage,
  TouchedMessage,
} from '../protocol/messages.ts';
import { Learner, type StreamMessage } from './catch-up/learner.ts';
import { StreamSource } from './catch-up/stream-source.ts';
import type { NodeContext } from './context.ts';
import { CopyState } from './copy-state.ts';
import type { Eviction } from './memory/eviction.ts';
import { Primary } from './primary.ts';

/** Messages between copies: what may come early and be set aside. */
type CopyMessage = RecordMessage | SealMessage | StreamMessage;

export class Copy {
  readonly state: CopyState;
  /** The node's marks: it received something in this turn; it is among those with background work. */
  received = false;
  busy = false;
  private readonly context: NodeContext;
  private readonly primary: Primary;
  private learning: Learner | null = null;
  private stream: StreamSource | null = null;
  private setAside: { from: NodeId; message: CopyMessage }[] = [];
  /** Hashes to send to the other end of the chain. */
  private touched: number[] = [];

  constructor(shard: ShardId, context: NodeContext) {
    this.context = context;
    this.state = new CopyState(shard, context);
    this.primary = new Primary(this.state, context, {
      take: (record) => this.take(record),
      used: (hash) => this.touched.push(hash),
    });
  }

  get role(): 'primary' | 'replica' | 'learner' | 'none' {
    const { position } = this.state;
    if (position === 0) return 'primary';
    if (position > 0) return 'replica';
    return this.learning === null ? 'none' : 'learner';
  }

  private get isTail(): boolean {
    const { chain } = this.state;
    return chain.length > 0 && chain[chain.length - 1] === this.context.id;
  }

  /** The next copy down the chain, or NOBODY for the tail. */
  private get successor(): NodeId {
    return this.state.chain[this.state.position + 1] ?? NOBODY;
  }

  // ---- from the master ------------------------------------------------------------------------------------------

  onConfig(message: ConfigMessage): void {
    const { state, context } = this;
    invariant(message.epoch > state.epoch, 'epochs only grow');
    const sinceBefore = state.since;
    state.configure(message);
    this.primary.configured();
    if (state.position >= 0) this.becomeMember(message);
    else if (message.learner === context.id) this.becomeLearner(message.since !== sinceBefore);
    else this.becomeNothing();
    this.handleSetAside();
  }

  private becomeNothing(): void {
    this.learning = null;
    this.stream = null;
    this.state.discard();
  }

  private becomeLearner(fresh: boolean): void {
    this.stream = null;
    if (fresh || this.learning === null) this.learning = new Learner(this.state, this.context);
  }

  private becomeMember(message: ConfigMessage): void {
    if (message.base !== null) this.state.begin(message.base);
    invariant(this.learning === null || this.learning.stage === 'ended', 'only a caught-up learner joins');
    this.learning = null;
    this.state.commit(message.committedSeq);
    this.sendWindow();
    this.directStream();
  }

  /** The one recovery rule, copy's part: the successor receives the whole window again, even if it is the same. */
  private sendWindow(): void {
    for (const record of this.state.window) this.passOn(record);
  }

  /** As tail with a learner: keep the running stream if it is the one wanted, else begin it; otherwise stop. */
  private directStream(): void {
    const { state } = this;
    if (!this.isTail || state.learner === NOBODY) {
      this.stream = null;
      return;
    }
    if (this.stream?.learner === state.learner && this.stream.since === state.since) return;
    this.stream = new StreamSource(this.context, state);
  }

  onRequest(message: RequestMessage): void {
    invariant(message.epoch === this.state.epoch, 'requests come in the epoch of the last configuration');
    invariant(this.state.position === 0, 'requests go to the primary');
    this.primary.onRequest(message);
  }

  onCommitted(message: CommittedMessage): void {
    const { state } = this;
    invariant(message.epoch === state.epoch, 'what is committed comes in the epoch of the last configuration');
    invariant(state.position === 0 && message.committedSeq <= state.lastSeq, 'the primary made all that is committed');
    state.commit(message.committedSeq);
    this.primary.eviction.evictPart(message.evict);
  }

  onRead(message: ReadMessage): void {
    const { state, context } = this;
    invariant(message.epoch === state.epoch, 'reads come in the epoch of the last configuration');
    invariant(this.isTail, 'reads go to the tail');
    invariant(message.committedSeq <= state.lastSeq, 'the tail holds all that was answered');
    state.commit(message.committedSeq);
    const result = read(message.operation, state.data, context.time);
    context.outbox.send(MASTER, { type: 'value', shard: state.shard, epoch: state.epoch, id: message.id, result });
    if (result.status === Status.ok && this.isToldOf(message.operation)) this.noteUse();
  }

  // ---- between copies -------------------------------------------------------------------------------------------

  onCopyMessage(from: NodeId, message: CopyMessage): void {
    const { state } = this;
    const byEpoch = message.type === 'record' || message.type === 'seal';
    const stamp = byEpoch ? message.epoch : message.since;
    if (stamp > state.epoch) {
      this.setAside.push({ from, message });
      return;
    }
    if (byEpoch) {
      if (stamp < state.epoch) return;
      if (message.type === 'record') this.onRecord(message);
      else this.onSeal();
      return;
    }
    if (this.learning !== null && state.since === stamp) this.learning.onStream(from, message);
  }

  private onRecord(message: RecordMessage): void {
    const { state } = this;
    invariant(state.position > 0, 'records go to replicas');
    state.commit(message.committedSeq);
    if (message.record.seq <= state.lastSeq) return;
    this.take(message.record);
  }

  /** From the master to the primary, then down the chain behind every record. */
  onSeal(): void {
    const { state, context } = this;
    const { shard, epoch } = state;
    invariant(state.position >= 0, 'seals go down the chain');
    if (state.position === 0) this.primary.seal();
    if (this.isTail) context.outbox.send(MASTER, { type: 'sealed', shard, epoch });
    else context.outbox.send(this.successor, { type: 'seal', shard, epoch });
  }

  onStreamAck(from: NodeId, message: StreamAckMessage): void {
    if (this.stream?.learner === from) this.stream.onAck(message.since);
  }

  /** What the master has answered from its cache the tail passes on to the primary, like reads of its own. */
  onTouched(from: NodeId, message: TouchedMessage): void {
    if (message.epoch !== this.state.epoch || this.state.position < 0) return;
    for (const hash of message.hashes) this.state.data.touchHash(hash);
    if (from === MASTER) for (const hash of message.hashes) this.touched.push(hash);
  }

  private handleSetAside(): void {
    if (this.setAside.length === 0) return;
    const messages = this.setAside;
    this.setAside = [];
    for (const { from, message } of messages) this.onCopyMessage(from, message);
  }

  // ---- taking a record ------------------------------------------------------------------------------------------

  /** Applies a record and hands it on: to the successor, or as tail to the master; and to a learner. */
  private take(record: Record): void {
    this.state.apply(record, true);
    this.passOn(record);
    this.stream?.sendRecord(record, this.state.committedSeq);
  }

  private passOn(record: Record): void {
    const { shard, epoch, committedSeq } = this.state;
    const { outbox } = this.context;
    const to = this.successor;
    if (to !== NOBODY) outbox.send(to, { type: 'record', shard, epoch, record, committedSeq });
    else {
      const { seq, request, result } = record;
      const effect = record.watched !== Watched.no || request === 0 ? record.effect : null;
      outbox.send(MASTER, { type: 'answer', shard, epoch, seq, request, result, effect });
    }
  }

  // ---- between messages -----------------------------------------------------------------------------------------

  /** One slice of background work of this copy; true if more is waiting. */
  work(expiryIsDue: boolean): boolean {
    let more = false;
    if (this.stream?.ready === true) {
      this.stream.sendSlice(this.state);
      more = this.stream.ready;
    }
    if (expiryIsDue && this.state.position === 0) more = this.primary.expire() || more;
    return this.state.dataIfAny?.reclaim() === true || more;
  }

  /** As primary: when entries may expire; else Infinity. */
  get nextExpiry(): number {
    return this.state.position === 0 ? this.primary.nextExpiry : Number.POSITIVE_INFINITY;
  }

  /** As primary; null in every other role. */
  get eviction(): Eviction | null {
    return this.state.position === 0 ? this.primary.eviction : null;
  }

  endTurn(): void {
    this.learning?.endTurn();
    if (this.touched.length > 0) this.sendTouched();
  }

  /**
   * Whether to forward an access-time update to the primary: always for TOUCH; for a get only under LRU eviction, which the
   * primary decides: a message for every key that is read would cost too much.
   */
  private isToldOf(operation: ReadOperation): boolean {
    const use = rowOf(operation).uses(operation);
    return use === Use.only || (use === Use.reading && this.context.settings.eviction !== 'noeviction');
  }

  private noteUse(): void {
    const hash = this.state.data.takeUse();
    if (hash !== -1) this.touched.push(hash);
  }

  /** Reads happen at the tail, or in the log at the primary; each end sends the other what it has used. */
  private sendTouched(): void {
    const { shard, epoch, chain, position } = this.state;
    const hashes = this.touched;
    this.touched = [];
    const to = position === 0 ? chain[chain.length - 1] : chain[0];
    if (position < 0 || to === undefined || to === this.context.id) return;
    this.context.outbox.send(to, { type: 'touched', shard, epoch, hashes });
  }
}
