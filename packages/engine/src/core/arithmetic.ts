/**
 * Numbers kept as decimal text, with Redis's rules for what counts as one (string2ll): no blanks, no plus sign, no
 * leading zeros, signed 64 bits.
 *
 * Each function answers the new text, or the Status that refuses.
 */
import { Status } from './operation.ts';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** Up to so many characters (a sign and 15 digits) both terms and their sum are exact as doubles. */
const EXACT_CHARACTERS = 15;

/** Adds two signed 64-bit integers given as decimal text. */
export function addInteger(present: string, by: string): string | Status {
  if (!INTEGER.test(present) || !INTEGER.test(by)) return Status.notANumber;
  if (present.length <= EXACT_CHARACTERS && by.length <= EXACT_CHARACTERS) return String(Number(present) + Number(by));
  const terms = [BigInt(present), BigInt(by)] as const;
  if (!isInt64(terms[0]) || !isInt64(terms[1])) return Status.notANumber;
  const sum = terms[0] + terms[1];
  return isInt64(sum) ? String(sum) : Status.overflow;
}

function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

const FLOAT = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
/** No double needs more; what is longer is refused unread. */
const FLOAT_CHARACTERS_MAX = 512;

/** Adds a double to a number given as decimal text. */
export function addFloat(present: string, by: number): string | Status {
  if (present.length > FLOAT_CHARACTERS_MAX || !FLOAT.test(present)) return Status.notANumber;
  const sum = Number(present) + by;
  return Number.isFinite(sum) ? floatText(sum) : Status.overflow;
}

/** Shortest text that reads back as the same double, without an exponent (as Redis prints floats for people). */
export function floatText(value: number): string {
  const text = String(value === 0 ? 0 : value);
  if (!text.includes('e')) return text;
  if (Number.isInteger(value)) return String(BigInt(value));
  const [digits, exponent] = text.replace('-', '').split('e-') as [string, string];
  const plain = digits.replace('.', '');
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(Number(exponent) - 1)}${plain}`;
}
