/** Frames that are nearly right: real ones with bytes changed, cut, doubled, moved. All text here is one-byte text. */
import type { Random } from './random.ts';

type Mutation = (random: Random, text: string, at: number) => string;

/** Bytes that mean something to one of the protocols. */
const TELLING: readonly string[] = [
  ...['\r\n', '\n', '\r', '\0', '\xff', ' ', ':', '*', '$', '-1', '0', '999999999', '18446744073709551616', '"', "'"],
  ...[
    ' HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01',
    '*1\r\n',
    '$-1\r\n',
    '\r\n\r\n',
    '%',
    '\x80',
  ],
];

const MUTATIONS: readonly Mutation[] = [
  (random, text, at) => text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1),
  (random, text, at) => text.slice(0, at) + flipped(random, text.charCodeAt(at)) + text.slice(at + 1),
  (random, text, at) => text.slice(0, at) + random.pick(TELLING) + text.slice(at),
  (random, text, at) => text.slice(0, at) + text.slice(at + 1 + random.below(20)),
  (random, text, at) => text.slice(0, at) + text.slice(Math.max(0, at - random.below(30))),
  (random, text, at) => text.slice(0, at) + random.bytes(1 + random.below(8)) + text.slice(at),
  (random, text, at) => text.slice(0, at) + text.slice(at, at + 3).repeat(1 + random.below(50)) + text.slice(at),
];

function flipped(random: Random, code: number): string {
  return String.fromCharCode((Number.isNaN(code) ? 0 : code) ^ (1 << random.below(8)));
}

/** `text` with a few changes: mostly one, since the more there are the sooner a parser has given up. */
export function mutate(random: Random, text: string): string {
  let changed = text;
  do {
    changed = random.pick(MUTATIONS)(random, changed, random.below(changed.length + 1));
  } while (random.chance(35));
  return changed;
}

const PIECES_MAX = 150;

/** `text` in pieces, as a network may deliver it: mostly few and large, sometimes a byte at a time for a while. */
export function cut(random: Random, text: string): string[] {
  const longest = random.pick([3, 40, 1500, 65_536, 65_536]);
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length && pieces.length < PIECES_MAX) {
    const length = 1 + random.below(longest);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return at < text.length ? [...pieces, text.slice(at)] : pieces;
}
