/**
 * Keys: which shards an operation concerns. Keys bear a {tag} that puts them in the shard their operation is sent to, as a
 * transaction finds its shards by its keys.
 */
import { hashSlotOf, type Operation, rowOf, type ShardId, shardOfSlot } from '@quintet/engine/internal';
import type { SimulatedCall } from './call.ts';

const tags = new Map<number, readonly string[]>();

/** `r{17}.3`: a key of a kind in a shard. */
export function keyIn(shard: ShardId, shards: number, kind: string, index: number): string {
  const known = tags.get(shards) ?? tagsOf(shards);
  tags.set(shards, known);
  return `${kind}{${known[shard]}}.${index}`;
}

function tagsOf(shards: number): readonly string[] {
  const found: string[] = [];
  for (let tag = 0, left = shards; left > 0; tag++) {
    const shard = shardOfSlot(hashSlotOf(String(tag)), shards);
    if (found[shard] !== undefined) continue;
    found[shard] = String(tag);
    left -= 1;
  }
  return found;
}

export function shardOfKey(key: string, shards: number): ShardId {
  return shardOfSlot(hashSlotOf(key), shards);
}

/** Every key an operation names, once; '' = the whole shard. */
export function keysOf(operation: Operation): ReadonlySet<string> {
  const row = rowOf(operation);
  return new Set(row.scope === 'key' || row.scope === 'keys' ? row.keys(operation) : ['']);
}

/** The shards a call concerns. */
export function shardsOf({ shard, operation }: SimulatedCall, shards: number): readonly ShardId[] {
  if (operation.verb !== 'transaction') return [shard];
  return [...new Set([...keysOf(operation)].map((key) => shardOfKey(key, shards)))];
}

export function isOfSeveralShards(call: SimulatedCall, shards: number): boolean {
  return call.operation.verb === 'transaction' && shardsOf(call, shards).length > 1;
}
