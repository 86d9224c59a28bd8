/**
 * Structured values as kvctl has them: bytes of msgpack, packed and read by the engine's own code ('@quintet/engine/codec',
 * which loads nothing else of it), and their JSON.
 *
 * Why not JSON on the wire: a structured value may hold dates, maps, bytes and bigints, and must come back as what it was.
 */
import { packStructured as packOneByte } from '@quintet/engine/codec';
import { visibleLines } from '../text/visible.ts';

export { readStructured, structuredJson } from '@quintet/engine/codec';

/** Packs what JSON.parse gave. Throws a KvError for what msgpack would change without a word. */
export function packStructured(value: unknown): Buffer {
  return Buffer.from(packOneByte(value), 'latin1');
}

/** JSON for reading, on any terminal, where exactness may go: dates as ISO text, bigints as text, bytes as base64, maps as objects. */
export function legibleJson(value: unknown, indent = 0): string {
  const shown = legible(value);
  try {
    return visibleLines(JSON.stringify(shown, undefined, indent) ?? 'null');
  } catch (error) {
    // Deep values have more blanks than letters when they are indented.
    if (error instanceof RangeError && indent > 0) return legibleJson(value);
    throw error;
  }
}

/** More digits take too long to make. */
const DECIMAL_MAX = 2n ** 1024n;

/** Of what the reader gives: a tree of bounded depth, without methods of its own. */
function legible(item: unknown): unknown {
  if (typeof item === 'bigint') return item < DECIMAL_MAX && item > -DECIMAL_MAX ? String(item) : hexadecimal(item);
  if (typeof item !== 'object' || item === null) return item;
  if (Array.isArray(item)) return item.map(legible);
  if (item instanceof Date) return item;
  if (item instanceof RegExp) return String(item);
  if (item instanceof Map) return legibleMap(item);
  if (item instanceof Set) return [...item].map(legible);
  if (item instanceof ArrayBuffer) return Buffer.from(item).toString('base64');
  if (ArrayBuffer.isView(item)) return legibleView(item);
  return Object.fromEntries(Object.entries(item).map(([name, held]) => [name, legible(held)]));
}

function hexadecimal(item: bigint): string {
  return item < 0n ? `-0x${(-item).toString(16)}` : `0x${item.toString(16)}`;
}

/** An object if its keys are words; else its pairs. */
function legibleMap(map: Map<unknown, unknown>): unknown {
  const pairs = [...map].map(([key, held]) => [legible(key), legible(held)] as const);
  const areWords = pairs.every(([key]) => typeof key !== 'object' || key === null);
  return areWords ? Object.fromEntries(pairs.map(([key, held]) => [String(key), held])) : pairs;
}

function legibleView(view: ArrayBufferView): unknown {
  if (view instanceof Uint8Array || view instanceof DataView) {
    return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
  }
  return Array.from(view as unknown as ArrayLike<number | bigint>, legible);
}
