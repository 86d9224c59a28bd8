/**
 * The forms of structured values in msgpack: what writer and reader must agree on, and what is documented for others.
 *
 * Owns      the numbers of the extension types, the codes of binary types, and the two bounds.
 * Forms     null, booleans, text, arrays, Uint8Array (bin) and plain objects (maps with text as keys) are what every reader
 *           of msgpack has. Numbers are integers up to 32 bits, or float64. An integer of 64 bits that no double holds is a
 *           bigint, others are numbers. A Date is the timestamp of the specification. The rest are the extension types
 *           below; their contents are msgpack, or bytes.
 * Stable    numbers here are written into exports: they are added to, never changed.
 */

/** Containers around a value at most: reader and writer recurse. */
export const DEPTH_MAX = 500;

/**
 * Objects in one value at most: arrays, objects, Maps, Sets, dates, bytes. An object in memory is up to a hundred times as
 * long as its shortest form, so without a bound a value of 16 MB could fill a heap.
 */
export const OBJECTS_MAX = 1_000_000;

/** Extension types. */
export const EXTENSION = {
  /** Of the msgpack specification: a Date. */
  timestamp: -1,
  /** One byte: 0 is undefined, 1 an invalid Date. */
  special: 1,
  /** A msgpack array of what is in the Set. */
  set: 2,
  /** A msgpack map, its keys of any kind: a Map. */
  map: 3,
  /** Two's complement, most significant byte first: a bigint that a number holds, or 64 bits do not. */
  bigint: 4,
  /** One byte, an index of {@link BINARY_TYPES}; then the elements, least significant byte first. */
  binary: 5,
  /** A msgpack array of source and flags: a RegExp. */
  regExp: 6,
} as const;

export const SPECIAL = { undefined: 0, invalidDate: 1 } as const;

/** Views and buffers other than Uint8Array, by their codes. */
export const BINARY_TYPES = [
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** The code of an object's binary type by its prototype; undefined for what is none. */
export const BINARY_CODES: ReadonlyMap<unknown, number> = new Map(
  BINARY_TYPES.map((type, code) => [type.prototype, code]),
);
