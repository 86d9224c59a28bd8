/**
 * Integers of any width from 1 to 64 bits within a row of bits, as BITFIELD has them: most significant bit first, at any
 * bit offset. Pure.
 */

export interface FieldType {
  readonly signed: boolean;
  /** 1 to 64; unsigned ones to 63. */
  readonly bits: number;
}

/** What becomes of a number that does not fit its field. */
export type Overflow = 'wrap' | 'saturate' | 'fail';

/** `i8`, `u63` and so on; null if it is none. */
export function readFieldType(text: string): FieldType | null {
  const [, sign, digits] = /^([iu])([1-9][0-9]?)$/.exec(text) ?? [];
  const bits = Number(digits);
  const signed = sign === 'i';
  return sign === undefined || bits > (signed ? 64 : 63) ? null : { signed, bits };
}

/** The number at bit `offset`; bits beyond the end are zeros. */
export function getField(bytes: Uint8Array, { signed, bits }: FieldType, offset: number): bigint {
  const first = Math.floor(offset / 8);
  const last = Math.floor((offset + bits - 1) / 8);
  let value = 0n;
  for (let at = first; at <= last; at++) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  const behind = (last + 1) * 8 - (offset + bits);
  value >>= BigInt(behind);
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Writes the number at bit `offset`. REQUIRES that `bytes` reach that far. */
export function setField(bytes: Uint8Array, { bits }: FieldType, offset: number, value: bigint): void {
  let rest = BigInt.asUintN(bits, value);
  for (let bit = offset + bits - 1; bit >= offset; ) {
    const at = Math.floor(bit / 8);
    const low = 7 - (bit % 8);
    const count = Math.min(8 - low, bit - offset + 1);
    const mask = ((1 << count) - 1) << low;
    const part = Number(rest & BigInt((1 << count) - 1)) << low;
    bytes[at] = (bytes[at]! & ~mask) | part;
    rest >>= BigInt(count);
    bit -= count;
  }
}

/** `value` as it goes into a field of the type; null if it does not fit and must not be bent. */
export function fitted(value: bigint, { signed, bits }: FieldType, overflow: Overflow): bigint | null {
  const width = BigInt(bits);
  const most = signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
  const least = signed ? -most - 1n : 0n;
  if (value >= least && value <= most) return value;
  if (overflow === 'fail') return null;
  if (overflow === 'saturate') return value > most ? most : least;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}
