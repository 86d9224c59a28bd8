/**
 * Internals of the core's classes as planted bugs see them: private members under their real names. What a bug does not
 * use is not listed.
 */
import type {
  AnswerMessage,
  ConfigMessage,
  DeathReason,
  Effect,
  Entry,
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
  type Batch,
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
  Reader,
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
export interface Internals<I> {
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

export interface NodeInternals {
  readonly copies: Map<number, Copy>;
  readonly context: Context;
  onTime(time: number): void;
  receive(from: NodeId, message: Message): void;
}

type CopyMessage = Extract<
  Message,
  { type: 'record' | 'seal' | 'stream-begin' | 'stream-slice' | 'stream-record' | 'stream-end' }
>;

export interface CopyInternals {
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

export interface StateInternals {
  readonly position: number;
  readonly data: { peek(key: string): Entry | undefined };
  applyEffect(effect: Effect, seq: number, whole: boolean): void;
  resume(source: StreamBeginMessage): void;
}

interface Outcome {
  readonly effect: Effect;
  readonly result: Result;
}

export interface PrimaryInternals {
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

export interface LearnerInternals {
  readonly stage: 'waiting' | 'begun' | 'ended';
  readonly state: CopyState;
  onBegin(message: StreamBeginMessage): void;
  onRecord(message: StreamRecordMessage): void;
}

export interface StreamInternals {
  readonly context: Context;
  sendSlice(state: CopyState): void;
  sendRecord(record: LogRecord, committedSeq: number): void;
}

// ---- the master ---------------------------------------------------------------------------------------------------

export interface DetectorInternals {
  readonly hangLimitMs: number;
  look(now: number, heartbeats: readonly Heartbeat[]): { node: NodeId; quietMs: number }[];
  isHung(quiet: { node: NodeId; quietMs: number }, holdsLastCopy: boolean): boolean;
  timeThatCounts(elapsedMs: number): number;
  timeAwake(counts: number, waitedMs: number): number;
  rests(heartbeat: Heartbeat): boolean;
}

export interface MasterInternals {
  readonly shards: readonly ShardControl[];
  readonly hangs: DetectorInternals;
  posted(now: number): void;
  lookForHangs(now: number, heartbeats: readonly Heartbeat[]): void;
  holdsLastCopy(node: NodeId): boolean;
  nodeDied(node: NodeId, reason: DeathReason, detail: string, now: number): void;
  readonly cache: ReadCacheInternals;
  giveUp(call: MasterCall, reason: 'aborted' | 'timeout', now: number): void;
  endTurn(now: number): void;
}

export interface ReadCacheInternals {
  fill(shard: number, slot: number, key: string, result: Result): void;
  onWrite(call: Call, result: Result): void;
  onKeyWrite(operation: Operation, result: Result): void;
  onOwnRecord(shard: number, effect: Effect): void;
  forgetShard(shard: number): void;
  endCopy(place: number): void;
}

export interface ControlInternals {
  readonly shard: number;
  readonly queue: ShardQueue;
  readonly surroundings: { readonly cache: ReadCacheInternals; watches(): WatchesInternals };
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

export interface QueueInternals {
  lastRequest: number;
  paused: boolean;
  readonly filter: OrderFilter;
  readonly departures: { locked(call: Call): void };
  arrive(operation: Operation, sink: Sink): Call | null;
  place(call: Call): void;
  giveLock(call: Call): boolean;
  sendLocked(operation: Operation, sink: Sink, group: object): void;
  callIfFree(operation: Operation, sink: Sink, group: object): Call | null;
  sendFree(call: Call): void;
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

export interface FilterInternals {
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

export interface SeatsInternals {
  readonly all: readonly { readonly seat: number; readonly incarnation: number }[];
  stateOf(node: NodeId): unknown;
}

export interface ReaderInternals {
  kept: boolean;
  open(batch: Batch): void;
}

export const NODE: Internals<NodeInternals> = { of: Node };
export const READER: Internals<ReaderInternals> = { of: Reader };
export const COPY: Internals<CopyInternals> = { of: Copy };
export const STATE: Internals<StateInternals> = { of: CopyState };
export const PRIMARY: Internals<PrimaryInternals> = { of: Primary };
export const LEARNER: Internals<LearnerInternals> = { of: Learner };
export const STREAM: Internals<StreamInternals> = { of: StreamSource };
export const DETECTOR: Internals<DetectorInternals> = { of: FailureDetector };
export const MASTER_MACHINE: Internals<MasterInternals> = { of: Master };
export const CONTROL: Internals<ControlInternals> = { of: ShardControl };
export const QUEUE: Internals<QueueInternals> = { of: ShardQueue };
export const FILTER: Internals<FilterInternals> = { of: OrderFilter };
export const READ_CACHE: Internals<ReadCacheInternals> = { of: ReadCache };
export const SEATS: Internals<SeatsInternals> = { of: Seats };
export const NODE_MEMORY: Internals<NodeMemoryInternals> = { of: NodeMemory };

export interface NodeMemoryInternals {
  nodeReady(node: NodeId): void;
  noteHeard(node: NodeId, message: UsageMessage): void;
}

// ---- transactions and watches ---------------------------------------------------------------------------------------

interface PartInternals {
  readonly shard: ShardControl;
  lock: Call | null;
}

export interface TransactionInternals {
  readonly operation: Operation & { verb: 'transaction' };
  readonly parts: readonly PartInternals[];
  readonly sink: Sink;
  stage: 'locking' | 'gathering' | 'installing' | 'done';
  awaited: number;
  settled: boolean;
}

interface InstallInternals {
  readonly part: PartInternals;
}

export interface TransactionsInternals {
  readonly done: (transaction: TransactionInternals) => void;
  readonly open: Set<TransactionInternals>;
  submit(operation: Operation & { verb: 'transaction' }, sink: Sink, now: number): MasterCall | null;
  giveUp(transaction: TransactionInternals, reason: 'aborted' | 'timeout'): void;
  onLocked(lock: Call): void;
  gather(transaction: TransactionInternals): void;
  onGathered(transaction: TransactionInternals, part: PartInternals, result: Result): void;
  decide(transaction: TransactionInternals): void;
  install(transaction: TransactionInternals, writing: readonly InstallInternals[]): void;
  onInstalled(transaction: TransactionInternals): void;
  finish(transaction: TransactionInternals): void;
  setTime(now: number): void;
}

interface WatchInternals {
  readonly waitsFor: Map<number, number>;
  readonly positions: Map<number, number>;
  readonly filter: { readonly shard: number | null; readonly watches: Set<WatchInternals> };
  started: boolean;
}

export interface WatchesInternals {
  shardsOf(filter: WatchInternals['filter']): readonly { readonly shard: number; readonly committedSeq: number }[];
  startIn(watch: WatchInternals, shard: number, seq: number): void;
  begin(watch: WatchInternals): void;
  startIfReady(watch: WatchInternals): void;
  watchedBy(call: Call): 0 | 1 | 2;
  onAnswer(message: AnswerMessage, group: object | null): void;
  line(shard: number, record: Pick<LogRecord, 'seq' | 'effect'>, of: object | null): void;
  groupDone(of: object): void;
  endWatchesOf(shards: ReadonlySet<number>, code: string, details: string): void;
}

export interface WatchFiltersInternals {
  readonly marks: Int32Array;
  markOf(shard: number, text: string): number;
  removeText(table: Map<string, object[]>, filter: { readonly text: string; readonly shard: number | null }): void;
}

export interface WatchLinesInternals {
  firstWaiting(shard: number): number | undefined;
  passes(shard: number, changes: readonly object[], group: object | null): boolean;
}

export interface HistoryInternals {
  forgotten: number;
  add(change: object, order: number): void;
  since(version: number, filter: { matches(key: string): boolean }): object[] | undefined;
}

export const TRANSACTIONS: Internals<TransactionsInternals> = { of: Transactions };
export const WATCHES: Internals<WatchesInternals> = { of: Watches };
export const WATCH_FILTERS: Internals<WatchFiltersInternals> = { of: WatchFilters };
export const WATCH_LINES: Internals<WatchLinesInternals> = { of: WatchLines };
export const HISTORY: Internals<HistoryInternals> = { of: History };
