/**
 * The door for sister packages (server, testkit, cli): the words of the core, without the machines' insides. Users of the
 * library want `@quintet/engine` itself; what is exported here may change with any release.
 */
export { ERRORS, type ErrorCode, type ErrorRow, KvError, type Outcome } from './errors.ts';
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
export type * from './messages.ts';
export type { DeathReason, Note } from './notes.ts';
export * from './operation.ts';
export type { MasterOutbox, NodeOutbox, Sink } from './outbox.ts';
export { DEFAULT_MASTER_SETTINGS, DEFAULT_NODE_SETTINGS, type MasterSettings, type NodeSettings } from './settings.ts';
export { HASH_SLOTS, hashSlotOf, shardOfSlot, slotsOf } from './slot.ts';
export type { EntryHead, MemoryBudget, Store as ShardStore, WalkedEntry } from './store/store.ts';
