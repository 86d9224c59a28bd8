/**
 * The door for sister packages (server, simulator, cli): the words of the core, without the machines' insides. Users of the
 * library want `@quintet/engine` itself; what is exported here may change with any release.
 */
export { BLOCK_BYTES_MIN, type Block, type Bytes, textOf } from './data/block.ts';
export type { Change, ChangeType } from './data/change.ts';
export { readerOf } from './data/evaluate.ts';
export * from './data/operation.ts';
export * from './data/record.ts';
export * from './data/result.ts';
export { evaluateTransaction } from './data/transaction.ts';
export { Master } from './master/master.ts';
export { Seats } from './master/membership/seats.ts';
export { NodeMemory } from './master/memory/node-memory.ts';
export { Repair } from './master/placement/repair.ts';
/**
 * The machines and the parts they are made of, for packages/simulator alone: it drives the first two, and its planted
 * bugs replace single methods of the others. Nobody else has any business with them.
 */
export type { Call } from './master/shard/call.ts';
export { OrderFilter } from './master/shard/order-filter.ts';
export { ReadCache } from './master/shard/read-cache.ts';
export { ShardControl } from './master/shard/shard-control.ts';
export { ShardQueue } from './master/shard/shard-queue.ts';
export { Transactions } from './master/transactions/transactions.ts';
export { History } from './master/watch/history.ts';
export { type WatchFilter, WatchFilters } from './master/watch/watch-filters.ts';
export { WatchLines } from './master/watch/watch-lines.ts';
export { Watches } from './master/watch/watches.ts';
export { Learner } from './node/catch-up/learner.ts';
export { StreamSource } from './node/catch-up/stream-source.ts';
export { Copy } from './node/copy.ts';
export { CopyState } from './node/copy-state.ts';
export { Node } from './node/node.ts';
export { Primary } from './node/primary.ts';
export { ERRORS, type ErrorCode, type ErrorRow, KvError, type Outcome } from './protocol/errors.ts';
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
} from './protocol/ids.ts';
export { InvariantViolation, invariant } from './protocol/invariant.ts';
export type * from './protocol/machines.ts';
export type * from './protocol/messages.ts';
export type { DeathReason, Note } from './protocol/notes.ts';
export type { MasterOutbox, NodeOutbox, Sink, WatchSink } from './protocol/outbox.ts';
export {
  DEFAULT_MASTER_SETTINGS,
  DEFAULT_NODE_SETTINGS,
  type MasterSettings,
  type MemoryLimit,
  type NodeSettings,
} from './protocol/settings.ts';
export { HASH_SLOTS, hashSlotOf, shardOfSlot, slotsOf } from './protocol/slot.ts';
export { SlabStore } from './store/slab-store.ts';
export type { EntryHead, Memory, MemoryBudget, Store as ShardStore, WalkedEntry } from './store/store.ts';
