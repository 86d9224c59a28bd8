/**
 * Insides of the core's classes as planted bugs see them: private members under their real names. What a bug does not
 * use is not listed.
 */
import type {
  AnswerMessage,
  ConfigMessage,
  DeathReason,
  Effect,
  Heartbeat,
  Record as LogRecord,
  MasterCall,
  MasterOutbox,
  Message,
  NodeId,
  NodeOutbox,
  Operation,
  PreviousValue,
  ProgressMessage,
  ReadMessage,
  RequestMessage,
  Result,
  SealedMessage,
  Sink,
  StreamBeginMessage,
  StreamRecordMessage,
  UsageMessage,
  ValueMessage,
} from '@quintet/engine/internal';
import {
  type Call,
  Copy,
  CopyState,
  FailureDetector,
  History,
  Learner,
  Master,
  Node,
  NodeMemory,
  OrderFilter,
  Primary,
  ReadCache,
  Seats,
  ShardControl,
  ShardQueue,
  StreamSource,
  Transactions,
  Watches,
  WatchFilters,
  WatchLines,
} from '@quintet/engine/machines';

/** A class of the core and the shape of its insides. */
export interface Insides<I> {
  readonly of: { readonly prototype: object; readonly name: string };
  /** Only for the type checker: never there. */
  readonly shape?: I;
}

export interface Context {
  readonly id: NodeId;
  time: number;
  outbox: NodeOutbox;
}

// ---- nodes --------------------------------------------------------------------------------------------------------

export interface NodeInsides {
  readonly copies: Map<number, Copy>;
  readonly context: Context;
  onTime(time: number): void;
  receive(from: NodeId, message: Message): void;
}

type CopyMessage = Extract<
  Message,
  { type: 'record' | 'seal' | 'stream-begin' | 'stream-slice' | 'stream-record' | 'stream-end' }
>;

export interface CopyInsides {
  readonly state: CopyState;
  readonly context: Context;
  learning: { stage: 'waiting' | 'begun' | 'ended'; progressDue: boolean } | null;
  stream: StreamSource | null;
  setAside: { from: NodeId; message: CopyMessage }[];
  readonly isTail: boolean;
  readonly successor: NodeId;
  onConfig(message: ConfigMessage): void;
  becomeLearner(fresh: boolean): void;
  becomeMember(message: ConfigMessage): void;
  sendWindow(): void;
  directStream(): void;
  onRead(message: ReadMessage): void;
  onCopyMessage(from: NodeId, message: CopyMessage): void;
  handleSetAside(): void;
  take(record: LogRecord): void;
  passOn(record: LogRecord): void;
}

export interface StateInsides {
  readonly position: number;
  applyEffect(effect: Effect, seq: number, whole: boolean): void;
  resume(source: StreamBeginMessage): void;
}

interface Outcome {
  readonly effect: Effect;
  readonly result: Result;
}

export interface PrimaryInsides {
  readonly state: CopyState;
  readonly context: Context;
  readonly outputs: { take(record: LogRecord): void; used(hash: number): void };
  seal(): void;
  onRequest(message: RequestMessage): void;
  evaluate(operation: Operation, watched: 0 | 1 | 2): Outcome;
  inFull(effect: Effect, watched: 0 | 1 | 2): Effect;
  valueOf(key: string): PreviousValue | null;
  outOfMemory(operation: Operation): Outcome;
}

export interface LearnerInsides {
  readonly stage: 'waiting' | 'begun' | 'ended';
  readonly state: CopyState;
  onBegin(message: StreamBeginMessage): void;
  onRecord(message: StreamRecordMessage): void;
}

export interface StreamInsides {
  readonly context: Context;
  sendSlice(state: CopyState): void;
  sendRecord(record: LogRecord, committedSeq: number): void;
}

// ---- the master ---------------------------------------------------------------------------------------------------

export interface DetectorInsides {
  readonly hangLimitMs: number;
  look(now: number, heartbeats: readonly Heartbeat[]): { node: NodeId; quietMs: number }[];
  isHung(quiet: { node: NodeId; quietMs: number }, holdsLastCopy: boolean): boolean;
  timeThatCounts(elapsedMs: number): number;
  timeAwake(counts: number, waitedMs: number): number;
  rests(heartbeat: Heartbeat): boolean;
}

export interface MasterInsides {
  readonly shards: readonly ShardControl[];
  readonly hangs: DetectorInsides;
  posted(now: number): void;
  lookForHangs(now: number, heartbeats: readonly Heartbeat[]): void;
  holdsLastCopy(node: NodeId): boolean;
  nodeDied(node: NodeId, reason: DeathReason, detail: string, now: number): void;
  readonly cache: ReadCacheInsides;
  giveUp(call: MasterCall, reason: 'aborted' | 'timeout', now: number): void;
  endTurn(now: number): void;
}

export interface ReadCacheInsides {
  fill(shard: number, slot: number, key: string, result: Result): void;
  onWrite(call: Call, result: Result): void;
  onKeyWrite(operation: Operation, result: Result): void;
  onOwnRecord(shard: number, effect: Effect): void;
  forgetShard(shard: number): void;
  endCopy(place: number): void;
}

export interface ControlInsides {
  readonly shard: number;
  readonly queue: ShardQueue;
  readonly surroundings: { readonly cache: ReadCacheInsides; watches(): WatchesInsides };
  epoch: number;
  chain: readonly NodeId[];
  learner: NodeId;
  since: number;
  committedSeq: number;
  learnerSeq: number;
  wantedChain: readonly NodeId[] | null;
  lost: boolean;
  readonly primary: NodeId;
  readonly tail: NodeId;
  readonly outbox: MasterOutbox;
  early: ReadonlyMap<number, ValueMessage[]>;
  submit(operation: Operation, sink: Sink): Call | null;
  acceptValue(message: ValueMessage): void;
  sendRequest(call: Call): void;
  sendRead(call: Call): void;
  onAnswer(message: AnswerMessage): void;
  onValue(message: ValueMessage): void;
  onProgress(from: NodeId, message: ProgressMessage): boolean;
  onSealed(message: SealedMessage): void;
  reorder(chain: readonly NodeId[]): void;
  nodeDied(node: NodeId): void;
  memberDied(node: NodeId): void;
  lose(): void;
  reset(node: NodeId): void;
  change(chain: readonly NodeId[], learner: NodeId, base: ConfigMessage['base'], removed?: NodeId): void;
  sendConfig(base: ConfigMessage['base'], removed: NodeId): void;
  updatePause(): void;
  mayAnswer(slot: number, expiresAt: number, clock: () => number): boolean;
  noteUse(hash: number, clock: () => number): void;
}

export interface QueueInsides {
  lastRequest: number;
  lastReadId: number;
  paused: boolean;
  readonly filter: OrderFilter;
  readonly departures: { locked(call: Call): void };
  arrive(operation: Operation, sink: Sink): Call | null;
  place(call: Call): void;
  giveLock(call: Call): boolean;
  sendLocked(operation: Operation, sink: Sink, group: object): void;
  unlock(lock: Call): void;
  mayReadShard(call: Call): boolean;
  readonly locks: Set<Call>;
  depart(call: Call): boolean;
  hold(call: Call): void;
  number(call: Call): void;
  finish(call: Call): void;
  giveCredit(call: Call): void;
  isQuiet(slot: number): boolean;
  overtakeReads(key: string): void;
  admit(call: Call): void;
}

export interface FilterInsides {
  hasWrite(call: Call): boolean;
  hasLoggedRead(call: Call): boolean;
  hasDirectRead(call: Call): boolean;
  addHeld(call: Call): void;
  removeHeld(call: Call): void;
  isQuiet(slot: number): boolean;
  /** Of each slot: writes, logged reads, direct reads, held. */
  readonly counts: Int32Array;
  writesAll: number;
  heldAll: number;
}

export interface SeatsInsides {
  readonly all: readonly { readonly seat: number; readonly incarnation: number }[];
  stateOf(node: NodeId): unknown;
}

export const NODE: Insides<NodeInsides> = { of: Node };
export const COPY: Insides<CopyInsides> = { of: Copy };
export const STATE: Insides<StateInsides> = { of: CopyState };
export const PRIMARY: Insides<PrimaryInsides> = { of: Primary };
export const LEARNER: Insides<LearnerInsides> = { of: Learner };
export const STREAM: Insides<StreamInsides> = { of: StreamSource };
export const DETECTOR: Insides<DetectorInsides> = { of: FailureDetector };
export const MASTER_MACHINE: Insides<MasterInsides> = { of: Master };
export const CONTROL: Insides<ControlInsides> = { of: ShardControl };
export const QUEUE: Insides<QueueInsides> = { of: ShardQueue };
export const FILTER: Insides<FilterInsides> = { of: OrderFilter };
export const READ_CACHE: Insides<ReadCacheInsides> = { of: ReadCache };
export const SEATS: Insides<SeatsInsides> = { of: Seats };
export const NODE_MEMORY: Insides<NodeMemoryInsides> = { of: NodeMemory };

export interface NodeMemoryInsides {
  nodeReady(node: NodeId): void;
  noteHeard(node: NodeId, message: UsageMessage): void;
}

// ---- transactions and watches ---------------------------------------------------------------------------------------

interface PartInsides {
  readonly shard: ShardControl;
  lock: Call | null;
}

export interface TransactionInsides {
  readonly operation: Operation & { verb: 'transaction' };
  readonly parts: readonly PartInsides[];
  readonly sink: Sink;
  stage: 'locking' | 'gathering' | 'installing' | 'done';
  awaited: number;
  settled: boolean;
}

interface InstallInsides {
  readonly part: PartInsides;
}

export interface TransactionsInsides {
  readonly done: (transaction: TransactionInsides) => void;
  readonly open: Set<TransactionInsides>;
  submit(operation: Operation & { verb: 'transaction' }, sink: Sink, now: number): MasterCall | null;
  giveUp(transaction: TransactionInsides, reason: 'aborted' | 'timeout'): void;
  onLocked(lock: Call): void;
  gather(transaction: TransactionInsides): void;
  onGathered(transaction: TransactionInsides, part: PartInsides, result: Result): void;
  decide(transaction: TransactionInsides): void;
  install(transaction: TransactionInsides, writing: readonly InstallInsides[]): void;
  onInstalled(transaction: TransactionInsides): void;
  finish(transaction: TransactionInsides): void;
  setTime(now: number): void;
}

interface WatchInsides {
  readonly waitsFor: Map<number, number>;
  readonly positions: Map<number, number>;
  readonly filter: { readonly shard: number | null; readonly watches: Set<WatchInsides> };
  started: boolean;
}

export interface WatchesInsides {
  shardsOf(filter: WatchInsides['filter']): readonly { readonly shard: number; readonly committedSeq: number }[];
  startIn(watch: WatchInsides, shard: number, seq: number): void;
  begin(watch: WatchInsides): void;
  startIfReady(watch: WatchInsides): void;
  watchedBy(call: Call): 0 | 1 | 2;
  onAnswer(message: AnswerMessage, group: object | null): void;
  line(shard: number, record: Pick<LogRecord, 'seq' | 'effect'>, of: object | null): void;
  groupDone(of: object): void;
  endWatchesOf(shards: ReadonlySet<number>, code: string, details: string): void;
}

export interface WatchFiltersInsides {
  readonly marks: Int32Array;
  markOf(shard: number, text: string): number;
  removeText(table: Map<string, object[]>, filter: { readonly text: string; readonly shard: number | null }): void;
}

export interface WatchLinesInsides {
  firstWaiting(shard: number): number | undefined;
  passes(shard: number, changes: readonly object[], group: object | null): boolean;
}

export interface HistoryInsides {
  forgotten: number;
  add(change: object, order: number): void;
  since(version: number, filter: { matches(key: string): boolean }): object[] | undefined;
}

export const TRANSACTIONS: Insides<TransactionsInsides> = { of: Transactions };
export const WATCHES: Insides<WatchesInsides> = { of: Watches };
export const WATCH_FILTERS: Insides<WatchFiltersInsides> = { of: WatchFilters };
export const WATCH_LINES: Insides<WatchLinesInsides> = { of: WatchLines };
export const HISTORY: Insides<HistoryInsides> = { of: History };
