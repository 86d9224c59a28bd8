/**
 * The door for sister packages (server, simulator, cli): the words of the core, without the machines' insides. Users of the
 * library want `@quintet/engine` itself; what is exported here may change with any release.
 */
export { BLOCK_BYTES_MIN, type Block, type Bytes, textOf } from './block.ts';
export type { Change, ChangeType } from './change.ts';
export { ERRORS, type ErrorCode, type ErrorRow, KvError, type Outcome } from './errors.ts';
export { readerOf } from './evaluate.ts';
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
} from './ids.ts';
export { InvariantViolation, invariant } from './invariant.ts';
export type * from './machines.ts';
/**
 * The machines and the parts they are made of, for packages/simulator alone: it drives the first two, and its planted
 * bugs replace single methods of the others. Nobody else has any business with them.
 */
export type { Call } from './master/call.ts';
export { History } from './master/history.ts';
export { Master } from './master/master.ts';
export { NodeMemory } from './master/node-memory.ts';
export { OrderFilter } from './master/order-filter.ts';
export { Repair } from './master/repair.ts';
export { Seats } from './master/seats.ts';
export { ShardControl } from './master/shard-control.ts';
export { ShardQueue } from './master/shard-queue.ts';
export { Transactions } from './master/transactions.ts';
export { type WatchFilter, WatchFilters } from './master/watch-filters.ts';
export { WatchLines } from './master/watch-lines.ts';
export { Watches } from './master/watches.ts';
export type * from './messages.ts';
export { Copy } from './node/copy.ts';
export { CopyState } from './node/copy-state.ts';
export { Learner } from './node/learner.ts';
export { Node } from './node/node.ts';
export { Primary } from './node/primary.ts';
export { StreamSource } from './node/stream-source.ts';
export type { DeathReason, Note } from './notes.ts';
export * from './operation.ts';
export type { MasterOutbox, NodeOutbox, Sink, WatchSink } from './outbox.ts';
export * from './record.ts';
export * from './result.ts';
export {
  DEFAULT_MASTER_SETTINGS,
  DEFAULT_NODE_SETTINGS,
  type MasterSettings,
  type MemoryLimit,
  type NodeSettings,
} from './settings.ts';
export { HASH_SLOTS, hashSlotOf, shardOfSlot, slotsOf } from './slot.ts';
export { SlabStore } from './store/slab-store.ts';
export type { EntryHead, Memory, MemoryBudget, Store as ShardStore, WalkedEntry } from './store/store.ts';
export { evaluateTransaction } from './transaction.ts';
