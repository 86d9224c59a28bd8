/**
 * ShardOracle: what really is the case with one shard, learned from outside: from what is sent, taken and held.
 *
 * Owns      the log tree; each copy's head in it; what the master has accepted, and the contents that implies; the
 *           configuration the master last announced; who asked for what.
 * Does not  judge: it tells the checkers (oracle.ts dispatches) and throws only where it could not go on.
 * Invariants
 *   SH1  `committed` is the last accepted answer's entry; `contents` is what a store that ends there must hold.
 *   SH2  a head is a copy's whole log: known from its records, never from what it says about itself.
 */
import { type ConfigMessage, type Message, type NodeId, nodeName, type ValueMessage } from '@quintet/engine/internal';
import type { Copy } from '@quintet/engine/machines';
import type { SimulatedCall } from '../call.ts';
import { learnerStage, windowOf } from '../insides.ts';
import type { Host } from '../observer.ts';
import { check } from '../violation.ts';
import { ancestorAt, applyTo, type Contents, childFor, knownChild, type LogEntry, rootEntry } from './log-tree.ts';

export interface KnownConfiguration {
  readonly epoch: number;
  readonly chain: readonly NodeId[];
  readonly learner: NodeId;
  readonly since: number;
}

/** A direct read in flight: what was committed when it was first sent. */
export interface KnownRead {
  readonly call: SimulatedCall;
  readonly sentAt: number;
  readonly committedSeq: number;
  /** Contents of the shard at that moment; shared, never changed. */
  readonly contents: Contents;
}

/** A record as its primary made it. */
export interface Made {
  readonly shard: ShardOracle;
  readonly host: Host;
  readonly epoch: number;
  readonly entry: LogEntry;
  readonly parent: LogEntry;
  /** The request it answers; null for the primary's own. */
  readonly call: SimulatedCall | null;
}

export class ShardOracle {
  readonly shard: number;
  root: LogEntry = rootEntry(0, 0, 0);
  committed: LogEntry = this.root;
  contents: Contents = new Map();
  readonly committedLog = new Map<number, LogEntry>();
  /** Of every copy that has a log, zombies of earlier lives of the shard included. */
  private readonly heads = new Map<NodeId, LogEntry>();
  configuration: KnownConfiguration = { epoch: 0, chain: [], learner: 0, since: 0 };
  lost = false;
  readonly requests = new Map<number, SimulatedCall>();
  readonly reads = new Map<number, KnownRead>();
  /** Values the master has and has not accepted yet: an earlier read of their key has none. By the read's id. */
  readonly early = new Map<number, { readonly from: NodeId; readonly value: ValueMessage }>();
  /** Where each stream began: the source's head then, by learner and since. */
  private readonly begins = new Map<string, LogEntry>();
  /** Where the shard began, by the epoch that began it. */
  private readonly roots = new Map<number, LogEntry>();
  private readonly learnedSince = new Map<NodeId, number>();
  private readonly onMade: (made: Made) => void;

  constructor(shard: number, onMade: (made: Made) => void) {
    this.shard = shard;
    this.onMade = onMade;
  }

  get name(): string {
    return `shard ${this.shard}`;
  }

  /** A copy's head, if its log is of the shard's present life. */
  headOf(node: NodeId): LogEntry | undefined {
    const head = this.heads.get(node);
    return head?.life === this.root.life ? head : undefined;
  }

  // ---- what is announced ----------------------------------------------------------------------------------------

  /** The configuration this message announces, if it is news. */
  announce(message: ConfigMessage): { before: KnownConfiguration; after: KnownConfiguration } | null {
    if (message.epoch <= this.configuration.epoch || message.chain.length === 0) return null;
    const before = this.configuration;
    const { epoch, chain, learner, since } = message;
    this.configuration = { epoch, chain, learner, since };
    if (message.base !== null) {
      this.beginAnew(message.base.seq, message.base.request);
      this.roots.set(epoch, this.root);
    }
    return { before, after: this.configuration };
  }

  private beginAnew(seq: number, request: number): void {
    this.root = rootEntry(seq, request, this.root.life + 1);
    this.committed = this.root;
    this.contents = new Map();
    this.lost = false;
  }

  streamBegins(source: NodeId, learner: NodeId, since: number, lastSeq: number): void {
    const head = ancestorAt(this.heads.get(source), lastSeq);
    check(
      head !== undefined,
      'prefix',
      () => `${nodeName(source)} streams from seq ${lastSeq}, which is not in its log`,
    );
    this.begins.set(`${learner}:${since}`, head);
  }

  accept(entry: LogEntry): void {
    this.committed = entry;
    this.committedLog.set(entry.seq, entry);
    // Reads in flight share the old contents: change a copy, but only if somebody looks at it.
    if (this.reads.size > 0) this.contents = new Map(this.contents);
    if (entry.record !== null) applyTo(this.contents, entry.record);
  }

  // ---- what copies hold -----------------------------------------------------------------------------------------

  /** Follows a copy after `cause` (a message it took; null = its own work). True if its log changed. */
  follow(host: Host, copy: Copy, cause: Message | null): boolean {
    const head = this.headNow(host, copy, cause);
    if (head === undefined) return this.heads.delete(host.id);
    const { lastSeq } = copy.state;
    const known = this.heads.get(host.id);
    if (known === head && lastSeq === head.seq) return false;
    check(lastSeq >= head.seq, 'prefix', () => `${this.where(host)}: the log shrank from ${head.seq} to ${lastSeq}`);
    this.heads.set(host.id, lastSeq === head.seq ? head : this.extend(host, copy, head, cause));
    return true;
  }

  /** Where the copy's log was before what is new; undefined = it has none. */
  private headNow(host: Host, copy: Copy, cause: Message | null): LogEntry | undefined {
    const { state } = copy;
    if (state.dataIfAny === null) return undefined;
    const stage = learnerStage(copy);
    if (stage === 'waiting') return undefined;
    // Not simply the present root: a zombie may get to hear of an earlier beginning now.
    if (cause?.type === 'config' && cause.base !== null) return this.roots.get(cause.epoch);
    const known = this.heads.get(host.id);
    if (stage === null) {
      check(known !== undefined, 'prefix', () => `${this.where(host)}: a member without a past`);
      return known;
    }
    if (known !== undefined && this.learnedSince.get(host.id) === state.since) return known;
    this.learnedSince.set(host.id, state.since);
    const begin = this.begins.get(`${host.id}:${state.since}`);
    check(begin !== undefined, 'prefix', () => `${this.where(host)}: catches up from a stream nobody began`);
    return begin;
  }

  private extend(host: Host, copy: Copy, from: LogEntry, cause: Message | null): LogEntry {
    const { lastSeq, epoch, position } = copy.state;
    const records = windowOf(copy);
    const makes = position === 0 && (cause === null || cause.type === 'request');
    let head = from;
    for (let seq = head.seq + 1; seq <= lastSeq; seq++) {
      const record = records[records.length - 1 - (lastSeq - seq)] ?? this.committedLog.get(seq)?.record;
      check(
        record?.seq === seq,
        'window',
        () => `${this.where(host)}: seq ${seq} is neither in its window nor accepted`,
      );
      const known = knownChild(head, record);
      check(
        known !== undefined || makes,
        'prefix',
        () => `${this.where(host)}: holds a record nobody made: seq ${seq}`,
      );
      const parent = head;
      head = known ?? childFor(parent, record);
      if (!makes) continue;
      const call = cause?.type === 'request' && record.request > 0 ? (this.requests.get(record.request) ?? null) : null;
      this.onMade({ shard: this, host, epoch, entry: head, parent, call });
    }
    return head;
  }

  where(host: Host): string {
    return `${this.name} on ${nodeName(host.id)}`;
  }
}
