/**
 * Insides of the core's classes as planted bugs see them: private members under their real names. What a bug does not
 * use is not listed.
 */
import {
  type AnswerMessage,
  type Call,
  type ConfigMessage,
  Copy,
  CopyState,
  type Effect,
  Learner,
  type Record as LogRecord,
  Master,
  type MasterCall,
  type MasterOutbox,
  type Message,
  Node,
  type NodeId,
  type NodeOutbox,
  type Operation,
  OrderFilter,
  Primary,
  type ProgressMessage,
  type ReadMessage,
  type RequestMessage,
  type Result,
  type SealedMessage,
  Seats,
  ShardControl,
  ShardQueue,
  type Sink,
  type StreamBeginMessage,
  type StreamRecordMessage,
  StreamSource,
  type ValueMessage,
} from '@quintet/engine/core';

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
  readonly take: (record: LogRecord) => void;
  seal(): void;
  onRequest(message: RequestMessage): void;
  evaluate(operation: Operation): Outcome;
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

export interface MasterInsides {
  readonly shards: readonly ShardControl[];
  giveUp(call: MasterCall, reason: 'aborted' | 'timeout', now: number): void;
}

export interface ControlInsides {
  readonly shard: number;
  readonly queue: ShardQueue;
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
  submit(operation: Operation, sink: Sink): Call | null;
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
}

export interface QueueInsides {
  lastRequest: number;
  lastReadId: number;
  paused: boolean;
  readonly filter: OrderFilter;
  arrive(operation: Operation, sink: Sink): Call | null;
  place(call: Call): void;
  depart(call: Call): boolean;
  hold(call: Call): void;
  number(call: Call): void;
  finish(call: Call): void;
  giveCredit(call: Call): void;
  admit(call: Call): void;
}

export interface FilterInsides {
  hasWrite(call: Call): boolean;
  hasLoggedRead(call: Call): boolean;
  hasDirectRead(call: Call): boolean;
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
export const MASTER_MACHINE: Insides<MasterInsides> = { of: Master };
export const CONTROL: Insides<ControlInsides> = { of: ShardControl };
export const QUEUE: Insides<QueueInsides> = { of: ShardQueue };
export const FILTER: Insides<FilterInsides> = { of: OrderFilter };
export const SEATS: Insides<SeatsInsides> = { of: Seats };
