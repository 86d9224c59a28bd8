/**
 * Reader: msgpack of whatever origin to a value, or {@link Unreadable}. Bytes that strangers sent are read here.
 *
 * Owns      what is accepted: the forms of msgpack-forms.ts, whole, and nothing after them. Maps whose keys are not all text
 *           read as Map; extension types of others, names such as `__proto__` and text that is no UTF-8 are not accepted.
 * Invariants
 *   MR4  memory and time are proportional to the bytes that are there: a declared length is believed only as far as there are
 *       bytes for it, nothing is allocated by it, and there are at most DEPTH_MAX levels and OBJECTS_MAX objects
 *   MR5  there are no references: what is read is a tree
 *   MR6  what is read shares no memory with the bytes
 */
import { isUtf8 } from 'node:buffer';
import { textOfUtf8 } from '../../runtime/memory/long-text.ts';
import { BINARY_TYPES, DEPTH_MAX, EXTENSION, OBJECTS_MAX, SPECIAL } from './msgpack-forms.ts';

/** Why bytes are no structured value. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

export interface ReadValue {
  readonly value: unknown;
  /** Whether JSON says exactly this value. */
  readonly isJson: boolean;
}

/** @throws {Unreadable} */
export function readMsgpack(bytes: Uint8Array): ReadValue {
  const reader = new Reader(bytes);
  const value = reader.read(0);
  reader.expectEnd();
  return { value, isJson: reader.isJson };
}

/** Longer text is read by C++. */
const SHORT_TEXT = 24;
/** The longest bigint V8 has. */
const BIGINT_BYTES_MAX = 2 ** 27;
const LAST_DATE = 8.64e15;

class Reader {
  /** Until something is read that JSON has no words for. */
  isJson = true;
  readonly #bytes: Buffer;
  #at = 0;
  #objects = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw new Unreadable('bytes follow the value');
  }

  read(depth: number): unknown {
    const form = this.#unsigned(1);
    if (form < 0x80) return form;
    if (form < 0x90) return this.#map(form & 0x0f, depth);
    if (form < 0xa0) return this.#array(form & 0x0f, depth);
    if (form < 0xc0) return this.#text(form & 0x1f);
    if (form >= 0xe0) return form - 0x100;
    return this.#longForm(form, depth);
  }

  #longForm(form: number, depth: number): unknown {
    switch (form) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#bin(this.#unsigned(1 << (form - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#unsigned(1 << (form - 0xc7)), depth);
      case 0xca:
        return this.#float(this.#bytes.readFloatBE(this.#skip(4)));
      case 0xcb:
        return this.#float(this.#bytes.readDoubleBE(this.#skip(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (form - 0xcc));
      case 0xcf:
        return this.#integer(this.#bytes.readBigUInt64BE(this.#skip(8)));
      case 0xd0:
      case 0xd1:
      case 0xd2: {
        const length = 1 << (form - 0xd0);
        return this.#bytes.readIntBE(this.#skip(length), length);
      }
      case 0xd3:
        return this.#integer(this.#bytes.readBigInt64BE(this.#skip(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (form - 0xd4), depth);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (form - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (form - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (form - 0xde)), depth);
      default:
        throw new Unreadable('a byte that begins nothing');
    }
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(length, depth);
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.read(depth + 1));
    return array;
  }

  #map(length: number, depth: number): object {
    this.#enter(length * 2, depth);
    const object: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const key = this.read(depth + 1);
      if (typeof key !== 'string') return this.#restOfMap(new Map(Object.entries(object)), key, length - i, depth);
      if (key === '__proto__') throw new Unreadable('a name that must not be trusted');
      object[key] = this.read(depth + 1);
    }
    return object;
  }

  /** `count` entries, of which the first key is read. */
  #restOfMap(map: Map<unknown, unknown>, first: unknown, count: number, depth: number): Map<unknown, unknown> {
    this.isJson = false;
    map.set(first, this.read(depth + 1));
    for (let i = 1; i < count; i++) map.set(this.read(depth + 1), this.read(depth + 1));
    return map;
  }

  /** Into a container: so many values must follow, of a byte each at least. */
  #enter(values: number, depth: number): void {
    if (depth === DEPTH_MAX) throw new Unreadable(`more than ${DEPTH_MAX} levels deep`);
    this.#count();
    if (values > this.#bytes.length - this.#at) throw new Unreadable('shorter than it says');
  }

  #count(): void {
    if (++this.#objects > OBJECTS_MAX) throw new Unreadable(`more than ${OBJECTS_MAX} objects`);
  }

  #float(value: number): number {
    if (!Number.isFinite(value) || Object.is(value, -0)) this.isJson = false;
    return value;
  }

  /** A number if it is a safe one: many writers have 64 bits for all that is beyond 32. */
  #integer(value: bigint): number | bigint {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    this.isJson = false;
    return value;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    const bytes = this.#bytes;
    if (length <= SHORT_TEXT) {
      let text = '';
      let at = start;
      const end = start + length;
      while (at < end && bytes[at]! < 0x80) text += String.fromCharCode(bytes[at++]!);
      if (at === end) return text;
    }
    const text = bytes.subarray(start, start + length);
    if (!isUtf8(text)) throw new Unreadable('text that is no UTF-8');
    return textOfUtf8(text);
  }

  #bin(length: number): Uint8Array {
    this.#count();
    this.isJson = false;
    const start = this.#skip(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  #extension(length: number, depth: number): unknown {
    this.isJson = false;
    const type = this.#bytes.readInt8(this.#skip(1));
    const start = this.#skip(length);
    const contents = this.#bytes.subarray(start, start + length);
    switch (type) {
      case EXTENSION.timestamp:
        return this.#timestamp(contents);
      case EXTENSION.special:
        return this.#special(contents);
      case EXTENSION.bigint:
        return bigintOf(contents);
      case EXTENSION.binary:
        return this.#binary(contents);
      case EXTENSION.set:
      case EXTENSION.map:
      case EXTENSION.regExp:
        return this.#nested(type, start, depth);
      default:
        throw new Unreadable(`extension type ${type}`);
    }
  }

  /** An extension whose contents are msgpack: what was skipped is read, and must end where it says. */
  #nested(type: number, start: number, depth: number): unknown {
    const end = this.#at;
    this.#at = start;
    const value = type === EXTENSION.map ? this.#anyMap(depth) : this.#values(type, depth);
    if (this.#at !== end) throw new Unreadable('an extension of another length than it says');
    return value;
  }

  #anyMap(depth: number): Map<unknown, unknown> {
    const length = this.#lengthOf(0x80, 0xde);
    this.#enter(length * 2, depth);
    const map = new Map<unknown, unknown>();
    return length === 0 ? map : this.#restOfMap(map, this.read(depth + 1), length, depth);
  }

  #values(type: number, depth: number): Set<unknown> | RegExp {
    const values = this.#array(this.#lengthOf(0x90, 0xdc), depth);
    return type === EXTENSION.set ? new Set(values) : regExpOf(values);
  }

  /** Of an array or a map: only that may stand here, or levels would not be counted. */
  #lengthOf(inOne: number, long: number): number {
    const form = this.#unsigned(1);
    if ((form & 0xf0) === inOne) return form & 0x0f;
    if (form !== long && form !== long + 1) throw new Unreadable('an extension that holds something else');
    return this.#unsigned(2 << (form - long));
  }

  #special(contents: Uint8Array): undefined | Date {
    if (contents.length === 1 && contents[0] === SPECIAL.undefined) return undefined;
    if (contents.length !== 1 || contents[0] !== SPECIAL.invalidDate) throw new Unreadable('an unknown special value');
    this.#count();
    return new Date(Number.NaN);
  }

  #timestamp(contents: Buffer): Date {
    this.#count();
    const [seconds, nanoseconds] = secondsOf(contents);
    const ms = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
    if (nanoseconds > 999_999_999 || Math.abs(ms) > LAST_DATE) throw new Unreadable('a time that is none');
    return new Date(ms);
  }

  #binary(contents: Buffer): ArrayBuffer | ArrayBufferView {
    this.#count();
    const Type = BINARY_TYPES[contents[0] ?? BINARY_TYPES.length];
    const bytes = new Uint8Array(contents.subarray(1));
    const { buffer } = bytes;
    if (Type === undefined) throw new Unreadable('an unknown binary type');
    if (Type === ArrayBuffer) return buffer as ArrayBuffer;
    if (Type === DataView) return new DataView(buffer);
    const View = Type as typeof BigInt64Array;
    if (bytes.length % View.BYTES_PER_ELEMENT !== 0) throw new Unreadable('a part of an element');
    return new View(buffer as ArrayBuffer);
  }

  #unsigned(length: number): number {
    const at = this.#skip(length);
    const bytes = this.#bytes;
    if (length === 1) return bytes[at]!;
    return length === 2 ? bytes.readUInt16BE(at) : bytes.readUInt32BE(at);
  }

  /** Goes on by `length` bytes, if they are there; answers where it was. */
  #skip(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new Unreadable('shorter than it says');
    this.#at = at + length;
    return at;
  }
}

function secondsOf(contents: Buffer): [seconds: number, nanoseconds: number] {
  if (contents.length === 4) return [contents.readUInt32BE(0), 0];
  if (contents.length === 12) return [Number(contents.readBigInt64BE(4)), contents.readUInt32BE(0)];
  if (contents.length !== 8) throw new Unreadable('a timestamp of an unknown length');
  const both = contents.readBigUInt64BE(0);
  return [Number(both & 0x3ffffffffn), Number(both >> 34n)];
}

function bigintOf(contents: Buffer): bigint {
  const { length } = contents;
  if (length === 0 || length > BIGINT_BYTES_MAX) throw new Unreadable('a bigint of a length there is not');
  return BigInt.asIntN(length * 8, BigInt(`0x${contents.toString('hex')}`));
}

function regExpOf([source, flags]: readonly unknown[]): RegExp {
  if (typeof source !== 'string' || typeof flags !== 'string') throw new Unreadable('a RegExp that is none');
  try {
    return new RegExp(source, flags);
  } catch {
    throw new Unreadable('a RegExp that is none');
  }
}
