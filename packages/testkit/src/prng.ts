/**
 * Prng: the one source of chance for simulator, workloads and chaos scripts: small, seeded, forkable.
 *
 * Owns      the state of one random stream (sfc32, 128 bits).
 * Does not  read a clock or the system's randomness: the seed is an argument without default.
 * Invariants
 *   SP1  the same seed gives the same draws on every machine and Node version (32-bit integer arithmetic only)
 *   SP2  fork(name) depends on the seed and the name, never on how many draws were made: a new draw in one part of a
 *       simulation does not move the others
 */

/** Hashes text to four 32-bit words (FNV-1a per lane, then murmur3's finaliser), enough to seed sfc32 well. */
function seedWords(text: string): [number, number, number, number] {
  const word = (salt: number): number => {
    let hash = 0x811c9dc5 ^ salt;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  return [word(0x9e3779b9), word(0x243f6a88), word(0xb7e15162), word(0xdeadbeef)];
}

/** A seeded random stream (sfc32, Chris Doty-Humphrey, PractRand). Not for secrets. */
export class Prng {
  readonly seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: string | number) {
    this.seed = String(seed);
    [this.#a, this.#b, this.#c, this.#counter] = seedWords(this.seed);
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** A fraction in [0, 1) with 32 random bits. */
  next(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A whole number in [0, limit); `limit` is a whole number from 1 to 2^32. */
  below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0x1_0000_0000) {
      throw new RangeError(`below(limit): a whole number from 1 to 2^32, not ${limit}`);
    }
    return Math.floor(this.next() * limit);
  }

  /** True with the given probability (0 never, 1 always). */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One element of a non-empty array. */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('pick(from): the array is empty');
    return from[this.below(from.length)] as T;
  }

  /** A stream of its own for one named part: the same for the same seed and name, whenever it is asked for. */
  fork(name: string): Prng {
    return new Prng(`${this.seed}/${name}`);
  }
}
