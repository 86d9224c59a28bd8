/**
 * Structured values to msgpack and back, so that each comes back as what it was, or is refused with the reason.
 *
 * Owns      the msgpack settings, and the walk that finds what msgpack would lose without a word.
 * Records   With `useRecords`, objects and Maps have different encodings; without it a Map reads back as an object. Each
 *           value carries its own record definitions: it can be read by itself, on any thread.
 * Walk      msgpackr encodes functions as undefined, instances of classes as plain objects (a forgotten `await` would
 *           store `{}`), lone surrogates as U+FFFD, renames `__proto__` and overflows the stack on cycles. All of these
 *           are refused here, before anything is sent. It encodes -0 as 0: such values take the slower way of
 *           {@link markNegativeZeros}.
 * Why pure JS: the entry points below never load msgpackr's native accelerator. A native addon in a worker thread that
 * is terminated can abort the whole process.
 */
import { addExtension, Packr, RESET_BUFFER_MODE } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { KvError } from '../core/errors.ts';
import { bytesToOneByte, nameOf } from './keys.ts';

/** Deeper values are refused: both directions recurse. */
const DEPTH_MAX = 500;

/** Stands for -0 while a value is packed. */
class NegativeZero {}

// Written as a plain msgpack float64, so that every reader of msgpack understands it: an extension that allocates and
// returns nothing adds no header of its own.
addExtension({
  Class: NegativeZero,
  type: 1, // required, and never written
  pack(_value: NegativeZero, allocate: (bytes: number) => { target: Uint8Array; position: number }) {
    const { target, position } = allocate(9);
    target.set([0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0], position);
  },
} as unknown as Parameters<typeof addExtension>[0]);

const packr = new Packr({ useRecords: true, moreTypes: true, useBigIntExtension: true } as object);
const unpackr = new Unpackr({
  useRecords: true,
  moreTypes: true,
  useBigIntExtension: true,
  copyBuffers: true,
} as object);

/**
 * @returns msgpack as a one-byte string
 * @throws {KvError} INVALID_VALUE naming what cannot be stored and where
 */
export function packStructured(value: unknown): string {
  const walk = new Walk();
  walk.check(value);
  const packed = packr.pack(walk.negativeZeros ? markNegativeZeros(value) : value, RESET_BUFFER_MODE);
  return bytesToOneByte(packed);
}

/** The value, or the bytes themselves if they are no msgpack (somebody else changed them). */
export function unpackStructured(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes);
  } catch {
    return bytes.slice(); // msgpackr leaves a property on what it reads
  }
}

/** One walk over one value. */
class Walk {
  negativeZeros = false;
  /** The objects this one lies in: an object found among them is part of a cycle. */
  readonly #ancestors: object[] = [];
  /** Where the walk is, as text is needed only for errors: property names and indexes. */
  readonly #path: (string | number)[] = [];

  check(value: unknown): void {
    switch (typeof value) {
      case 'string':
        if (!(value as unknown as { isWellFormed(): boolean }).isWellFormed()) this.#refuse('has a lone surrogate');
        return;
      case 'number':
        if (value === 0 && Object.is(value, -0)) this.negativeZeros = true;
        return;
      case 'object':
        if (value !== null) this.#checkObject(value);
        return;
      case 'undefined':
        // Inside of objects and arrays undefined comes back as undefined.
        if (this.#ancestors.length === 0) this.#refuse('is undefined; null can be stored, delete removes a key');
        return;
      case 'function':
      case 'symbol':
        this.#refuse(`is a ${typeof value}`);
    }
  }

  #checkObject(object: object): void {
    const prototype = Object.getPrototypeOf(object);
    const plain = prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
    if (!plain && LEAVES.has(prototype)) return;
    if (this.#ancestors.includes(object)) this.#refuse('contains itself');
    if (this.#ancestors.length === DEPTH_MAX) this.#refuse(`lies more than ${DEPTH_MAX} levels deep`);
    this.#ancestors.push(object);
    if (Array.isArray(object)) this.#checkArray(object);
    else if (plain) this.#checkProperties(object as Record<string, unknown>);
    else if (prototype === Map.prototype) this.#checkMap(object as Map<unknown, unknown>);
    else if (prototype === Set.prototype) this.#checkArray([...(object as Set<unknown>)]);
    else this.#refuse(`is ${nameOf(object)}, which would not come back as one`);
    this.#ancestors.pop();
  }

  #checkArray(array: readonly unknown[]): void {
    for (let i = 0; i < array.length; i++) {
      this.#path.push(i);
      this.check(array[i]);
      this.#path.pop();
    }
  }

  #checkProperties(object: Record<string, unknown>): void {
    for (const name of Object.keys(object)) {
      this.#path.push(name);
      if (name === '__proto__') this.#refuse('has a name that msgpack readers must not trust');
      this.check(name);
      this.check(object[name]);
      this.#path.pop();
    }
  }

  #checkMap(map: Map<unknown, unknown>): void {
    for (const [key, value] of map) {
      this.#path.push(`<key ${typeof key === 'string' ? JSON.stringify(key) : nameOf(key)}>`);
      this.check(key);
      this.check(value);
      this.#path.pop();
    }
  }

  #refuse(reason: string): never {
    const path = this.#path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
    throw new KvError('INVALID_VALUE', `value${path.length > 200 ? `${path.slice(0, 200)}…` : path} ${reason}`);
  }
}

/** Prototypes of what msgpackr brings back whole and what holds no other values. */
const LEAVES: ReadonlySet<unknown> = new Set(
  [
    Date,
    RegExp,
    ArrayBuffer,
    DataView,
    Buffer,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((type) => type.prototype),
);

/** A copy of the value with every -0 replaced by what the extension writes. Only for values that passed the walk. */
function markNegativeZeros(value: unknown): unknown {
  if (typeof value === 'number') return Object.is(value, -0) ? new NegativeZero() : value;
  if (typeof value !== 'object' || value === null || LEAVES.has(Object.getPrototypeOf(value))) return value;
  if (Array.isArray(value)) return Array.from(value, markNegativeZeros);
  if (value instanceof Map) return new Map(Array.from(value, ([k, v]) => [markNegativeZeros(k), markNegativeZeros(v)]));
  if (value instanceof Set) return new Set(Array.from(value, markNegativeZeros));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, markNegativeZeros(inner)]));
}
