/**
 * The longest common subsequence of two byte strings, by the table every textbook has: length × length cells. In pieces:
 * whoever asks decides how many are done in one go, and bounds the cells.
 */

/** A run that both have: positions in each, ends included. */
export interface CommonRun {
  readonly one: readonly [first: number, last: number];
  readonly other: readonly [first: number, last: number];
}

export interface CommonSubsequence {
  readonly text: string;
  /** From the end to the beginning, as Redis lists them. */
  readonly runs: readonly CommonRun[];
}

type Lengths = Uint16Array | Uint32Array;

/** Cells between two pauses: a fraction of a millisecond. */
const PIECE_CELLS = 65_536;

/** How many cells two strings of these lengths take. */
export function lcsCells(one: string, other: string): number {
  return (one.length + 1) * (other.length + 1);
}

/** Yields before the table is made, and between pieces of it. */
export function* longestCommonSubsequence(one: string, other: string): Generator<void, CommonSubsequence> {
  yield;
  const width = other.length + 1;
  const cells = lcsCells(one, other);
  const fitsShort = Math.min(one.length, other.length) < 65_536;
  const lengths: Lengths = fitsShort ? new Uint16Array(cells) : new Uint32Array(cells);
  const rows = Math.max(1, Math.floor(PIECE_CELLS / width));
  for (let row = 1; row <= one.length; row += rows) {
    fillRows(lengths, one, other, row, Math.min(one.length, row + rows - 1));
    yield;
  }
  return traceBack(lengths, one, other);
}

function fillRows(lengths: Lengths, one: string, other: string, first: number, last: number): void {
  const width = other.length + 1;
  for (let i = first; i <= last; i++) {
    const byte = one.charCodeAt(i - 1);
    const row = i * width;
    for (let j = 1; j < width; j++) {
      const above = lengths[row - width + j]!;
      const before = lengths[row + j - 1]!;
      if (byte === other.charCodeAt(j - 1)) lengths[row + j] = lengths[row - width + j - 1]! + 1;
      else lengths[row + j] = Math.max(above, before);
    }
  }
}

function traceBack(lengths: Lengths, one: string, other: string): CommonSubsequence {
  const width = other.length + 1;
  const picked: string[] = [];
  const runs: CommonRun[] = [];
  let run: CommonRun | null = null;
  let i = one.length;
  let j = other.length;
  while (i > 0 && j > 0) {
    if (one.charCodeAt(i - 1) === other.charCodeAt(j - 1)) {
      picked.push(one[i - 1]!);
      run = extended(run, i - 1, j - 1) ?? opened(runs, run, i - 1, j - 1);
      i--;
      j--;
    } else if (lengths[(i - 1) * width + j]! > lengths[i * width + j - 1]!) {
      i--;
    } else {
      j--;
    }
  }
  if (run !== null) runs.push(run);
  return { text: picked.reverse().join(''), runs };
}

/** `run` with the pair before its beginning, or null if the pair does not join it. */
function extended(run: CommonRun | null, i: number, j: number): CommonRun | null {
  if (run === null || run.one[0] !== i + 1 || run.other[0] !== j + 1) return null;
  return { one: [i, run.one[1]], other: [j, run.other[1]] };
}

function opened(runs: CommonRun[], finished: CommonRun | null, i: number, j: number): CommonRun {
  if (finished !== null) runs.push(finished);
  return { one: [i, i], other: [j, j] };
}
