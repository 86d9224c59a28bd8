/**
 * The public door of `@quintet/engine`. Everything a user needs and nothing else: what is not exported here may change
 * with any release.
 */
export { Cluster } from './client/cluster/cluster.ts';
export type { Chaos, ClusterApi, ClusterHandle } from './client/cluster/cluster-api.ts';
export type { ClusterEmitter } from './client/cluster/cluster-events.ts';
export { type AttachedStore, attach } from './client/cluster/handle.ts';
export type {
  ClusterMemoryLimit,
  ClusterOptions,
  EvictionPolicy,
  MemoryLimitOptions,
} from './client/cluster/options.ts';
export type {
  ClusterCounters,
  ClusterEventName,
  ClusterEvents,
  ClusterHealth,
  ClusterStatus,
  DeathReason,
  NodeHealth,
  NodeStatus,
  ReadCacheStatus,
  ShardHealth,
  ShardStatus,
} from './client/cluster/status.ts';
export type * from './client/store/key-calls.ts';
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
} from './client/store/store.ts';
export type {
  CopyOptions,
  DeleteManyOptions,
  DeleteStep,
  GetEntryStep,
  GetManyOptions,
  GetStep,
  HasStep,
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
  UpdateFunction,
  UpdateOptions,
} from './client/store/store-transactions.ts';
export { KEEP } from './client/store/store-transactions.ts';
export {
  type Change,
  type ChangeType,
  type PutChange,
  type RemovalChange,
  type Watcher,
  WatchLagged,
  type WatchOptions,
  type WatchPosition,
} from './client/store/store-watch.ts';
export { type RawWatch, type RawWatchOptions, watchRaw } from './client/watch/watch-buffer.ts';
export { formatPosition, parsePosition } from './client/watch/watch-position.ts';
export { ERRORS, type ErrorCode, type ErrorRow, KvError, type Outcome } from './core/protocol/errors.ts';
