/**
 * Structured values: msgpack, as the engine writes it. 'msgpackr/pack' is the entry without the native accelerator: an
 * addon is worth nothing for values this small, and one less thing can crash.
 *
 * Why not JSON on the wire: a structured value may hold dates, maps, bytes and bigints, and must come back as what it was.
 */
import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';

// The settings of the engine's client/structured.ts, to the letter: with records, objects and Maps have different
// encodings, and each value carries its own record definitions.
const settings = { useRecords: true, moreTypes: true, useBigIntExtension: true, copyBuffers: true } as object;
const packr = new Packr(settings);
const unpackr = new Unpackr(settings);

/** Deeper values are refused, as the engine does: both directions recurse. */
const DEPTH_MAX = 500;

/** Packs what JSON.parse gave. Throws an Error for what msgpack would change without a word. */
export function packStructured(value: unknown): Buffer {
  refuseLossy(value, 0);
  return Buffer.from(packr.pack(value));
}

export function unpackStructured(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes);
  } catch {
    // Somebody else changed them: what is there is still better than an error.
    return bytes;
  }
}

function refuseLossy(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    // A lone surrogate: Node 20 has isWellFormed, its type is in a later lib.
    if (!(value as unknown as { isWellFormed(): boolean }).isWellFormed()) throw new Error('has a lone surrogate');
  } else if (typeof value === 'object' && value !== null) {
    if (depth >= DEPTH_MAX) throw new Error(`has more than ${DEPTH_MAX} levels`);
    for (const [name, held] of Object.entries(value)) {
      if (name === '__proto__') throw new Error('has a property "__proto__", which no reader should trust');
      refuseLossy(held, depth + 1);
    }
  }
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

/** JSON for reading, where exactness may go: dates as ISO text, bigints as text, bytes as base64, maps as objects. */
export function legibleJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, (_key, item: unknown) => legible(item), indent) ?? 'null';
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
