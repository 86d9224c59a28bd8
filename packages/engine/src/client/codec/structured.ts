/**
 * Structured values to msgpack and back, so that each comes back as what it was, or is refused with the reason; and as
 * JSON, for those that JSON can say exactly.
 *
 * Owns      what becomes of bytes that cannot be read: they are bytes.
 * Does not  know the forms (msgpack-forms.ts), write them (msgpack-writer.ts) or read them (msgpack-reader.ts).
 * Border    Everything that stores bytes it did not pack itself asks {@link readStructured} first. Reading asks again,
 *           because it costs nothing: it is the same reader.
 */
import { type ReadValue, readMsgpack, Unreadable } from './msgpack-reader.ts';
import { writeMsgpack } from './msgpack-writer.ts';

/**
 * @returns msgpack as a one-byte string of at most `maxBytes`; without it, of what V8 can hold as one string
 * @throws {KvError} INVALID_VALUE naming what cannot be stored and where, VALUE_TOO_LARGE
 */
export function packStructured(value: unknown, maxBytes = Number.POSITIVE_INFINITY): string {
  return writeMsgpack(value, maxBytes);
}

/** What the bytes are, or undefined if they are no structured value. */
export function readStructured(bytes: Uint8Array): ReadValue | undefined {
  try {
    return readMsgpack(bytes);
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

/** The JSON text of structured bytes, or undefined if JSON cannot say exactly what they are. */
export function structuredJson(bytes: Uint8Array): string | undefined {
  const read = readStructured(bytes);
  if (read?.isJson !== true) return undefined;
  try {
    return JSON.stringify(read.value);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // longer than any string
    throw error;
  }
}
