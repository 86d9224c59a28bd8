/**
 * The door for sister packages (server, cli, testkit), which depend on this very version: operations, results, records
 * and the seam under Store. Published, not documented: what is exported here may change with any release.
 */
export { type RawWatch, type RawWatchOptions, watchRaw } from './client/watch/watch-buffer.ts';
export { BLOCK_BYTES_MIN, type Block, type Bytes, textOf } from './core/data/block.ts';
export type { Change, ChangeType } from './core/data/change.ts';
export { readKey } from './core/data/evaluate.ts';
export * from './core/data/operation.ts';
export * from './core/data/optimistic.ts';
export { readerOf } from './core/data/reader.ts';
export * from './core/data/record.ts';
export * from './core/data/result.ts';
export { Needs, type VerbRow } from './core/data/row.ts';
export { evaluateTransaction, Overlay, transactionOf, unchanged } from './core/data/transaction.ts';
export { isShardRead, isWrite, rowOf, VERBS } from './core/data/verbs.ts';
export type { WatchFilter } from './core/data/watch-filter.ts';
export { ERRORS, type ErrorCode, type ErrorRow, KvError, type Outcome } from './core/protocol/errors.ts';
export { AWAKE, type Heartbeat } from './core/protocol/heartbeat.ts';
export {
  incarnationOf,
  MASTER,
  NOBODY,
  type NodeId,
  nodeId,
  nodeName,
  SEATS_MAX,
  type Seat,
  type ShardId,
  seatName,
  seatOf,
} from './core/protocol/ids.ts';
export { InvariantViolation, invariant } from './core/protocol/invariant.ts';
export type * from './core/protocol/machines.ts';
export type * from './core/protocol/messages.ts';
export type { DeathReason, Note } from './core/protocol/notes.ts';
export type { MasterOutbox, NodeOutbox, Sink, WatchSink } from './core/protocol/outbox.ts';
export {
  DEFAULT_MASTER_SETTINGS,
  DEFAULT_NODE_SETTINGS,
  type MasterSettings,
  type MemoryLimit,
  type NodeSettings,
} from './core/protocol/settings.ts';
export { HASH_SLOTS, hashSlotOf, shardOfSlot, slotsOf } from './core/protocol/slot.ts';
export { VERSION } from './core/protocol/version.ts';
export type { EntryHead, Memory, MemoryBudget, Store as ShardStore, WalkedEntry } from './core/store/store.ts';
export type {
  DecodedValues,
  Executor,
  ExecutorLimits,
  PendingCall,
  PendingWatch,
  StoreExecutor,
} from './executor/executor.ts';
export { BlockWriter } from './runtime/memory/value-block.ts';
