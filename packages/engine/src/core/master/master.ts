/**
 * Master: the configuration authority and the one sequencer of requests. Dispatch only.
 *
 * Owns      which machine receives what: seats (seats.ts), shards (shard-control.ts), repair (repair.ts), memory
 *           (node-memory.ts), hangs (failure-detector.ts).
 * Does not  decide within any of them; know threads, clocks or callers.
 * Invariants
 *   MA1  a node declared dead is never sent to again, and nothing it sends counts: its epochs are over.
 *   MA2  every operation accepted is answered or failed exactly once.
 */

import { type KeyReadOperation, type Operation, type TransactionOperation, ValueKind } from '../data/operation.ts';
import type { Result } from '../data/result.ts';
import type { WatchFilter } from '../data/watch-filter.ts';
import { failureOf } from '../protocol/errors.ts';
import type { Heartbeat } from '../protocol/heartbeat.ts';
import { NOBODY, type NodeId, type Seat, type ShardId } from '../protocol/ids.ts';
import { invariant } from '../protocol/invariant.ts';
import type {
  KeyInPlace,
  MasterCall,
  MasterMachine,
  MasterWatch,
  MemoryLimitChange,
  ValueInPlace,
} from '../protocol/machines.ts';
import type { Message, UsageMessage } from '../protocol/messages.ts';
import type { DeathReason } from '../protocol/notes.ts';
import type { MasterOutbox, Sink, WatchSink } from '../protocol/outbox.ts';
import type { MasterSettings } from '../protocol/settings.ts';
import type { Memory } from '../store/store.ts';
import { FailureDetector } from './membership/failure-detector.ts';
import { Seats } from './membership/seats.ts';
import { LargeWrites } from './memory/large-writes.ts';
import { NodeMemory } from './memory/node-memory.ts';
import { firstPlacement } from './placement/placement.ts';
import { Repair } from './placement/repair.ts';
import { NOWHERE, ReadCache } from './read-cache/read-cache.ts';
import { Call } from './shard/call.ts';
import type { RestlessQueue, WaitingRoom } from './shard/queue-parts.ts';
import { ShardControl } from './shard/shard-control.ts';
import { Tally } from './tally.ts';
import { Transaction, Transactions } from './transactions/transactions.ts';
import type { Watch } from './watch/watch.ts';
import { Watches } from './watch/watches.ts';

export interface MasterParts {
  readonly settings: MasterSettings;
  readonly outbox: MasterOutbox;
  readonly memory: Memory;
}

export class Master implements MasterMachine {
  readonly seats: Seats;
  readonly shards: readonly ShardControl[];
  readonly memory: NodeMemory;
  readonly tally = new Tally();
  readonly cache: ReadCache;
  private readonly settings: MasterSettings;
  private readonly outbox: MasterOutbox;
  private readonly hangs: FailureDetector;
  private readonly repair: Repair;
  private readonly transactions: Transactions;
  private readonly watches: Watches;
  private readonly room: WaitingRoom = { operations: 0, bytes: 0 };
  /** What a turn's end costs goes by these, not by the shards there are. */
  private readonly restless: RestlessQueue[] = [];
  private created = false;
  private closed = false;
  private clockAt = 0;
  /** Something was submitted, or received, since the time was last sent. */
  private active = false;
  /** Repair is looked at once a turn, after all that happened in it. */
  private repairDue = false;
  /** Lost shards to restart as soon as a live node can hold them. */
  private readonly resets = new Set<ShardControl>();

  constructor({ settings, outbox, memory: rawMemory }: MasterParts) {
    this.settings = settings;
    this.outbox = outbox;
    const { shards, hashSeed, readCacheBytes: bytesMax } = settings;
    this.cache = new ReadCache({ shards, bytesMax, hashSeed, memory: rawMemory });
    this.seats = new Seats(settings, outbox);
    this.memory = new NodeMemory(settings, outbox);
    this.hangs = new FailureDetector(settings.hangLimitMs);
    const onLocked = (lock: Call) => this.transactions.onLocked(lock);
    const onLost = (shard: ShardControl) => {
      this.transactions.onShardLost(shard);
      this.watches.onReset(shard.shard, shard.committedSeq);
    };
    const watches = () => this.watches;
    const { memory, room, restless, tally, cache } = this;
    const large = new LargeWrites(settings.largeWriteBytes);
    const surroundings = { settings, outbox, room, large, restless, memory, tally, cache, onLocked, onLost, watches };
    this.shards = Array.from({ length: settings.shards }, (_, shard) => new ShardControl(shard, surroundings));
    this.watches = new Watches(settings, outbox, this.shards);
    this.transactions = new Transactions(settings, outbox, this.shards, this.watches, tally);
    this.repair = new Repair(settings, outbox, this.seats, this.shards);
  }

  /** Every shard has all its copies, evenly spread, and nothing is moving. */
  get settled(): boolean {
    return this.created && this.repair.settled;
  }

  start(now: number): void {
    this.clockAt = now + this.settings.clockEveryMs;
    for (const state of this.seats.all) this.seats.start(state);
  }

  // ---- operations -----------------------------------------------------------------------------------------------

  submit(shard: ShardId, operation: Operation, sink: Sink, now: number): MasterCall {
    this.noteActive(now);
    if (operation.verb === 'transaction') return this.transact(operation, sink, now);
    const call = this.closed ? this.refuse(sink) : this.shards[shard]!.submit(operation, sink);
    return call ?? this.settledCall(shard, operation, sink);
  }

  private transact(operation: TransactionOperation, sink: Sink, now: number): MasterCall {
    const call = this.closed ? this.refuse(sink) : this.transactions.submit(operation, sink, now);
    return call ?? this.settledCall(0, operation, sink);
  }

  private refuse(sink: Sink): null {
    this.outbox.fail(sink, 'CLOSED', '');
    return null;
  }

  private settledCall(shard: ShardId, operation: Operation, sink: Sink): Call {
    const call = new Call(shard, operation, sink, 0);
    call.settled = true;
    call.stage = 'done';
    return call;
  }

  readAtOnce(operation: KeyReadOperation, clock: () => number): Result | null {
    if (operation.verb === 'get-range') return null;
    if (operation.verb === 'stat' && (operation.tells !== undefined || operation.uses === true)) return null;
    const place = this.cache.find(operation.key);
    if (place === NOWHERE) return null;
    return this.shards[this.cache.shardAt(place)]!.readAtOnce(place, operation, clock);
  }

  showAtOnce(key: KeyInPlace, longest: number, clock: () => number): ValueInPlace | null {
    const { cache } = this;
    const place = cache.findBytes(key);
    if (place === NOWHERE || cache.valueBytesAt(place) > longest) return null;
    if (cache.kindAt(place) === ValueKind.structured) return null;
    return this.shards[cache.shardAt(place)]!.mayShow(place, clock) ? cache.showAt(place) : null;
  }

  valueBound(shard: ShardId, key: string): number {
    return this.shards[shard]!.queue.valueBound(key);
  }

  copyAtOnce(name: string, clock: () => number): unknown {
    const copy = this.cache.copyOf(name);
    return copy === undefined ? undefined : this.shards[copy.shard]!.copyAtOnce(copy, clock);
  }

  keepCopy(name: string, key: string, value: unknown): void {
    this.cache.keepCopy(name, key, value);
  }

  giveUp(masterCall: MasterCall, reason: 'aborted' | 'timeout', now: number): void {
    if (masterCall instanceof Transaction) this.transactions.giveUp(masterCall, reason);
    else this.giveUpCall(masterCall as Call, reason);
    this.endTurn(now);
  }

  private giveUpCall(call: Call, reason: 'aborted' | 'timeout'): void {
    if (call.settled) return;
    call.settled = true;
    this.outbox.fail(call.sink, failureOf(reason, call.inFlight), '');
    this.shards[call.shard]!.queue.resume();
  }

  // ---- watches --------------------------------------------------------------------------------------------------

  watch(filter: WatchFilter, from: ReadonlyMap<ShardId, number> | null, sink: WatchSink): MasterWatch {
    return this.watches.watch(filter, from, sink);
  }

  unwatch(watch: MasterWatch, now: number): void {
    this.watches.unwatch(watch as Watch, now);
  }

  // ---- messages -------------------------------------------------------------------------------------------------

  receive(from: NodeId, message: Message, now: number): void {
    if (this.closed) return;
    this.noteActive(now);
    this.transactions.setTime(now);
    switch (message.type) {
      case 'answer':
        return this.shards[message.shard]!.onAnswer(message);
      case 'value':
        return this.shards[message.shard]!.onValue(message);
      case 'progress': {
        const shard = this.shards[message.shard]!;
        if (!shard.onProgress(from, message)) return;
        this.repair.noteJoined(shard, from, now);
        this.repairDue = true;
        return;
      }
      case 'sealed':
        this.shards[message.shard]!.onSealed(message);
        this.repairDue = true;
        return;
      case 'usage':
        return this.onUsage(from, message);
      default:
        invariant(false, 'this message is not for the master');
    }
  }

  private onUsage(from: NodeId, message: UsageMessage): void {
    if (!this.seats.isLive(from)) return;
    if (this.memory.onUsage(from, message)) for (const shard of this.shards) shard.updatePressure();
    const excess = this.memory.excessOf(message);
    if (excess > 0) for (const shard of this.shards) shard.evictFor(from, excess);
    this.memory.noteHeard(from, message);
  }

  endTurn(now: number): void {
    if (this.closed) return;
    this.transactions.setTime(now);
    this.calmQueues();
    if (this.memory.evicts) for (const shard of this.shards) shard.tellUses();
    if (this.resets.size > 0) this.resetLostShards(now);
    this.watches.endTurn(now);
    if (!this.repairDue || !this.created) return;
    this.repairDue = false;
    this.repair.run(now);
  }

  private calmQueues(): void {
    const { restless } = this;
    if (restless.length === 0) return;
    // It grows meanwhile: a transaction that ends in one shard's turn may set another's waiting operations free.
    for (const queue of restless) {
      queue.listed = false;
      queue.tryHeld();
    }
    restless.length = 0;
  }

  // ---- nodes ----------------------------------------------------------------------------------------------------

  nodeReady(node: NodeId, now: number): void {
    if (this.closed || !this.seats.ready(node, now)) return;
    this.hangs.begin(now);
    this.memory.nodeReady(node);
    this.outbox.note({ type: 'node-up', node });
    if (!this.created) this.createShards();
    this.repairDue = true;
    this.endTurn(now);
  }

  private createShards(): void {
    const nodes = this.seats.live;
    if (nodes.length < this.settings.nodes) return;
    this.created = true;
    const chains = firstPlacement(nodes, this.settings.shards, this.settings.replicas + 1);
    for (const shard of this.shards) shard.create(chains[shard.shard]!);
    this.outbox.note({ type: 'cluster-ready' });
  }

  nodeDied(node: NodeId, reason: DeathReason, detail: string, now: number): void {
    if (this.closed || !this.seats.died(node, now)) return;
    this.transactions.setTime(now);
    this.outbox.note({ type: 'node-down', node, reason, detail });
    this.memory.nodeDied(node);
    for (const shard of this.shards) this.removeFrom(shard, node, now);
    this.repairDue = true;
    this.endTurn(now);
  }

  posted(now: number): void {
    this.hangs.begin(now);
  }

  private lookForHangs(now: number, heartbeats: readonly Heartbeat[]): void {
    for (const quiet of this.hangs.look(now, heartbeats)) {
      const { node, quietMs } = quiet;
      // Asked for one after the other: a death may leave a last copy to the next.
      if (!this.hangs.isHung(quiet, this.holdsLastCopy(node), this.longestValueBytes)) continue;
      this.nodeDied(node, 'hung', `no sign of life for ${Math.round(quietMs)} ms`, now);
    }
  }

  /** Some shard would be lost with this node. */
  private holdsLastCopy(node: NodeId): boolean {
    return this.shards.some(({ chain }) => chain.length === 1 && chain[0] === node);
  }

  get longestValueBytes(): number {
    return this.shards.reduce((longest, { queue }) => Math.max(longest, queue.longestValueBytes), 0);
  }

  private removeFrom(shard: ShardControl, node: NodeId, now: number): void {
    const { primary, lost } = shard;
    shard.nodeDied(node);
    if (shard.lost && !lost) this.repair.noteLost(shard);
    if (shard.lost || !this.created) return;
    if (shard.primary !== primary) this.repair.notePromoted(shard);
    this.repair.noteMissing(shard, now);
  }

  resetShard(shard: ShardId, now: number): void {
    const control = this.shards[shard]!;
    invariant(control.lost, 'only a lost shard is reset');
    this.resets.add(control);
    this.endTurn(now);
  }

  private resetLostShards(now: number): void {
    for (const shard of this.resets) {
      const node = this.repair.emptiestNode();
      if (node === NOBODY) return;
      this.resets.delete(shard);
      shard.reset(node);
      this.outbox.note({ type: 'shard-reset', shard: shard.shard });
      this.repair.noteMissing(shard, now);
      this.repairDue = true;
    }
  }

  reviveSeat(seat: Seat, _now: number): void {
    this.seats.revive(seat);
  }

  setMemoryLimit(limit: MemoryLimitChange, sink: Sink, now: number): void {
    if (this.closed) return this.outbox.fail(sink, 'CLOSED', '');
    for (const { queue } of this.shards) queue.setCredit(limit);
    this.memory.setLimit(limit, this.seats.live, sink);
    this.endTurn(now);
  }

  // ---- time -----------------------------------------------------------------------------------------------------

  nextDeadline(): number {
    const { seats, repair, watches, hangs, clockAt } = this;
    return Math.min(seats.nextDeadline(), repair.nextDeadline(), watches.nextDeadline(), hangs.nextLookAt, clockAt);
  }

  private noteActive(now: number): void {
    if (this.active) return;
    this.active = true;
    this.clockAt = Math.min(this.clockAt, now + this.settings.clockEveryMs);
  }

  tick(now: number, heartbeats: readonly Heartbeat[]): void {
    if (this.closed) return;
    if (now >= this.hangs.nextLookAt) this.lookForHangs(now, heartbeats);
    this.seats.tick(now);
    if (now >= this.repair.nextDeadline()) this.repairDue = true;
    if (now >= this.clockAt) {
      this.clockAt = now + (this.active ? this.settings.clockEveryMs : this.settings.idleClockEveryMs);
      this.active = false;
      this.watches.tick(now);
      for (const node of this.seats.live) this.outbox.send(node, { type: 'clock' });
    }
    this.endTurn(now);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cache.close();
    this.transactions.close();
    this.watches.close();
    this.memory.close();
    for (const { queue } of this.shards) {
      for (const call of queue.takeAll()) {
        if (call.settled || call.direct) continue;
        call.settled = true;
        this.outbox.fail(call.sink, failureOf('closed', call.inFlight), '');
      }
    }
  }
}
