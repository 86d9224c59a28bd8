/**
 * Numbers as Redis reads them from arguments: strict, so that one number has one spelling. Integers are signed 64-bit;
 * what a JavaScript number cannot hold exactly comes as a bigint.
 */

export const INT64_MAX = 9_223_372_036_854_775_807n;
export const INT64_MIN = -9_223_372_036_854_775_808n;

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const FLOAT = /^[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?)$/i;

/** What is longer is no number of Redis's either (its long double takes 5 KiB), and is refused unread. */
const FLOAT_CHARACTERS_MAX = 5 * 1024;

/** Digits that always fit a safe integer, sign included. */
const SAFE_LENGTH = 15;

/** A signed 64-bit integer without blanks, plus sign or leading zeros; null if it is none. */
export function readInteger(text: string): number | bigint | null {
  if (!INTEGER.test(text)) return null;
  if (text.length <= SAFE_LENGTH) return Number(text);
  const value = BigInt(text);
  if (value > INT64_MAX || value < INT64_MIN) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A decimal floating-point number, possibly infinite; null if it is none (NaN is none). */
export function readFloat(text: string): number | null {
  if (text.length > FLOAT_CHARACTERS_MAX || !FLOAT.test(text)) return null;
  const unsigned = text.replace(/^[+-]/, '');
  if (/^inf/i.test(unsigned)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  // Digits that overflow are no number to Redis, unlike the word `inf`.
  return Number.isFinite(value) ? value : null;
}
