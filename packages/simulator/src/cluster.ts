/**
 * VirtualCluster: the shipped Master and Nodes, joined by links, in virtual time. Carries events out; draws nothing.
 *
 * Owns      the machines, the links, the clock, the calls and what became of them.
 * Does not  choose what happens next (scheduler.ts), judge (truth/, checkers/).
 * Invariants
 *   CL1  a machine is never called while another call into it runs, and its outputs take effect in the order emitted.
 *   CL2  the same options and events give the same run: nothing here draws, reads a clock or depends on identity.
 *   CL3  a node hears the master's time of a batch before its messages, and no other time.
 *   CL4  the master is told of posts to nodes after the call in which it made them, as when batches leave at the end of a turn.
 * A node's life: spawning → up → stopped. Whether the master knows (`declared`) is independent: a node may act for long
 * after it was declared dead, or be dead long before.
 */
import {
  type Heartbeat,
  InvariantViolation,
  isWrite,
  MASTER,
  type MemoryLimitChange,
  type Message,
  type NodeId,
  type Note,
  nodeName,
  type Operation,
  type Result,
  Status,
  seatOf,
  type ValueMessage,
} from '@quintet/engine/internal';
import { Master, Node } from '@quintet/engine/machines';
import { newCall, type SimulatedCall } from './call.ts';
import type { Action, Event, HangReason, Keeps, Takes } from './event.ts';
import { deepFreeze } from './freeze.ts';
import { Heart } from './heart.ts';
import { keysOf, shardOfKey } from './keys.ts';
import { knownTo } from './known-reads.ts';
import { Links } from './links.ts';
import { SimulationMemory } from './memory.ts';
import type { Host, LimitChange, Watcher } from './observer.ts';
import type { Options } from './options.ts';
import { Trace } from './trace.ts';
import { check, Violation } from './violation.ts';
import { SimulatedWatch } from './watch.ts';

/** Whoever reads what it has just been told of. */
const TOLD_CLIENT = -2;

export class VirtualCluster {
  now = 1_000_000;
  readonly options: Options;
  readonly master: Master;
  readonly hosts = new Map<NodeId, Host>();
  readonly links: Links;
  readonly calls: SimulatedCall[] = [];
  readonly watches: SimulatedWatch[] = [];
  readonly notes: Note[] = [];
  readonly limits: LimitChange[] = [];
  readonly trace = new Trace();
  /** What the master asked for and nobody has arranged yet. */
  readonly spawnRequests: NodeId[] = [];
  readonly terminateRequests: NodeId[] = [];
  /** Messages taken, and reads the master answered at once, for figures. */
  delivered = 0;
  answeredAtOnce = 0;
  /** Keys that callers and watchers have heard of in this turn of the master. */
  private readonly told: string[] = [];
  /** The last key that was read and found, by shard. */
  private readonly lastRead: (string | undefined)[] = [];
  unsettled = 0;
  private moments = 0;
  /** Something was posted to a node, and the master is not told yet. */
  private posted = false;
  private readonly watcher: Watcher;

  constructor(options: Options, watcher: Watcher) {
    this.options = options;
    this.links = new Links(options.codec);
    this.watcher = watcher;
    this.master = new Master({
      settings: options.master,
      memory: new SimulationMemory(),
      outbox: {
        send: (to, message) => this.post(MASTER, to, message),
        reply: (sink, result) => sink.onResult(result),
        fail: (sink, code, details) => sink.onError(code, details),
        watchStarted: (sink, positions) => sink.onStart(positions),
        changes: (sink, changes) => {
          for (const { key } of changes) this.told.push(key);
          sink.onChanges(changes);
        },
        watchProgress: (sink, places) => sink.onProgress(places),
        watchEnded: (sink, code, details) => sink.onEnd(code, details),
        spawn: (node) => this.spawn(node),
        terminate: (node) => this.terminateRequests.push(node),
        note: (note) => this.note(note),
      },
    });
  }

  /** Starts every seat. Apart from the constructor, so that a watcher may hold the cluster by then. */
  start(): void {
    this.master.start(this.now);
  }

  host(id: NodeId): Host | undefined {
    return this.hosts.get(id);
  }

  /** Orders what callers can see, whatever the clock says. */
  nextMoment(): number {
    this.moments += 1;
    return this.moments;
  }

  /** Lives that run, declared dead or not. */
  get running(): Host[] {
    return [...this.hosts.values()].filter(({ stage }) => stage === 'up');
  }

  // ---- events ---------------------------------------------------------------------------------------------------

  /** Carries an event out; false if it does not apply (any more). A machine that throws has violated an assertion. */
  apply(event: Event): boolean {
    if (event.at > this.now) this.now = event.at;
    try {
      if (!this.perform(event)) return false;
    } catch (error) {
      if (error instanceof Violation) throw error;
      const kind = error instanceof InvariantViolation ? 'assertion' : 'crash';
      throw new Violation(kind, error instanceof Error ? error.message : String(error));
    }
    this.trace.time(this.now);
    return true;
  }

  private perform(action: Action): boolean {
    switch (action.type) {
      case 'turn':
        return this.nodeTurn(action.node, action.takes);
      case 'master-turn':
        return this.masterTurn(action.takes);
      case 'submit':
        return this.submit(action);
      case 'give-up':
        return this.giveUp(action.call, action.reason);
      case 'watch':
        return this.watch(action);
      case 'unwatch':
        return this.unwatch(action.watch);
      case 'tick':
        return this.tick();
      case 'stop':
        return this.stop(action.node, action.keeps);
      case 'declare':
        return this.declare(action);
      case 'ready':
        return this.ready(action.node);
      case 'reset':
        if (this.master.shards[action.shard]?.lost !== true) return false;
        return this.tellMaster(() => this.master.resetShard(action.shard, this.now));
      case 'revive':
        return this.tellMaster(() => this.master.reviveSeat(action.seat, this.now));
      case 'memory-limit':
        return this.changeLimit(action.limit);
      case 'hang':
        return this.hang(action.node, action.ms, action.why);
      case 'wait':
        return true;
    }
  }

  private tellMaster(tell: () => void): true {
    tell();
    if (this.posted) {
      this.posted = false;
      this.master.posted(this.now);
    }
    this.watcher.masterMoved?.();
    return true;
  }

  private tick(): true {
    this.watcher.masterTicks?.();
    this.tellMaster(() => this.master.tick(this.now, this.heartbeats()));
    this.watcher.masterTicked?.();
    return true;
  }

  // ---- turns ----------------------------------------------------------------------------------------------------

  private nodeTurn(id: NodeId, takes: Takes): boolean {
    const host = this.hosts.get(id);
    if (host === undefined || host.stage !== 'up' || host.node === null) return false;
    if (host.heart.isStill(this.now)) return false;
    const { node } = host;
    const late = host.late.length;
    if (this.options.nodesKeepTime) {
      host.time = this.now;
      node.onTime(this.now);
    }
    for (const [from, count] of takes) {
      const { queue } = this.links.between(from, id);
      for (let taken = 0; taken < count && queue.length > 0; taken++) {
        const { message, time } = queue.shift()!;
        if (from === MASTER && time > host.time) host.time = time;
        if (from === MASTER) node.onTime(time);
        this.noteWork(host, from, message);
        node.receive(from, message);
        this.delivered += 1;
        this.watcher.received?.(host, from, message);
      }
    }
    const more = node.work();
    node.endTurn();
    if (late > 0) this.post(id, MASTER, host.late.shift()!);
    host.more = more || host.late.length > 0;
    if (host.more) host.heart.activeAt = this.now;
    this.watcher.worked?.(host);
    return true;
  }

  private masterTurn(takes: Takes): boolean {
    for (const [from, count] of takes) {
      const { queue } = this.links.between(from, MASTER);
      for (let taken = 0; taken < count && queue.length > 0; taken++) {
        const { message } = queue.shift()!;
        this.watcher.masterReceives?.(from, message);
        this.master.receive(from, message, this.now);
        this.delivered += 1;
        this.watcher.masterReceived?.(from, message);
      }
    }
    this.readWhatWasTold();
    return this.tellMaster(() => this.master.endTurn(this.now));
  }

  /**
   * Callers and watchers hear of what a turn has brought before it ends, and may read at once. Only what is known at once is asked
   * here: anything else would be a call that nobody drew.
   */
  private readWhatWasTold(): void {
    const told = this.told.splice(0);
    if (this.options.readsWhatIsTold) this.readAtOnce(new Set(told));
  }

  /** A pipeline: what was just asked to be written is read before anything has come of it. */
  private readBehind(shard: number, operation: Operation): void {
    const last = this.lastRead[shard];
    if (operation.verb !== 'clear') this.readAtOnce(keysOf(operation));
    else if (last !== undefined) this.readAtOnce([last]);
  }

  private readAtOnce(keys: Iterable<string>): void {
    for (const key of keys) {
      const operation = { verb: 'get', key } as const;
      const result = this.master.readAtOnce(operation, () => this.now);
      if (result === null) continue;
      const call = this.newCall(TOLD_CLIENT, shardOfKey(key, this.options.master.shards), operation);
      this.answerAtOnce(call, result);
    }
  }

  private post(from: NodeId, to: NodeId, message: Message): void {
    this.trace.message(from, to, message);
    if (this.options.freezeMessages) deepFreeze(message);
    this.watcher.sent?.(from, to, message);
    if (to !== MASTER) {
      const host = this.hosts.get(to);
      check(host !== undefined, 'assertion', () => `${nodeName(from)} posts to a node nobody spawned: ${to}`);
      if (host.stage === 'stopped') return;
      if (from === MASTER) this.notePost(host);
    }
    this.links.post(from, to, { message, time: from === MASTER ? this.now : 0 });
  }

  // ---- callers --------------------------------------------------------------------------------------------------

  private newCall(client: number, shard: number, operation: Operation): SimulatedCall {
    const index = this.calls.length;
    const submittedMoment = this.nextMoment();
    const call = newCall({ index, client, shard, operation, submittedAt: this.now, submittedMoment, of: null });
    this.calls.push(call);
    this.unsettled += 1;
    this.watcher.submitted?.(call);
    return call;
  }

  private submit({ client, shard, operation }: Action & { type: 'submit' }): true {
    const call = this.newCall(client, shard, operation);
    const known =
      operation.verb === 'get' || operation.verb === 'stat' ? knownTo(this.master, client, operation, this.now) : null;
    if (known !== null) {
      this.answerAtOnce(call, known);
      this.watcher.masterMoved?.();
      return true;
    }
    const sink = {
      onResult: (result: Result) => this.settle(call, () => (call.result = result)),
      onError: (code: NonNullable<SimulatedCall['code']>) => this.settle(call, () => (call.code = code)),
    };
    const submitted = this.tellMaster(() => {
      call.handle = this.master.submit(shard, operation, sink, this.now);
    });
    if (this.options.readsWhatIsTold && isWrite(operation)) this.readBehind(shard, operation);
    return submitted;
  }

  private answerAtOnce(call: SimulatedCall, result: Result): void {
    this.answeredAtOnce += 1;
    this.watcher.known?.(call, result);
    this.settle(call, () => (call.result = result));
  }

  private settle(call: SimulatedCall, keep: () => void): void {
    const again = call.result !== null || call.code !== null;
    check(!again, 'exactly-once', () => `call ${call.index} was answered twice`);
    keep();
    call.settledAt = this.now;
    call.settledMoment = this.nextMoment();
    this.unsettled -= 1;
    const { key, verb } = call.operation;
    if (key !== '' && call.client !== TOLD_CLIENT) this.told.push(key);
    if (verb === 'get' && call.result?.status === Status.ok) this.lastRead[call.shard] = key;
    this.trace.number(call.index);
    this.trace.text(call.code ?? '');
    this.watcher.settled?.(call);
  }

  private giveUp(index: number, reason: 'aborted' | 'timeout'): boolean {
    const call = this.calls[index];
    if (call === undefined || call.handle === null || call.result !== null || call.code !== null) return false;
    const { handle } = call;
    return this.tellMaster(() => this.master.giveUp(handle, reason, this.now));
  }

  private watch({ filter, resumes }: Action & { type: 'watch' }): boolean {
    const before = resumes === null ? null : this.watches[resumes];
    if (before === undefined || (before !== null && before.stage !== 'left')) return false;
    const watch = new SimulatedWatch(this.watches.length, filter, before, this.watcher);
    this.watches.push(watch);
    const from = before === null ? null : new Map(before.positions);
    return this.tellMaster(() => watch.begin(this.master, from, this.trace));
  }

  private unwatch(index: number): boolean {
    const watch = this.watches[index];
    if (watch === undefined || watch.stage !== 'started') return false;
    return this.tellMaster(() => watch.leave(this.master, this.now));
  }

  // ---- lives ----------------------------------------------------------------------------------------------------

  private spawn(id: NodeId): void {
    check(!this.hosts.has(id), 'chain-changes', () => `${nodeName(id)} was spawned twice`);
    const heart = new Heart(id, this.options.hangs);
    this.hosts.set(id, { id, node: null, stage: 'spawning', declared: false, more: false, time: 0, late: [], heart });
    this.spawnRequests.push(id);
  }

  private ready(id: NodeId): boolean {
    const host = this.hosts.get(id);
    if (host?.stage !== 'spawning') return false;
    host.stage = 'up';
    const outbox = {
      send: (to: NodeId, message: Message) => {
        if (message.type === 'value' && this.isLate(message)) holdBack(host, message);
        else this.post(id, to, message);
      },
    };
    host.node = new Node({ id, settings: this.options.node, memory: new SimulationMemory(), outbox });
    return this.tellMaster(() => this.master.nodeReady(id, this.now));
  }

  private isLate({ id }: ValueMessage): boolean {
    const { lateValues } = this.options;
    return lateValues > 0 && id % lateValues === 0;
  }

  private changeLimit(limit: MemoryLimitChange): true {
    const change: LimitChange = { index: this.limits.length, limit, nodes: this.master.seats.live, answers: 0 };
    this.limits.push(change);
    const onResult = (): void => {
      change.answers += 1;
      this.watcher.limitHeard?.(change);
    };
    const onError = (code: string): never => {
      throw new Violation('memory-limit', `a change of the limit failed: ${code}`);
    };
    return this.tellMaster(() => this.master.setMemoryLimit(limit, { onResult, onError }, this.now));
  }

  private stop(id: NodeId, keeps: Keeps): boolean {
    const host = this.hosts.get(id);
    if (host === undefined || host.stage === 'stopped') return false;
    this.standStill(host, null);
    host.stage = 'stopped';
    this.links.clearInto(id);
    for (const [to, count] of keeps) this.links.truncate(id, to, count);
    return true;
  }

  private declare({ node, reason }: Action & { type: 'declare' }): boolean {
    const host = this.hosts.get(node);
    if (host === undefined || host.declared) return false;
    host.declared = true;
    return this.tellMaster(() => this.master.nodeDied(node, reason, '', this.now));
  }

  private note(note: Note): void {
    this.notes.push(note);
    this.trace.text(note.type);
    this.trace.number('node' in note ? note.node : 'seat' in note ? note.seat : 0);
    this.watcher.noted?.(note);
    // Told by us or found by the master itself: from here on it must send it nothing.
    if (note.type === 'node-down') this.hosts.get(note.node)!.declared = true;
  }

  // ---- hearts ---------------------------------------------------------------------------------------------------

  private hang(id: NodeId, ms: number | null, why: HangReason): boolean {
    const host = this.hosts.get(id);
    if (host?.stage !== 'up' || host.heart.isStill(this.now)) return false;
    this.standStill(host, ms, why === 'starved');
    return true;
  }

  private standStill(host: Host, ms: number | null, waits = false): void {
    host.heart.run(this.now, this.isIdle(host));
    host.heart.stop(this.now, ms, waits);
  }

  /** What the runtime shows the master: of all that are up as far as it knows. */
  private heartbeats(): Heartbeat[] {
    const seen = [...this.hosts.values()].filter(({ node, declared }) => node !== null && !declared);
    return seen.map((host) => {
      host.heart.run(this.now, this.isIdle(host));
      return host.heart.heartbeat(this.now);
    });
  }

  private isIdle({ id, more }: Host): boolean {
    return !more && !this.links.waiting(id);
  }

  private notePost(host: Host): void {
    this.posted = true;
    host.heart.post(this.now);
  }

  private noteWork({ heart }: Host, from: NodeId, message: Message): void {
    if (from === MASTER) heart.received += 1;
    if (message.type !== 'clock') heart.activeAt = this.now;
  }

  /** Where nobody sits and nobody will without help. */
  get stoppedSeats(): number[] {
    return this.master.seats.all.filter(({ health }) => health === 'stopped').map(({ seat }) => seatOf(seat));
  }
}

/** As the runtime does: what the shard's last epoch did not ask for is not copied any more. */
function holdBack(host: Host, value: ValueMessage): void {
  host.late = host.late.filter(({ shard, epoch }) => shard !== value.shard || epoch === value.epoch);
  host.late.push(value);
}
