/**
 * Strings combined bit by bit, as BITOP has it: what is shorter than the longest goes on with zeros. Pure.
 *
 * Invariants
 *   BO1  `bitWork` is what `combined` looks at, to the byte: whoever asks bounds it before.
 *   BO2  zeros behind the end of a value cost nothing: they change nothing for OR and XOR, and all is zero there for AND.
 */

/** How many are combined into one. */
export type BitOperator = 'AND' | 'OR' | 'XOR';

type CombineInto = (into: Uint32Array, first: number, other: Uint32Array, words: number) => void;

/** Words and not bytes: four at a time. */
const COMBINE_INTO: Readonly<Record<BitOperator, CombineInto>> = {
  AND: (into, first, other, words) => {
    for (let at = 0; at < words; at++) into[first + at]! &= other[at]!;
  },
  OR: (into, first, other, words) => {
    for (let at = 0; at < words; at++) into[first + at]! |= other[at]!;
  },
  XOR: (into, first, other, words) => {
    for (let at = 0; at < words; at++) into[first + at]! ^= other[at]!;
  },
};

const WORD = Uint32Array.BYTES_PER_ELEMENT;
/** Bytes of a value that are made words at a time: few enough to stay in the processor's cache. */
const PIECE = 65_536;

export function longestOf(values: readonly string[]): number {
  let longest = 0;
  for (const { length } of values) if (length > longest) longest = length;
  return longest;
}

function shortestOf(values: readonly string[]): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (const { length } of values) if (length < shortest) shortest = length;
  return values.length === 0 ? 0 : shortest;
}

/** The bytes that combining these values looks at. */
export function bitWork(operator: BitOperator, values: readonly string[]): number {
  if (operator === 'AND') return shortestOf(values) * values.length;
  let bytes = 0;
  for (const { length } of values) bytes += length;
  return bytes;
}

/** All `values` combined, `length` bytes long. REQUIRES that none is longer. */
export function combined(operator: BitOperator, values: readonly string[], length: number): string {
  const reach = operator === 'AND' ? shortestOf(values) : length;
  const into = wordsFor(length);
  const intoBytes = bytesOf(into);
  const piece = wordsFor(Math.min(reach, PIECE));
  const pieceBytes = bytesOf(piece);
  const combineInto = COMBINE_INTO[operator];
  for (const [index, value] of values.entries()) {
    const end = Math.min(value.length, reach);
    if (index === 0) {
      intoBytes.write(value.slice(0, end), 'latin1');
      continue;
    }
    for (let at = 0; at < end; at += PIECE) {
      const written = pieceBytes.write(value.slice(at, Math.min(end, at + PIECE)), 'latin1');
      const words = Math.ceil(written / WORD);
      pieceBytes.fill(0, written, words * WORD);
      combineInto(into, at / WORD, piece, words);
    }
  }
  return intoBytes.toString('latin1', 0, length);
}

export function inverted(value: string): string {
  const words = wordsFor(value.length);
  const bytes = bytesOf(words);
  bytes.write(value, 'latin1');
  for (let at = 0; at < words.length; at++) words[at] = ~words[at]!;
  return bytes.toString('latin1', 0, value.length);
}

function wordsFor(bytes: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Math.ceil(bytes / WORD));
}

function bytesOf(words: Uint32Array<ArrayBuffer>): Buffer {
  return Buffer.from(words.buffer);
}
