/**
 * Oracle: watches a cluster, keeps a ShardOracle per shard, and tells the checkers what happened in the words of protocol.md.
 *
 * Owns      the translation from messages and moves to: made, followed, changed, accepted, valued, lost.
 * Does not  judge (checkers/), except where the translation itself would make no sense.
 */
import {
  type GatherOperation,
  MASTER,
  type Message,
  type NodeId,
  type Note,
  nodeName,
  type Operation,
  type ReadOperation,
  type Result,
  Status,
  type ValueMessage,
} from '@quintet/engine/internal';
import { newCall, type SimulatedCall } from '../call.ts';
import type { Checker, MakeChecker, World } from '../checkers/checker.ts';
import type { VirtualCluster } from '../cluster.ts';
import { transactionOf } from '../insides.ts';
import type { Host, LimitChange, Watcher } from '../observer.ts';
import type { Options } from '../options.ts';
import { check } from '../violation.ts';
import type { SimulatedWatch, Change as ToldChange } from '../watch.ts';
import { ancestorAt } from './log-tree.ts';
import { type Made, ShardOracle } from './shard-oracle.ts';

export class Oracle implements Watcher, World {
  readonly options: Options;
  readonly shards: readonly ShardOracle[];
  cluster!: VirtualCluster;
  private checkers: readonly Checker[] = [];
  private readonly callsByOperation = new Map<Operation, SimulatedCall>();
  private committedBefore = 0;
  private readsBefore = 0;

  constructor(options: Options) {
    this.options = options;
    const onMade = (made: Made) => {
      for (const checker of this.checkers) checker.made?.(made);
    };
    this.shards = Array.from({ length: options.master.shards }, (_, shard) => new ShardOracle(shard, onMade));
  }

  /** The cluster watched: set once, before its start. */
  attach(cluster: VirtualCluster, makers: readonly MakeChecker[]): void {
    this.cluster = cluster;
    this.checkers = makers.map((make) => make(this));
  }

  sample(): void {
    for (const checker of this.checkers) checker.sample?.();
  }

  finish(): void {
    for (const checker of this.checkers) checker.finish?.();
  }

  // ---- messages -------------------------------------------------------------------------------------------------

  sent(from: NodeId, to: NodeId, message: Message): void {
    if (from === MASTER) this.masterSent(message);
    else if (message.type === 'stream-begin') {
      this.shards[message.shard]!.streamBegins(from, to, message.since, message.lastSeq);
    }
    for (const checker of this.checkers) checker.sent?.(from, to, message);
  }

  private masterSent(message: Message): void {
    switch (message.type) {
      case 'config':
        return this.configSent(message);
      case 'request':
        return this.requestSent(this.shards[message.shard]!, message.request, message.operation);
      case 'read':
        return this.readSent(this.shards[message.shard]!, message.id, message.operation);
      default:
    }
  }

  private configSent(message: Message & { type: 'config' }): void {
    const shard = this.shards[message.shard]!;
    const news = shard.announce(message);
    if (news === null) return;
    const anew = message.base !== null;
    for (const checker of this.checkers) checker.changed?.({ shard, ...news, anew });
  }

  private requestSent(shard: ShardOracle, request: number, operation: Operation): void {
    const call = this.callOf(shard, operation);
    const before = shard.requests.get(request) ?? call;
    const once = call.request === 0 || call.request === request;
    const same = before === call && once && call.shard === shard.shard;
    check(
      same,
      'exactly-once',
      () => `request ${request} of ${shard.name} is call ${call.index}, and call ${before.index}`,
    );
    call.request = request;
    shard.requests.set(request, call);
  }

  private readSent(shard: ShardOracle, id: number, operation: ReadOperation): void {
    const call = this.callOf(shard, operation);
    if (shard.reads.get(id)?.call === call) return;
    const { committed, contents } = shard;
    shard.reads.set(id, { call, sentAt: this.cluster.now, committedSeq: committed.seq, contents });
  }

  /** Whose operation this is: submitted, or the master's own for a transaction over several shards. */
  private callOf(shard: ShardOracle, operation: Operation): SimulatedCall {
    const call = this.callsByOperation.get(operation) ?? this.partOf(shard, operation);
    check(
      call !== undefined,
      'exactly-once',
      () => `an operation nobody submitted: ${operation.verb} ${operation.key}`,
    );
    return call;
  }

  private partOf({ shard }: ShardOracle, operation: Operation): SimulatedCall | undefined {
    const whole = transactionOf(this.cluster.master.shards[shard]!.queue, operation);
    const of = whole === null ? undefined : this.callsByOperation.get(whole);
    if (of === undefined) return undefined;
    const { index, client } = of;
    const [submittedAt, submittedMoment] = [this.cluster.now, this.cluster.nextMoment()];
    const part = newCall({ index, client, shard, operation, submittedAt, submittedMoment, of });
    of.parts.push(part);
    this.callsByOperation.set(operation, part);
    return part;
  }

  // ---- nodes ----------------------------------------------------------------------------------------------------

  received(host: Host, _from: NodeId, message: Message): void {
    if ('shard' in message) this.follow(host, this.shards[message.shard]!, message);
  }

  worked(host: Host): void {
    for (const shard of this.shards) this.follow(host, shard, null);
  }

  private follow(host: Host, shard: ShardOracle, cause: Message | null): void {
    const copy = host.node?.inspect(shard.shard);
    if (copy === undefined || !shard.follow(host, copy, cause)) return;
    for (const checker of this.checkers) checker.followed?.(shard, host);
  }

  // ---- master ---------------------------------------------------------------------------------------------------

  masterReceives(_from: NodeId, message: Message): void {
    if (!('shard' in message)) return;
    const control = this.cluster.master.shards[message.shard]!;
    this.committedBefore = control.committedSeq;
    this.readsBefore = control.queue.reads.length;
  }

  masterReceived(from: NodeId, message: Message): void {
    if (message.type === 'answer') this.answerReceived(from, message);
    else if (message.type === 'value') this.valueReceived(from, message);
  }

  private answerReceived(from: NodeId, answer: Message & { type: 'answer' }): void {
    const shard = this.shards[answer.shard]!;
    const { committedSeq } = this.cluster.master.shards[answer.shard]!;
    if (committedSeq === this.committedBefore) return;
    const entry = ancestorAt(shard.headOf(from), answer.seq);
    check(entry !== undefined && entry !== shard.root, 'accepted-answers', () => {
      return `${shard.name}: seq ${answer.seq} was accepted from ${nodeName(from)}, which does not hold it`;
    });
    shard.accept(entry);
    const call = shard.requests.get(answer.request);
    if (call !== undefined) [call.seq, call.doneAt] = [entry.seq, this.cluster.now];
    for (const checker of this.checkers) checker.accepted?.({ shard, from, answer, entry });
  }

  private valueReceived(from: NodeId, value: Message & { type: 'value' }): void {
    const shard = this.shards[value.shard]!;
    const { epoch, queue } = this.cluster.master.shards[value.shard]!;
    if (value.epoch !== epoch) return;
    shard.early.set(value.id, { from, value });
    if (queue.reads.length === this.readsBefore) return;
    const waiting = new Set([...queue.reads].map(({ number }) => number));
    for (const [id, known] of [...shard.early].sort(([one], [other]) => one - other)) {
      if (waiting.has(id)) continue;
      shard.early.delete(id);
      this.valueAccepted(shard, known.from, known.value);
    }
  }

  private valueAccepted(shard: ShardOracle, from: NodeId, value: ValueMessage): void {
    const read = shard.reads.get(value.id);
    if (read === undefined) return;
    shard.reads.delete(value.id);
    [read.call.seq, read.call.doneAt] = [read.committedSeq, this.cluster.now];
    // A transaction that failed has let go of its locks: nobody hears what is still gathered for it.
    if (read.call.of !== null && read.call.of.code !== null) return;
    if (read.call.operation.verb === 'gather') this.gathered(read.call, read.call.operation, value);
    for (const checker of this.checkers) checker.valued?.({ shard, from, value, read });
  }

  private gathered(part: SimulatedCall, { keys, heads }: GatherOperation, { result }: ValueMessage): void {
    for (const [at, { status, version, value, kind, expiresAt }] of (result.items ?? []).entries()) {
      // Of a head only the length is known: what is made of such a value would be seen to be wrong.
      const known = at < keys.length - heads ? value! : '?'.repeat(Number(value));
      if (status === Status.ok) part.seen.set(keys[at]!, { value: known, kind, version, expiresAt });
    }
    const gathers = part.of!.parts.filter(({ operation }) => operation.verb === 'gather');
    if (gathers.some(({ doneAt }) => Number.isNaN(doneAt))) return;
    for (const gather of gathers) gather.seenUntil = this.shards[gather.shard]!.committed.seq;
  }

  masterMoved(): void {
    for (const shard of this.shards) {
      const { lost } = this.cluster.master.shards[shard.shard]!;
      if (!lost || shard.lost) continue;
      shard.lost = true;
      shard.reads.clear();
      shard.early.clear();
      for (const call of this.callsByOperation.values()) {
        if (call.of !== null && call.shard === shard.shard && Number.isNaN(call.doneAt)) call.lost = true;
      }
      for (const checker of this.checkers) checker.lost?.(shard);
    }
  }

  masterTicks(): void {
    for (const checker of this.checkers) checker.masterTicks?.();
  }

  masterTicked(): void {
    for (const checker of this.checkers) checker.masterTicked?.();
  }

  // ---- callers --------------------------------------------------------------------------------------------------

  submitted(call: SimulatedCall): void {
    this.callsByOperation.set(call.operation, call);
  }

  known(call: SimulatedCall, result: Result): void {
    const shard = this.shards[call.shard]!;
    [call.seq, call.doneAt] = [shard.committed.seq, this.cluster.now];
    for (const checker of this.checkers) checker.known?.({ shard, call, result });
  }

  settled(call: SimulatedCall): void {
    for (const checker of this.checkers) checker.settled?.(call);
  }

  watchStarted(watch: SimulatedWatch): void {
    for (const checker of this.checkers) checker.watchStarted?.(watch);
  }

  watchTold(watch: SimulatedWatch, changes: readonly ToldChange[]): void {
    for (const checker of this.checkers) checker.watchTold?.(watch, changes);
  }

  noted(note: Note): void {
    for (const checker of this.checkers) checker.noted?.(note);
  }

  limitHeard(change: LimitChange): void {
    for (const checker of this.checkers) checker.limitHeard?.(change);
  }
}
