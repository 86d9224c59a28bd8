/**
 * Structured values as kvctl has them: bytes of msgpack, packed and read by the engine's own code ('@quintet/engine/codec',
 * which loads nothing else of it), and their JSON.
 *
 * Why not JSON on the wire: a structured value may hold dates, maps, bytes and bigints, and must come back as what it was.
 */
import { packStructured as packOneByte, unpackStructured } from '@quintet/engine/codec';
import { visibleLines } from '../text/visible.ts';

export { unpackStructured };

/** Packs what JSON.parse gave. Throws a KvError for what msgpack would change without a word. */
export function packStructured(value: unknown): Buffer {
  return Buffer.from(packOneByte(value), 'latin1');
}

/** Whether JSON text brings exactly this value back. */
export function isJsonSafe(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return value.every(isJsonSafe);
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJsonSafe);
}

/** JSON for reading, on any terminal, where exactness may go: dates as ISO text, bigints as text, bytes as base64, maps as objects. */
export function legibleJson(value: unknown, indent = 0): string {
  return visibleLines(JSON.stringify(value, (_key, item: unknown) => legible(item), indent) ?? 'null');
}

function legible(item: unknown): unknown {
  if (typeof item === 'bigint') return String(item);
  if (item instanceof Map) return Object.fromEntries([...item].map(([key, held]) => [String(key), held]));
  if (item instanceof Set) return [...item];
  if (item instanceof Uint8Array) return Buffer.from(item).toString('base64');
  if (typeof item === 'object' && item !== null && 'type' in item && item.type === 'Buffer' && 'data' in item) {
    return Buffer.from(item.data as number[]).toString('base64');
  }
  return item;
}
