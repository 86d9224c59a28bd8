/**
 * Writer: one structured value to standard msgpack, or a refusal that says what cannot be stored and where.
 *
 * Owns      the walk over a value, and the bytes it becomes.
 * Does not  read them back (msgpack-reader.ts), or know what a form means (msgpack-forms.ts).
 * Invariants
 *   MW1  what is written reads back as what it was: what would not (functions, instances of classes, a forgotten `await`,
 *       lone surrogates, `__proto__`, cycles) is refused before anything is sent
 *   MW2  what is written keeps the reader's bounds
 *   MW3  getters of the value may pack other values meanwhile: the spare buffer is one writer's at a time
 *   MW4  a value that is too long is refused by the time that is clear: no more of its parts are looked at than bytes are
 *       allowed, and nothing is copied that would not fit
 */
import { KvError } from '../../core/protocol/errors.ts';
import { bytesToOneByte } from '../../runtime/memory/one-byte.ts';
import { nameOf } from './keys.ts';
import { BINARY_CODES, DEPTH_MAX, EXTENSION, OBJECTS_MAX, SPECIAL } from './msgpack-forms.ts';
import { valueTooLarge } from './too-large.ts';

const FIRST_BYTES = 8 * 1024;
/** A larger buffer is not kept for the next value. */
const SPARE_BYTES_MAX = 256 * 1024;
/** The longest one-byte string there is. */
const BYTES_MAX = 0x1fffffe8;
/** Of what is written, at most so many bytes may yet be saved: heads of extensions are reserved at their longest. */
const SAVED_MAX = 8 * DEPTH_MAX;
/** Up to this depth a loop over the objects around one is quicker than a Set of them. */
const SHALLOW = 16;
/** Of a step on the way to what is refused, so many characters are told. */
const STEP_CHARS = 40;
/** Up to this length a loop over ASCII is quicker than the call into C++. */
const SHORT_TEXT = 40;

let spare: Buffer | null = Buffer.allocUnsafeSlow(FIRST_BYTES);

/**
 * @returns msgpack as a one-byte string of at most `maxBytes`
 * @throws {KvError} INVALID_VALUE naming what cannot be stored and where, VALUE_TOO_LARGE
 */
export function writeMsgpack(value: unknown, maxBytes: number): string {
  const writer = new Writer(spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES), Math.min(maxBytes, BYTES_MAX));
  spare = null;
  try {
    writer.write(value);
    return writer.finish();
  } finally {
    if (writer.buffer.length <= SPARE_BYTES_MAX) spare = writer.buffer;
  }
}

class Writer {
  buffer: Buffer;
  readonly #maxBytes: number;
  /** How far the buffer may be filled before {@link #reserve} looks again. */
  #end: number;
  #at = 0;
  #objects = 0;
  /** The objects this one lies in: an object found among them is part of a cycle. */
  readonly #ancestors = new Ancestors();
  /** Where the walk is, as text is needed only for errors: property names and indexes. */
  readonly #path: (string | number)[] = [];

  constructor(buffer: Buffer, maxBytes: number) {
    this.buffer = buffer;
    this.#maxBytes = maxBytes;
    this.#end = Math.min(buffer.length, maxBytes + SAVED_MAX);
  }

  finish(): string {
    if (this.#at > this.#maxBytes) throw valueTooLarge(this.#at, this.#maxBytes);
    return bytesToOneByte(this.buffer.subarray(0, this.#at));
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2);
      case 'bigint':
        return this.#bigint(value);
      case 'object':
        return value === null ? this.#byte(0xc0) : this.#object(value);
      case 'undefined':
        // Inside of objects and arrays undefined comes back as undefined.
        if (this.#ancestors.depth === 0) this.#refuse('is undefined; null can be stored, delete removes a key');
        return this.#special(SPECIAL.undefined);
      default:
        this.#refuse(`is a ${typeof value}`);
    }
  }

  #object(object: object): void {
    if (++this.#objects > OBJECTS_MAX) this.#refuse(`holds more than ${OBJECTS_MAX} objects`);
    const prototype = Object.getPrototypeOf(object);
    if (Array.isArray(object)) return this.#nested(object, () => this.#array(object));
    if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null) {
      return this.#nested(object, () => this.#properties(object as Record<string, unknown>));
    }
    if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) return this.#bin(object as Uint8Array);
    if (prototype === Date.prototype) return this.#date(object as Date);
    const code = BINARY_CODES.get(prototype);
    if (code !== undefined) return this.#binary(code, object as ArrayBuffer | ArrayBufferView);
    if (prototype === Map.prototype) return this.#nested(object, () => this.#map(object as Map<unknown, unknown>));
    if (prototype === Set.prototype) return this.#nested(object, () => this.#set(object as Set<unknown>));
    if (prototype === RegExp.prototype) return this.#regExp(object as RegExp);
    this.#refuse(`is ${nameOf(object)}, which would not come back as one`);
  }

  #nested(object: object, writeContents: () => void): void {
    if (this.#ancestors.has(object)) this.#refuse('contains itself');
    if (this.#ancestors.depth === DEPTH_MAX) this.#refuse(`lies more than ${DEPTH_MAX} levels deep`);
    this.#ancestors.add(object);
    writeContents();
    this.#ancestors.remove(object);
  }

  #array(array: readonly unknown[]): void {
    const { length } = array;
    this.#expect(length);
    this.#head(length, 0x90, 16, 0xdc);
    for (let i = 0; i < length; i++) this.#inside(i, array[i]);
  }

  #properties(object: Record<string, unknown>): void {
    const names = Object.keys(object);
    this.#expect(2 * names.length);
    this.#head(names.length, 0x80, 16, 0xde);
    for (const name of names) {
      this.#path.push(name);
      if (name === '__proto__') this.#refuse('has a name that msgpack readers must not trust');
      this.#text(name);
      this.write(object[name]);
      this.#path.pop();
    }
  }

  #map(map: Map<unknown, unknown>): void {
    this.#expect(2 * map.size);
    const start = this.#beginExtension();
    const entries = [...map];
    this.#head(entries.length, 0x80, 16, 0xde);
    for (const [key, value] of entries) {
      const step = `<key ${typeof key === 'string' ? JSON.stringify(key.slice(0, STEP_CHARS)) : nameOf(key)}>`;
      this.#inside(step, key);
      this.#inside(step, value);
    }
    this.#endExtension(start, EXTENSION.map);
  }

  #set(set: Set<unknown>): void {
    this.#expect(set.size);
    const start = this.#beginExtension();
    this.#array([...set]);
    this.#endExtension(start, EXTENSION.set);
  }

  #inside(step: string | number, value: unknown): void {
    this.#path.push(step);
    this.write(value);
    this.#path.pop();
  }

  #text(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT && this.#shortAscii(text, length)) return;
    this.#expect(length);
    if (!(text as unknown as { isWellFormed(): boolean }).isWellFormed()) this.#refuse('has a lone surrogate');
    const bytes = Buffer.byteLength(text);
    if (bytes < 32) this.#byte(0xa0 | bytes);
    else this.#length(bytes, 0xd9);
    this.#reserve(bytes);
    this.#at += this.buffer.write(text, this.#at, bytes, 'utf8');
  }

  /** False, and nothing written, for text that is not ASCII. */
  #shortAscii(text: string, length: number): boolean {
    this.#reserve(length + 2);
    const { buffer } = this;
    let at = this.#at;
    if (length < 32) buffer[at++] = 0xa0 | length;
    else {
      buffer[at++] = 0xd9;
      buffer[at++] = length;
    }
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #number(value: number): void {
    const isSmall = Number.isInteger(value) && value >= -0x80000000 && value <= 0xffffffff && !Object.is(value, -0);
    if (!isSmall) return this.#float(value);
    if (value >= -32 && value < 128) return this.#byte(value & 0xff);
    this.#reserve(5);
    const { buffer } = this;
    const at = this.#at;
    if (value >= 0) this.#at = value <= 0xff ? this.#one(0xcc, value) : value <= 0xffff ? this.#two(0xcd, value) : -1;
    else this.#at = value >= -0x80 ? this.#one(0xd0, value) : value >= -0x8000 ? this.#two(0xd1, value) : -1;
    if (this.#at !== -1) return;
    buffer[at] = value >= 0 ? 0xce : 0xd2;
    this.#at = buffer.writeInt32BE(value | 0, at + 1);
  }

  #one(form: number, value: number): number {
    this.buffer[this.#at] = form;
    this.buffer[this.#at + 1] = value;
    return this.#at + 2;
  }

  #two(form: number, value: number): number {
    this.buffer[this.#at] = form;
    this.buffer[this.#at + 1] = value >> 8;
    this.buffer[this.#at + 2] = value;
    return this.#at + 3;
  }

  #float(value: number): void {
    this.#byte(0xcb);
    this.#reserve(8);
    this.#at = this.buffer.writeDoubleBE(value, this.#at);
  }

  #bigint(value: bigint): void {
    const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    const isSigned = BigInt.asIntN(64, value) === value;
    // A safe integer would read as a number.
    if (isSafe || (!isSigned && BigInt.asUintN(64, value) !== value)) return this.#extensionBigint(value);
    this.#byte(isSigned ? 0xd3 : 0xcf);
    this.#reserve(8);
    this.#at = this.buffer.writeBigUInt64BE(BigInt.asUintN(64, value), this.#at);
  }

  #extensionBigint(value: bigint): void {
    const left = this.#maxBytes + SAVED_MAX - this.#at;
    if (BigInt.asIntN(8 * left, value) !== value) this.#expect(left + 1);
    // A digit of hex more than the magnitude has leaves room for the sign.
    const magnitude = (value < 0n ? -value : value).toString(16).length;
    const length = (magnitude >> 1) + 1;
    const digits = BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0');
    this.#extension(EXTENSION.bigint, Buffer.from(digits, 'hex'));
  }

  #bin(bytes: Uint8Array): void {
    this.#length(bytes.byteLength, 0xc4);
    this.#bytes(bytes);
  }

  #date(date: Date): void {
    const ms = date.getTime();
    if (Number.isNaN(ms)) return this.#special(SPECIAL.invalidDate);
    const seconds = Math.floor(ms / 1000);
    const nanoseconds = (ms - seconds * 1000) * 1_000_000;
    const form = Buffer.alloc(seconds < 0 || seconds >= 2 ** 34 ? 12 : nanoseconds > 0 || seconds >= 2 ** 32 ? 8 : 4);
    if (form.length === 4) form.writeUInt32BE(seconds);
    else if (form.length === 8) form.writeBigUInt64BE((BigInt(nanoseconds) << 34n) | BigInt(seconds));
    else form.writeBigInt64BE(BigInt(seconds), form.writeUInt32BE(nanoseconds));
    this.#extension(EXTENSION.timestamp, form);
  }

  #binary(code: number, held: ArrayBuffer | ArrayBufferView): void {
    const bytes =
      held instanceof ArrayBuffer
        ? new Uint8Array(held)
        : new Uint8Array(held.buffer, held.byteOffset, held.byteLength);
    const start = this.#beginExtension();
    this.#byte(code);
    this.#bytes(bytes);
    this.#endExtension(start, EXTENSION.binary);
  }

  #regExp({ source, flags }: RegExp): void {
    const start = this.#beginExtension();
    this.#byte(0x92);
    this.#text(source);
    this.#text(flags);
    this.#endExtension(start, EXTENSION.regExp);
  }

  #special(code: number): void {
    this.#extension(EXTENSION.special, Uint8Array.of(code));
  }

  #extension(type: number, contents: Uint8Array): void {
    const start = this.#beginExtension();
    this.#bytes(contents);
    this.#endExtension(start, type);
  }

  /** Leaves room for the longest head. */
  #beginExtension(): number {
    const start = this.#at;
    this.#reserve(6);
    this.#at += 6;
    return start;
  }

  /** Writes the shortest head there is for what was written since, and draws that up to it. */
  #endExtension(start: number, type: number): void {
    const contents = start + 6;
    const end = this.#at;
    const length = end - contents;
    this.#at = start;
    const fixed = [1, 2, 4, 8, 16].indexOf(length);
    if (fixed >= 0) this.#byte(0xd4 + fixed);
    else this.#length(length, 0xc7);
    this.#byte(type & 0xff);
    if (this.#at < contents) this.buffer.copyWithin(this.#at, contents, end);
    this.#at += length;
  }

  /** The head of an array or a map: in one byte below `few`, else `form` with 16 bits, or the form after it with 32. */
  #head(count: number, inOne: number, few: number, form: number): void {
    if (count < few) return this.#byte(inOne | count);
    this.#reserve(5);
    if (count <= 0xffff) this.#at = this.#two(form, count);
    else {
      this.buffer[this.#at] = form + 1;
      this.#at = this.buffer.writeUInt32BE(count, this.#at + 1);
    }
  }

  /** A length in 8, 16 or 32 bits, by `form` and the two forms after it. */
  #length(length: number, form: number): void {
    this.#reserve(5);
    if (length <= 0xff) this.#at = this.#one(form, length);
    else if (length <= 0xffff) this.#at = this.#two(form + 1, length);
    else {
      this.buffer[this.#at] = form + 2;
      this.#at = this.buffer.writeUInt32BE(length, this.#at + 1);
    }
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.buffer[this.#at++] = byte;
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.buffer.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#end) return;
    this.#expect(bytes);
    this.#end = Math.max(needed, Math.min(this.buffer.length * 2, this.#maxBytes + SAVED_MAX));
    const larger = Buffer.allocUnsafeSlow(this.#end);
    larger.set(this.buffer.subarray(0, this.#at));
    this.buffer = larger;
  }

  /** At least so many bytes are still to come. */
  #expect(bytes: number): void {
    const least = this.#at + bytes - SAVED_MAX;
    if (least > this.#maxBytes) throw valueTooLarge(least, this.#maxBytes);
  }

  #refuse(reason: string): never {
    const path = this.#path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step.slice(0, STEP_CHARS)}`))
      .join('');
    throw new KvError('INVALID_VALUE', `value${path.length > 200 ? `${path.slice(0, 200)}…` : path} ${reason}`);
  }
}

/** The objects that one lies in. The first few are looked through: in most values that is quicker than a Set. */
class Ancestors {
  depth = 0;
  readonly #first: object[] = [];
  #deeper: Set<object> | undefined;

  has(object: object): boolean {
    return this.#first.includes(object) || this.#deeper?.has(object) === true;
  }

  add(object: object): void {
    if (this.depth++ < SHALLOW) this.#first.push(object);
    else {
      this.#deeper ??= new Set();
      this.#deeper.add(object);
    }
  }

  /** The one that was added last. */
  remove(object: object): void {
    if (--this.depth < SHALLOW) this.#first.pop();
    else this.#deeper!.delete(object);
  }
}
