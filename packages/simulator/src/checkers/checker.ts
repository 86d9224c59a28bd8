/**
 * Checker: one property of the whole, watched while a run goes on. Each lives in a file of its own.
 *
 * A checker takes part in the moments it needs and throws a Violation (violation.ts) as soon as its property is broken.
 * It draws nothing, changes nothing, and knows the machines only through ShardOracle and what World shows.
 */
import type { AnswerMessage, Message, NodeId, Note, Result, ValueMessage } from '@quintet/engine/internal';
import type { SimulatedCall } from '../call.ts';
import type { VirtualCluster } from '../cluster.ts';
import type { Host, LimitChange } from '../observer.ts';
import type { Options } from '../options.ts';
import type { LogEntry } from '../oracle/log-tree.ts';
import type { KnownConfiguration, KnownRead, Made, ShardOracle } from '../oracle/shard-oracle.ts';
import type { SimulatedWatch, Change as ToldChange } from '../watch.ts';

export interface World {
  readonly cluster: VirtualCluster;
  readonly options: Options;
  readonly shards: readonly ShardOracle[];
}

export interface Change {
  readonly shard: ShardOracle;
  readonly before: KnownConfiguration;
  readonly after: KnownConfiguration;
  /** The chain begins at the shard's root: new, or reset after a loss. */
  readonly anew: boolean;
}

export interface Accepted {
  readonly shard: ShardOracle;
  readonly from: NodeId;
  readonly answer: AnswerMessage;
  readonly entry: LogEntry;
}

export interface Valued {
  readonly shard: ShardOracle;
  readonly from: NodeId;
  readonly value: ValueMessage;
  readonly read: KnownRead;
}

/** A read that the master answered from its cache. */
export interface Known {
  readonly shard: ShardOracle;
  readonly call: SimulatedCall;
  readonly result: Result;
}

export interface Checker {
  readonly name: string;
  sent?(from: NodeId, to: NodeId, message: Message): void;
  /** A primary made a record. */
  made?(made: Made): void;
  /** A copy's log grew, began or ended. */
  followed?(shard: ShardOracle, host: Host): void;
  /** The master announced another configuration. */
  changed?(change: Change): void;
  /** The master accepted an answer; `shard.committed` is its entry already. */
  accepted?(accepted: Accepted): void;
  /** The master accepted the value of a direct read. */
  valued?(valued: Valued): void;
  /** The master answered a read from its cache; `shard.contents` is what is accepted now. */
  known?(known: Known): void;
  lost?(shard: ShardOracle): void;
  /** The master is about to look at the nodes' hearts, and has. */
  masterTicks?(): void;
  masterTicked?(): void;
  settled?(call: SimulatedCall): void;
  watchStarted?(watch: SimulatedWatch): void;
  /** At once: before `accepted` of the answer that brought the last of them. */
  watchTold?(watch: SimulatedWatch, changes: readonly ToldChange[]): void;
  noted?(note: Note): void;
  /** Who changed the memory limit is answered. */
  limitHeard?(change: LimitChange): void;
  /** Now and then, between events. */
  sample?(): void;
  /** After healing, when all is at rest. */
  finish?(): void;
}

export type MakeChecker = (world: World) => Checker;
