/**
 * Keys to hash slots to shards, as Redis Cluster does it (cluster spec: CRC16/XMODEM of the key, or of its {tag}, modulo
 * 16384), so that clients, migration tools and `CLUSTER KEYSLOT` agree with us. Written here because keys are one-byte
 * strings: published packages encode strings as UTF-8 first, which would give non-ASCII keys other slots.
 */
import type { ShardId } from './ids.ts';

export const HASH_SLOTS = 16_384;

const CRC16 = crc16Table();

function crc16Table(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc;
  }
  return table;
}

/** The hash slot (0..16383) of a key given as a one-byte string. A non-empty `{tag}` alone is hashed if there is one. */
export function hashSlotOf(key: string): number {
  let from = 0;
  let to = key.length;
  const open = key.indexOf('{');
  if (open >= 0) {
    const close = key.indexOf('}', open + 1);
    if (close > open + 1) {
      from = open + 1;
      to = close;
    }
  }
  let crc = 0;
  for (let at = from; at < to; at++) {
    crc = ((crc << 8) ^ CRC16[((crc >> 8) ^ key.charCodeAt(at)) & 0xff]!) & 0xffff;
  }
  return crc & (HASH_SLOTS - 1);
}

/** The shard of a hash slot: contiguous ranges, as even as `shards` allows. */
export function shardOfSlot(slot: number, shards: number): ShardId {
  return Math.floor((slot * shards) / HASH_SLOTS);
}

/** First and last hash slot of a shard. */
export function slotsOf(shard: ShardId, shards: number): readonly [number, number] {
  const first = Math.ceil((shard * HASH_SLOTS) / shards);
  const next = Math.ceil(((shard + 1) * HASH_SLOTS) / shards);
  return [first, next - 1];
}
