/**
 * ShardControl: the master's side of one shard (protocol §1 left column, §4).
 *
 * Owns      the configuration and the only way to change it; committedSeq; what answers mean.
 * Does not  decide which change is wanted (repair.ts) or order operations (shard-queue.ts).
 *
 * | state     | is                                    | left by                                                       |
 * |-----------|---------------------------------------|---------------------------------------------------------------|
 * | new       | epoch 0, no chain                     | create → serving                                              |
 * | serving   | a chain; perhaps a learner            | attach, member or learner dead, removal → serving             |
 * | joining   | serving, learnerSeq known, queue paused | Progress with seq >= committedSeq → serving; any change     |
 * | sealing   | serving, wantedChain set, queue paused | Sealed → serving in the new order; any change                |
 * | lost      | no chain                              | reset → serving, with a base                                  |
 *
 * Invariants
 *   SC1  accepted answers are seq 1, 2, 3 … (protocol §7.5); committedSeq is the last of them and nothing else.
 *   SC2  an answer or value of another epoch is dropped, whoever sent it.
 *   SC4  direct reads of one key are answered in their order, those of others as their values come: else a read that is
 *       sent again could find expired what one behind it was answered with already.
 *   SC3  a chain only loses members, gains the learner at its end, or is reordered at a seal (§7.11).
 */

import type { KeyReadOperation, Operation } from '../../data/operation.ts';
import { Watched } from '../../data/record.ts';
import { type Result, Status } from '../../data/result.ts';
import { failureOf } from '../../protocol/errors.ts';
import { NOBODY, type NodeId, type ShardId } from '../../protocol/ids.ts';
import { invariant } from '../../protocol/invariant.ts';
import type { AnswerMessage, Base, ProgressMessage, SealedMessage, ValueMessage } from '../../protocol/messages.ts';
import type { MasterOutbox, Sink } from '../../protocol/outbox.ts';
import type { NodeMemory } from '../memory/node-memory.ts';
import type { DecodedCopy } from '../read-cache/decoded-copies.ts';
import type { ReadCache } from '../read-cache/read-cache.ts';
import type { Tally } from '../tally.ts';
import type { Watches } from '../watch/watches.ts';
import type { Call } from './call.ts';
import { NO_SLOT } from './order-filter.ts';
import type { QueueParts } from './queue-parts.ts';
import { ShardQueue } from './shard-queue.ts';

/** The hash of what is no use of an entry. */
const NOT_USED = -1;

/** What a ShardControl needs to know of the others. */
export interface ShardSurroundings extends Omit<QueueParts, 'departures'> {
  readonly outbox: MasterOutbox;
  readonly memory: NodeMemory;
  readonly tally: Tally;
  readonly cache: ReadCache;
  watches(): Watches;
  /** A transaction's lock has been given. */
  onLocked(lock: Call): void;
  /** Every copy is gone; said before the shard's operations are failed. */
  onLost(shard: ShardControl): void;
}

export class ShardControl {
  readonly shard: ShardId;
  readonly queue: ShardQueue;
  epoch = 0;
  chain: readonly NodeId[] = [];
  learner: NodeId = NOBODY;
  since = 0;
  committedSeq = 0;
  /** The learner's last Progress, or -1. */
  learnerSeq = -1;
  /** The order awaited from a seal. */
  wantedChain: readonly NodeId[] | null = null;
  lost = false;
  /** A node of the chain is at its memory limit: every request says so. */
  pressure = false;
  /** Since the start, for status: reads and writes answered, and entries changed by them. */
  reads = 0;
  writes = 0;
  changes = 0;

  /** Entries that were answered from the cache in this turn, by the hash that nodes know them by. */
  private readonly used = new Set<number>();
  /** Answers accepted since the primary last received committedSeq. */
  private untold = 0;
  /** Values that came before that of an earlier read of their key: by slot, in the order of the reads. */
  private early = new Map<number, ValueMessage[]>();
  private readonly cache: ReadCache;
  private readonly tally: Tally;
  private readonly memory: NodeMemory;
  private readonly outbox: MasterOutbox;
  private readonly surroundings: ShardSurroundings;

  constructor(shard: ShardId, surroundings: ShardSurroundings) {
    this.shard = shard;
    this.surroundings = surroundings;
    this.outbox = surroundings.outbox;
    this.cache = surroundings.cache;
    this.tally = surroundings.tally;
    this.memory = surroundings.memory;
    const departures = {
      request: (call: Call) => this.sendRequest(call),
      read: (call: Call) => this.sendRead(call),
      locked: (call: Call) => surroundings.onLocked(call),
      watchedBy: (call: Call) => this.watchedBy(call),
    };
    const { settings, room, large, restless } = surroundings;
    this.queue = new ShardQueue(shard, { settings, room, large, restless, departures });
  }

  get primary(): NodeId {
    return this.chain[0] ?? NOBODY;
  }

  get tail(): NodeId {
    return this.chain[this.chain.length - 1] ?? NOBODY;
  }

  // ---- operations -----------------------------------------------------------------------------------------------

  /** Null if refused: `outbox.fail` was called with the reason. */
  submit(operation: Operation, sink: Sink): Call | null {
    if (this.lost) {
      this.outbox.fail(sink, 'SHARD_LOST', `shard ${this.shard}`);
      return null;
    }
    const call = this.queue.arrive(operation, sink);
    if (call === null) this.outbox.fail(sink, 'BUSY', `shard ${this.shard}`);
    return call;
  }

  private sendRequest(call: Call): void {
    this.untold = 0;
    const { shard, epoch, committedSeq, pressure } = this;
    const { number: request, operation } = call;
    call.watched ??= this.watchedBy(call);
    const { watched } = call;
    this.outbox.send(this.primary, {
      type: 'request',
      shard,
      epoch,
      request,
      operation,
      committedSeq,
      pressure,
      watched,
    });
  }

  private watchedBy(call: Call): Watched {
    return call.isWrite ? this.surroundings.watches().watchedBy(call) : Watched.no;
  }

  private sendRead(call: Call): void {
    const { shard, epoch, committedSeq } = this;
    const { number: id, operation } = call;
    invariant(!call.isWrite, 'a write is never sent as a read');
    this.outbox.send(this.tail, { type: 'read', shard, epoch, id, operation: operation as never, committedSeq });
  }

  // ---- answers --------------------------------------------------------------------------------------------------

  onAnswer(message: AnswerMessage): void {
    if (message.epoch !== this.epoch) return;
    invariant(message.seq === this.committedSeq + 1, 'M1: answers come in the order of the log');
    this.committedSeq = message.seq;
    this.untold += 1;
    if (this.untold >= this.surroundings.settings.committedEvery) this.sendCommitted();
    const watches = this.surroundings.watches();
    if (message.request === 0) return this.onOwnRecord(message);
    invariant(this.queue.unanswered.first()?.number === message.request, 'M1: answers come in the order of requests');
    const call = this.queue.answered(message.result);
    if (call.isWrite) this.cache.onWrite(call, message.result);
    watches.onAnswer(message, call.group);
    if (call.isWrite) {
      this.writes += 1;
      this.changes += call.row.changes(call.operation, message.result, message.seq);
    } else this.reads += 1;
    this.tally.count(call.operation, message.result);
    if (message.result.status === Status.outOfMemory) {
      this.memory.onRefusal(this.primary, this.pressure);
    }
    if (!call.settled) this.settle(call, message);
  }

  private onOwnRecord(message: AnswerMessage): void {
    const { effect } = message;
    if (effect !== null) {
      this.cache.onOwnRecord(this.shard, effect);
      if (effect.type === 'remove') this.queue.overtakeReads(effect.key);
    }
    this.surroundings.watches().onAnswer(message, null);
  }

  private sendCommitted(evict = 0): void {
    const { shard, epoch, committedSeq } = this;
    this.untold = 0;
    this.outbox.send(this.primary, { type: 'committed', shard, epoch, committedSeq, evict });
  }

  onValue(message: ValueMessage): void {
    if (message.epoch !== this.epoch) return;
    // A large value takes its time, and others overtake it.
    const slot = this.queue.reads.isNext(message.id) ? NO_SLOT : this.queue.reads.slotBehind(message.id);
    if (slot !== NO_SLOT) this.putAside(slot, message);
    else {
      const call = this.acceptValue(message);
      if (this.early.size > 0) this.acceptEarlyValues(call.slot);
    }
  }

  private putAside(slot: number, message: ValueMessage): void {
    const messages = this.early.get(slot) ?? [];
    this.early.set(slot, messages);
    let at = messages.length;
    while (at > 0 && messages[at - 1]!.id > message.id) at--;
    messages.splice(at, 0, message);
  }

  /** Those that waited for a read of this slot. Others are not looked at: thousands of them may wait behind one large value. */
  private acceptEarlyValues(slot: number): void {
    const messages = this.early.get(slot);
    if (messages === undefined) return;
    let at = 0;
    while (at < messages.length && this.queue.reads.slotBehind(messages[at]!.id) === NO_SLOT) {
      this.acceptValue(messages[at++]!);
    }
    if (at === messages.length) this.early.delete(slot);
    else if (at > 0) messages.splice(0, at);
  }

  private acceptValue(message: ValueMessage): Call {
    const call = this.queue.valueArrived(message.id);
    this.reads += 1;
    this.tally.count(call.operation, message.result);
    if (call.operation.verb === 'get' && !call.overtaken) {
      this.cache.fill(this.shard, call.slot, call.operation.key, message.result);
    }
    if (!call.settled) this.settle(call, message);
    return call;
  }

  private settle(call: Call, { result }: AnswerMessage | ValueMessage): void {
    call.settled = true;
    if (call.direct) call.sink.onResult(result);
    else this.outbox.reply(call.sink, result);
  }

  // ---- the read cache -------------------------------------------------------------------------------------------

  /** What the entry at this place of the cache answers now; null = the tail must be asked. `clock` is read where it matters. */
  readAtOnce(place: number, operation: KeyReadOperation, clock: () => number): Result | null {
    const isHead = operation.verb === 'stat';
    return this.mayShow(place, clock, isHead) ? this.cache.answerAt(place, isHead) : null;
  }

  /** Whether it may be answered now; it is, if so. */
  mayShow(place: number, clock: () => number, isHead = false): boolean {
    const { cache } = this;
    if (!this.mayAnswer(cache.slotAt(place), cache.expiresAt(place), clock)) return false;
    this.noteHit(isHead ? NOT_USED : cache.hashAt(place), clock);
    return true;
  }

  /** The value of a decoded copy; undefined = the tail must be asked. */
  copyAtOnce(copy: DecodedCopy, clock: () => number): unknown {
    if (!this.mayAnswer(copy.slot, copy.expiresAt, clock)) return undefined;
    this.noteHit(copy.hash, clock);
    return copy.value;
  }

  /** By the rule of a tail: past its deadline an entry is missing. */
  private mayAnswer(slot: number, expiresAt: number, clock: () => number): boolean {
    return this.queue.isQuiet(slot) && (expiresAt === 0 || expiresAt > clock());
  }

  private noteHit(hash: number, clock: () => number): void {
    this.reads += 1;
    this.cache.hits += 1;
    this.tally.hits += 1;
    if (hash !== NOT_USED && this.memory.evicts) this.noteUse(hash, clock);
  }

  /** Told at the end of the turn, which whoever reads the clock begins. */
  private noteUse(hash: number, clock: () => number): void {
    this.used.add(hash);
    clock();
  }

  /** Where eviction goes by uses: the tail hears what was read without it, and tells the primary as of its own reads. */
  tellUses(): void {
    if (this.used.size === 0) return;
    const { shard, epoch } = this;
    if (!this.lost) this.outbox.send(this.tail, { type: 'touched', shard, epoch, hashes: [...this.used] });
    this.used.clear();
  }

  // ---- configuration --------------------------------------------------------------------------------------------

  /** A new shard on these nodes (protocol §4.3, create). */
  create(chain: readonly NodeId[]): void {
    invariant(this.epoch === 0, 'a shard is created once');
    this.queue.open = true;
    this.change(chain, NOBODY, { seq: 0, request: 0 });
  }

  attach(node: NodeId): void {
    invariant(this.learner === NOBODY && !this.chain.includes(node) && !this.lost, 'attach: one learner, not a member');
    this.change(this.chain, node, null);
  }

  /** A planned removal of a member that lives. */
  remove(node: NodeId): void {
    invariant(this.learner === NOBODY && this.chain.length > 1 && this.chain.includes(node), 'remove: a spare member');
    this.change(
      this.chain.filter((member) => member !== node),
      NOBODY,
      null,
      node,
    );
  }

  /** Requests another order of the same members; takes effect when nothing of the old order is in flight (Sealed). */
  reorder(chain: readonly NodeId[]): void {
    invariant(this.wantedChain === null, 'one seal at a time');
    this.wantedChain = chain;
    this.updatePause();
    this.outbox.send(this.primary, { type: 'seal', shard: this.shard, epoch: this.epoch });
  }

  onSealed(message: SealedMessage): void {
    if (message.epoch !== this.epoch || this.wantedChain === null) return;
    invariant(this.queue.unanswered.length === 0, 'sealed: every request was answered before');
    this.change(this.wantedChain, this.learner, null);
  }

  /** True if the learner joined. */
  onProgress(from: NodeId, message: ProgressMessage): boolean {
    if (from !== this.learner || message.since !== this.since) return false;
    this.learnerSeq = message.seq;
    if (message.seq < this.committedSeq) {
      this.updatePause();
      return false;
    }
    this.change([...this.chain, from], NOBODY, null);
    return true;
  }

  /** What a node's death does to this shard: the one recovery rule begins here. */
  nodeDied(node: NodeId): void {
    if (node === this.learner) this.change(this.chain, NOBODY, null);
    else if (this.chain.includes(node)) this.memberDied(node);
  }

  private memberDied(node: NodeId): void {
    const others = this.chain.filter((member) => member !== node);
    if (others.length === 0) this.lose();
    else this.change(others, this.learner, null);
  }

  private lose(): void {
    const { shard, learner, committedSeq } = this;
    this.lost = true;
    this.early = new Map();
    this.epoch += 1;
    this.chain = [];
    this.learner = NOBODY;
    this.since = 0;
    this.learnerSeq = -1;
    this.wantedChain = null;
    // A learner does not know which of its entries are committed, however far it got: it must not survive as data.
    if (learner !== NOBODY) {
      const { epoch } = this;
      const nothing = { chain: [], learner: NOBODY, since: 0, base: null };
      this.outbox.send(learner, { type: 'config', shard, epoch, committedSeq, ...nothing });
    }
    this.cache.forgetShard(shard);
    this.surroundings.onLost(this);
    for (const call of this.queue.takeAll()) {
      if (call.settled) continue;
      const code = failureOf('lost', call.inFlight);
      call.settled = true;
      call.stage = 'done';
      if (call.direct) call.sink.onError(code, `shard ${shard}`);
      else this.outbox.fail(call.sink, code, `shard ${shard}`);
    }
    this.updatePause();
  }

  /** Restarts a lost shard, empty, on one node (protocol §4.3, reset). Versions continue from where they were. */
  reset(node: NodeId): void {
    invariant(this.lost, 'only a lost shard is reset');
    this.cache.forgetShard(this.shard);
    this.lost = false;
    this.change([node], NOBODY, { seq: this.committedSeq, request: this.queue.lastRequest });
  }

  /** The only way a configuration changes (protocol §4.1); one step. */
  private change(chain: readonly NodeId[], learner: NodeId, base: Base | null, removed: NodeId = NOBODY): void {
    this.early = new Map();
    const tailBefore = this.tail;
    const learnerBefore = this.learner;
    this.epoch += 1;
    this.wantedChain = null;
    this.chain = chain;
    this.learner = learner;
    if (learner === NOBODY) {
      this.since = 0;
      this.learnerSeq = -1;
    } else if (learner !== learnerBefore || this.tail !== tailBefore) {
      this.since = this.epoch;
      this.learnerSeq = -1;
    }
    this.updatePressure();
    this.updatePause();
    this.sendConfig(base, removed);
    for (const call of this.queue.unanswered) this.sendRequest(call);
    for (const call of this.queue.reads) this.sendRead(call);
    this.queue.resume();
    this.queue.tryHeld();
  }

  private sendConfig(base: Base | null, removed: NodeId): void {
    const { shard, epoch, chain, learner, since, committedSeq } = this;
    const config = { type: 'config', shard, epoch, chain, learner, since, committedSeq } as const;
    this.untold = 0;
    for (const node of chain) this.outbox.send(node, { ...config, base });
    if (learner !== NOBODY) this.outbox.send(learner, { ...config, base: null });
    if (removed !== NOBODY) this.outbox.send(removed, { ...config, base: null });
  }

  /** A node of the chain is full, and the policy is not to evict. */
  get refusesGrowth(): boolean {
    return this.pressure && !this.memory.evicts;
  }

  /** A node is to hold less: where it holds a replica, only the primary can see to that. */
  evictFor(node: NodeId, part: number): void {
    if (this.chain.indexOf(node) > 0) this.sendCommitted(part);
  }

  updatePressure(): void {
    this.pressure = this.chain.some((node) => this.memory.isFull(node));
  }

  private updatePause(): void {
    const paused = this.wantedChain !== null || this.learnerSeq >= 0;
    if (this.queue.paused && !paused) this.queue.resume();
    this.queue.paused = paused;
  }
}
