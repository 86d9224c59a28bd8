/**
 * ConfigurationCache: which configurations the search knows (Lowe 2017's memory, with dominance).
 *
 * Owns      a hash table of configurations: lane cursors, state, optional entries used.
 * Does not  know what the numbers mean.
 * Invariants
 *   CC1  exact: a configuration counts as covered only if one with equal cursors and state is known, having used
 *       a subset of the optional entries. Whatever can be done from the new one could be done from the old one.
 * Why       flat Int32Arrays and not a Map of strings: tens of millions of configurations must fit and be quick, and a
 *           Map of that size meets V8's limits.
 */

/**
 * Interned answers to "how many entries of each queue of optional ones were used". NONE_USED is none at all.
 * Sparse: of hundreds of queues few are in use at any time.
 */
export class OptionalUse {
  readonly #uses: ReadonlyMap<number, number>[] = [new Map()];
  readonly #ids = new Map<string, number>([['', 0]]);

  /** How many entries of a queue are used. */
  count(use: number, queue: number): number {
    return this.#uses[use]?.get(queue) ?? 0;
  }

  /** The use with one more of a queue. */
  plusOne(use: number, queue: number): number {
    return this.#intern(new Map(this.#uses[use]).set(queue, this.count(use, queue) + 1));
  }

  /** The use without the queues that `isOver` says can never be drawn on again: nothing depends on them any more. */
  without(use: number, isOver: (queue: number) => boolean): number {
    const counts = this.#uses[use] as ReadonlyMap<number, number>;
    for (const queue of counts.keys()) {
      if (isOver(queue)) return this.#intern(new Map([...counts].filter(([other]) => !isOver(other))));
    }
    return use;
  }

  /** True if `less` used at most as many of every queue as `more`. */
  within(less: number, more: number): boolean {
    if (less === more || less === 0) return true;
    for (const [queue, count] of this.#uses[less] as ReadonlyMap<number, number>) {
      if (count > this.count(more, queue)) return false;
    }
    return true;
  }

  #intern(counts: ReadonlyMap<number, number>): number {
    const name = [...counts]
      .sort(([a], [b]) => a - b)
      .map(([queue, count]) => `${queue}:${count}`)
      .join();
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#uses.push(counts) - 1;
    this.#ids.set(name, id);
    return id;
  }
}

/** The use of no optional entry. */
export const NONE_USED = 0;

const FIRST_CAPACITY = 1024;

/** The set of configurations known, numbered from 0. */
export class ConfigurationCache {
  readonly #laneCount: number;
  readonly #width: number;
  readonly #use: OptionalUse;
  #count = 0;
  #rows: Int32Array;
  /** Open addressing: row number + 1, 0 empty. Always a power of two, at most half full. */
  #slots = new Int32Array(FIRST_CAPACITY * 2);

  constructor(laneCount: number, use: OptionalUse) {
    this.#laneCount = laneCount;
    this.#width = laneCount + 3;
    this.#use = use;
    this.#rows = new Int32Array(FIRST_CAPACITY * this.#width);
  }

  /** Adds a configuration and returns its number, or -1 if one known covers it. */
  add(cursors: Int32Array, state: number, use: number): number {
    const hash = this.#hash(cursors, state);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let row = this.#slots[slot] as number; row !== 0; row = this.#slots[slot] as number) {
      const at = (row - 1) * this.#width;
      if (this.#rows[at] === hash && this.#matches(at, cursors, state)) {
        if (this.#use.within(this.#rows[at + 2] as number, use)) return -1;
      }
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = this.#append(hash, cursors, state, use);
    if (this.#count * 2 > this.#slots.length) this.#grow();
    return this.#count - 1;
  }

  /** Copies the cursors of a configuration. */
  recall(configuration: number, cursors: Int32Array): void {
    const at = configuration * this.#width + 3;
    for (let lane = 0; lane < this.#laneCount; lane++) cursors[lane] = this.#rows[at + lane] as number;
  }

  #hash(cursors: Int32Array, state: number): number {
    let hash = Math.imul(state + 1, 0x9e3779b1);
    for (let lane = 0; lane < this.#laneCount; lane++) {
      hash = Math.imul(hash ^ (cursors[lane] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash | 0;
  }

  #matches(at: number, cursors: Int32Array, state: number): boolean {
    const rows = this.#rows;
    if (rows[at + 1] !== state) return false;
    for (let lane = 0; lane < this.#laneCount; lane++) if (rows[at + 3 + lane] !== cursors[lane]) return false;
    return true;
  }

  #append(hash: number, cursors: Int32Array, state: number, use: number): number {
    const at = this.#count * this.#width;
    if (at === this.#rows.length) {
      const rows = new Int32Array(this.#rows.length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    this.#rows[at] = hash;
    this.#rows[at + 1] = state;
    this.#rows[at + 2] = use;
    this.#rows.set(cursors, at + 3);
    return ++this.#count;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let row = 1; row <= this.#count; row++) {
      let slot = (this.#rows[(row - 1) * this.#width] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    this.#slots = slots;
  }
}
