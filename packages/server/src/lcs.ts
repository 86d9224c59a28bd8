/**
 * The longest common subsequence of two byte strings, by the table every textbook has: length × length cells. Pure.
 * Whoever asks bounds the cells: the table is built in one go, and nothing else happens meanwhile.
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

export function longestCommonSubsequence(one: string, other: string): CommonSubsequence {
  const width = other.length + 1;
  const lengths = fillTable(one, other, width);
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

function fillTable(one: string, other: string, width: number): Uint32Array {
  const lengths = new Uint32Array((one.length + 1) * width);
  for (let i = 1; i <= one.length; i++) {
    const byte = one.charCodeAt(i - 1);
    const row = i * width;
    for (let j = 1; j < width; j++) {
      const above = lengths[row - width + j]!;
      const before = lengths[row + j - 1]!;
      if (byte === other.charCodeAt(j - 1)) lengths[row + j] = lengths[row - width + j - 1]! + 1;
      else lengths[row + j] = Math.max(above, before);
    }
  }
  return lengths;
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
