/**
 * The public door of `@quintet/engine`. Everything a user needs and nothing else: what is not exported here may change
 * with any release.
 */
export type { Caller, CallerLimits, CallSink, PendingCall, PendingWatch, StoreCaller } from './client/caller.ts';
export { Cluster } from './client/cluster.ts';
export type { Chaos, ClusterApi, ClusterHandle } from './client/cluster-api.ts';
export type { ClusterEmitter } from './client/cluster-events.ts';
export { type AttachedStore, attach } from './client/handle.ts';
export type { ClusterMemoryLimit, ClusterOptions, EvictionPolicy, MemoryLimitOptions } from './client/options.ts';
export type {
  ClusterCounters,
  ClusterEventName,
  ClusterEvents,
  ClusterHealth,
  ClusterStatus,
  DeathReason,
  NodeHealth,
  NodeStatus,
  ShardHealth,
  ShardStatus,
} from './client/status.ts';
export type {
  CallOptions,
  DeleteOptions,
  ExpireOptions,
  Expiry,
  Key,
  PutOptions,
  PutResult,
  ScanOptions,
  Store,
  StoredEntry,
  Value,
} from './client/store.ts';
export type {
  AppendStep,
  CopyOptions,
  DeleteManyOptions,
  DeleteStep,
  ExpireStep,
  GetEntryStep,
  GetManyOptions,
  GetStep,
  HasStep,
  IncrementFloatStep,
  IncrementStep,
  PersistStep,
  PutManyOptions,
  PutStep,
  RenameOptions,
  StepResult,
  StepResults,
  Transaction,
  TransactionCondition,
  TransactionResult,
  TransactionSpec,
  TransactionStep,
  TransactOptions,
  UnconditionalResult,
  UnconditionalSpec,
} from './client/store-transactions.ts';
export {
  type Change,
  type ChangeType,
  type PutChange,
  type RemovalChange,
  type Watcher,
  WatchLagged,
  type WatchOptions,
  type WatchPosition,
} from './client/store-watch.ts';
export { formatPosition, parsePosition } from './client/watch-position.ts';
export { type RawWatch, type RawWatchOptions, watchRaw } from './client/watch-raw.ts';
export { ERRORS, type ErrorCode, type ErrorRow, KvError, type Outcome } from './core/errors.ts';
export { BlockWriter } from './runtime/value-block.ts';
