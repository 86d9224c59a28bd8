/**
 * Structured values to msgpack and back, so that each comes back as what it was, or is refused with the reason; and as
 * JSON, for those that JSON can say exactly.
 *
 * Owns      what becomes of bytes that cannot be read: they are bytes.
 * Does not  know the forms (msgpack-forms.ts), write them (msgpack-writer.ts) or read them (msgpack-reader.ts).
 * Border    Everything that stores bytes it did not pack itself asks {@link readStructured} first. Reading asks again,
 *           because it costs nothing: it is the same reader.
 */
import { readMsgpack, Unreadable } from './msgpack-reader.ts';
import { writeMsgpack } from './msgpack-writer.ts';

/**
 * @returns msgpack as a one-byte string
 * @throws {KvError} INVALID_VALUE naming what cannot be stored and where, VALUE_TOO_LARGE
 */
export function packStructured(value: unknown): string {
  return writeMsgpack(value);
}

/** The value in an object, or undefined if the bytes are no structured value. */
export function readStructured(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: readMsgpack(bytes) };
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** The value, or a copy of the bytes themselves if they are no structured value. */
export function unpackStructured(bytes: Uint8Array): unknown {
  const read = readStructured(bytes);
  return read === undefined ? Uint8Array.from(bytes) : read.value;
}

/** Whether JSON text brings exactly this value back. Only for what was read or can be packed: it has no cycles. */
export function isJsonExact(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return value.every(isJsonExact);
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJsonExact);
}

/** The JSON text of structured bytes, or undefined if JSON cannot say exactly what they are. */
export function structuredJson(bytes: Uint8Array): string | undefined {
  const read = readStructured(bytes);
  if (read === undefined || !isJsonExact(read.value)) return undefined;
  try {
    return JSON.stringify(read.value);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // longer than any string
    throw error;
  }
}
