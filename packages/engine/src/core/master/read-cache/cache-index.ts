/**
 * CacheIndex: where the entries of the read cache lie, by the hash of their keys.
 *
 * Owns      one table of hash and place, open addressing with linear probing.
 * Does not  know keys: of entries with one hash it names all, one after the other, and its owner compares.
 * Invariants
 *   CI1  at least a quarter of the cells is empty, so every search ends.
 *   CI2  no cell between an entry and where its hash would have it is empty: what is removed is closed up behind.
 * Why       bytes outside of the V8 heap, which no collection has to go through. The hash is keyed (store/hash.ts): callers
 *           choose keys, and could otherwise choose a million for one cell.
 */

/** No cell. */
export const NO_CELL = -1;

const CELLS_MIN = 16;
/** A cell is a hash and a place + 1; 0 = empty. */
const CELL_BYTES = 8;

export class CacheIndex {
  /** Entries it names. */
  size = 0;
  private cells = new Int32Array(CELLS_MIN * 2);
  private mask = CELLS_MIN - 1;

  get bytes(): number {
    return (this.mask + 1) * CELL_BYTES;
  }

  /** Whether one more entry fits; else it has to {@link grow}, to twice its bytes. */
  get hasRoom(): boolean {
    return (this.size + 1) * 4 <= (this.mask + 1) * 3;
  }

  /** The first cell of this hash. */
  first(hash: number): number {
    return this.seek(hash & this.mask, hash);
  }

  /** The next cell of the same hash. */
  next(cell: number, hash: number): number {
    return this.seek((cell + 1) & this.mask, hash);
  }

  private seek(from: number, hash: number): number {
    const { cells, mask } = this;
    for (let cell = from; cells[2 * cell + 1] !== 0; cell = (cell + 1) & mask)
      if (cells[2 * cell] === hash) return cell;
    return NO_CELL;
  }

  placeAt(cell: number): number {
    return this.cells[2 * cell + 1]! - 1;
  }

  /** There is room. */
  add(hash: number, place: number): void {
    this.put(hash, place + 1);
    this.size += 1;
  }

  private put(hash: number, mark: number): void {
    const { cells, mask } = this;
    let cell = hash & mask;
    while (cells[2 * cell + 1] !== 0) cell = (cell + 1) & mask;
    cells[2 * cell] = hash;
    cells[2 * cell + 1] = mark;
  }

  remove(cell: number): void {
    const { cells, mask } = this;
    let hole = cell;
    for (let at = (cell + 1) & mask; cells[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = cells[2 * at]! & mask;
      // It may move into the hole unless it would come to lie before its home.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      cells[2 * hole] = cells[2 * at]!;
      cells[2 * hole + 1] = cells[2 * at + 1]!;
      hole = at;
    }
    cells[2 * hole + 1] = 0;
    this.size -= 1;
  }

  grow(): void {
    const { cells } = this;
    this.mask = 2 * (this.mask + 1) - 1;
    this.cells = new Int32Array(2 * (this.mask + 1));
    for (let at = 0; at < cells.length; at += 2) if (cells[at + 1] !== 0) this.put(cells[at]!, cells[at + 1]!);
  }

  clear(): void {
    this.size = 0;
    this.mask = CELLS_MIN - 1;
    this.cells = new Int32Array(CELLS_MIN * 2);
  }
}
