/**
 * The door for packages/simulator and packages/bench, not published: the machines and the parts they are made of. The
 * simulator drives the first two in virtual time, and its planted bugs replace single methods of the others.
 */
export { decodeBatch } from './core/codec/decoder.ts';
export { BatchEncoder } from './core/codec/encoder.ts';
export { Reader } from './core/codec/reader.ts';
export type { Batch } from './core/codec/writer.ts';
export { Master } from './core/master/master.ts';
export { FailureDetector } from './core/master/membership/failure-detector.ts';
export { Seats } from './core/master/membership/seats.ts';
export { NodeMemory } from './core/master/memory/node-memory.ts';
export { Repair } from './core/master/placement/repair.ts';
export { ReadCache } from './core/master/read-cache/read-cache.ts';
export type { Call } from './core/master/shard/call.ts';
export { OrderFilter } from './core/master/shard/order-filter.ts';
export { ShardControl } from './core/master/shard/shard-control.ts';
export { ShardQueue } from './core/master/shard/shard-queue.ts';
export { Transactions } from './core/master/transactions/transactions.ts';
export { History } from './core/master/watch/history.ts';
export { WatchFilters } from './core/master/watch/watch-filters.ts';
export { WatchLines } from './core/master/watch/watch-lines.ts';
export { Watches } from './core/master/watch/watches.ts';
export { Learner } from './core/node/catch-up/learner.ts';
export { StreamSource } from './core/node/catch-up/stream-source.ts';
export { Copy } from './core/node/copy.ts';
export { CopyState } from './core/node/copy-state.ts';
export { Node } from './core/node/node.ts';
export { Primary } from './core/node/primary.ts';
export { SlabStore } from './core/store/slab-store.ts';
export { NATIVE } from './runtime/memory/native.ts';
