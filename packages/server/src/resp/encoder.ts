/**
 * Replies as one-byte strings, ready to be joined and written at once. What RESP2 and RESP3 spell alike are functions
 * here; what they spell differently is an Encoder, of which a connection has one (HELLO changes it). A reply keeps the
 * encoder of its request, so that answers to requests before a HELLO 3 stay RESP2 even if they come later.
 */

export const CRLF = '\r\n';
export const OK = '+OK\r\n';
export const PONG = '+PONG\r\n';
export const EMPTY_ARRAY = '*0\r\n';

const NOT_ASCII = /[^\0-\x7f]/;
const LINE_ENDS = /[\r\n]/g;

/** A string of JavaScript as the one-byte string of its UTF-8 bytes. Keys and values of clients are one-byte already. */
export function utf8(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** `+OK`: for fixed words only; anything a client could put a line end into goes as a bulk string. */
export function simple(word: string): string {
  return `+${word}${CRLF}`;
}

/** `-ERR text`. Line ends in `text` would forge replies, so they become blanks, as in Redis. */
export function error(text: string): string {
  return `-${text.replace(LINE_ENDS, ' ')}${CRLF}`;
}

export function integer(value: number | bigint | string): string {
  return `:${value}${CRLF}`;
}

export function bulk(value: string): string {
  return `$${value.length}${CRLF}${value}${CRLF}`;
}

/** An array of encoded items. */
export function array(items: readonly string[]): string {
  return `*${items.length}${CRLF}${items.join('')}`;
}

/** The replies that RESP2 and RESP3 spell differently. Items and pairs are encoded already. */
export interface Encoder {
  readonly version: 2 | 3;
  readonly nil: string;
  readonly nilArray: string;
  /** `flat` is key, value, key, value, … */
  map(flat: readonly string[]): string;
  set(items: readonly string[]): string;
  /** Out-of-band data (pub/sub): may stand between any two replies. */
  push(items: readonly string[]): string;
  double(value: number): string;
  boolean(value: boolean): string;
  /** An integer of any size, in decimal. */
  bigNumber(digits: string): string;
  /** A text for humans; `format` has three letters, such as `txt`. */
  verbatim(format: string, text: string): string;
}

export const RESP2: Encoder = {
  version: 2,
  nil: '$-1\r\n',
  nilArray: '*-1\r\n',
  map: array,
  set: array,
  push: array,
  double: (value) => bulk(doubleText(value)),
  boolean: (value) => (value ? ':1\r\n' : ':0\r\n'),
  bigNumber: bulk,
  verbatim: (_format, text) => bulk(text),
};

export const RESP3: Encoder = {
  version: 3,
  nil: '_\r\n',
  nilArray: '_\r\n',
  map: (flat) => `%${flat.length / 2}${CRLF}${flat.join('')}`,
  set: (items) => `~${items.length}${CRLF}${items.join('')}`,
  push: (items) => `>${items.length}${CRLF}${items.join('')}`,
  double: (value) => `,${doubleText(value)}${CRLF}`,
  boolean: (value) => (value ? '#t\r\n' : '#f\r\n'),
  bigNumber: (digits) => `(${digits}${CRLF}`,
  verbatim: (format, text) => `=${text.length + 4}${CRLF}${format}:${text}${CRLF}`,
};

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value === Number.NEGATIVE_INFINITY) return '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
