/**
 * Numbers kept as decimal text, with Redis's rules for what counts as one (string2ll): no blanks, no plus sign, no
 * leading zeros, signed 64 bits.
 *
 * Each function returns the new text, or the Status that refuses.
 */
import { Status } from './result.ts';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** Up to so many characters both terms and their sum are safe integers. */
const EXACT_CHARACTERS = 15;

/** Adds two signed 64-bit integers given as decimal text; `safe`: what is no safe integer is an overflow. */
export function addInteger(present: string, by: string, safe: boolean): string | Status {
  if (!INTEGER.test(present) || !INTEGER.test(by)) return Status.notANumber;
  if (present.length <= EXACT_CHARACTERS && by.length <= EXACT_CHARACTERS) return String(Number(present) + Number(by));
  const terms = [BigInt(present), BigInt(by)] as const;
  if (!isInt64(terms[0]) || !isInt64(terms[1])) return Status.notANumber;
  const sum = terms[0] + terms[1];
  return (safe ? isSafe(sum) : isInt64(sum)) ? String(sum) : Status.overflow;
}

function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

function isSafe(value: bigint): boolean {
  return Number.isSafeInteger(Number(value));
}

const FLOAT = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
/** No double needs more; what is longer is refused unread. */
const FLOAT_CHARACTERS_MAX = 512;

/** Fraction digits Redis shows (%.17Lf). */
const FRACTION_DIGITS = 17;
const DECIMAL = /^([+-]?)([0-9]{0,20})(?:\.([0-9]{0,17}))?$/;

/**
 * Adds a double to a number given as decimal text. Decimals of a usual size are added as decimals: 0.1 and 0.2 are 0.3, as
 * Redis's long doubles show it, and not what two doubles come to.
 */
export function addFloat(present: string, by: number): string | Status {
  if (present.length > FLOAT_CHARACTERS_MAX || !FLOAT.test(present)) return Status.notANumber;
  const terms = [scaled(present), scaled(floatText(by))] as const;
  if (terms[0] !== null && terms[1] !== null) return unscaled(terms[0] + terms[1]);
  const sum = Number(present) + by;
  return Number.isFinite(sum) ? floatText(sum) : Status.overflow;
}

/** A decimal as a whole number of 10^-17; null if it has more digits than are added so. */
function scaled(text: string): bigint | null {
  const parts = DECIMAL.exec(text);
  if (parts === null) return null;
  const [, sign, whole, fraction = ''] = parts;
  const units = BigInt(whole + fraction.padEnd(FRACTION_DIGITS, '0'));
  return sign === '-' ? -units : units;
}

function unscaled(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(FRACTION_DIGITS + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS);
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Shortest text that reads back as the same double, without an exponent (as Redis prints floats for people). */
export function floatText(value: number): string {
  const text = String(value === 0 ? 0 : value);
  if (!text.includes('e')) return text;
  if (Number.isInteger(value)) return String(BigInt(value));
  const [digits, exponent] = text.replace(/^-/, '').split('e-') as [string, string];
  const plain = digits.replace('.', '');
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(Number(exponent) - 1)}${plain}`;
}
