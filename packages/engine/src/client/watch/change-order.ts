/**
 * ChangeOrder: changes as the master tells them (shard after shard) to the order in which a watcher hears them: the changes of
 * one transaction together.
 *
 * Owns      that order, for the changes told at one time. All changes of a transaction are told at one time.
 * Invariants
 *   C1  within a shard, and so for each key, the order is the one told.
 *   C2  the changes of a transaction are one batch; unless two transactions stand crosswise in two shards, which C1 does not
 *       let us undo: then one of them comes in pieces, and `whole` says when the last of them is out.
 */
import type { Change } from '../../core/data/change.ts';

/** What is handed out at a time: one transaction's changes, or one change that is of none. */
export interface ChangeBatch {
  readonly changes: readonly Change[];
  /** No transaction is in pieces after it: a watch may go on from here. */
  readonly whole: boolean;
}

export function inBatches(told: readonly Change[]): ChangeBatch[] {
  if (told.every(({ transaction }) => transaction === 0)) {
    return told.map((change) => ({ changes: [change], whole: true }));
  }
  return new Merge(told).batches();
}

/** Changes that stay together: of one transaction in one shard, or a single one. */
interface Run {
  readonly line: Line;
  readonly at: number;
  readonly transaction: number;
  readonly changes: Change[];
}

/** The runs of one shard. */
interface Line {
  readonly runs: Run[];
  /** How many of them are out. */
  out: number;
}

class Merge {
  readonly #lines = new Map<number, Line>();
  readonly #transactions = new Map<number, Run[]>();
  readonly #batches: ChangeBatch[] = [];
  /** Transactions of which some runs are out and some are not. */
  readonly #inPieces = new Set<number>();

  constructor(told: readonly Change[]) {
    for (const change of told) this.#add(change);
  }

  #add(change: Change): void {
    const { shard, transaction } = change;
    let line = this.#lines.get(shard);
    if (line === undefined) {
      line = { runs: [], out: 0 };
      this.#lines.set(shard, line);
    }
    const last = line.runs.at(-1);
    if (transaction !== 0 && last?.transaction === transaction) {
      last.changes.push(change);
      return;
    }
    const run: Run = { line, at: line.runs.length, transaction, changes: [change] };
    line.runs.push(run);
    if (transaction === 0) return;
    const runs = this.#transactions.get(transaction);
    if (runs === undefined) this.#transactions.set(transaction, [run]);
    else runs.push(run);
  }

  batches(): ChangeBatch[] {
    const lines = [...this.#lines.values()];
    for (;;) {
      let moved = false;
      for (const line of lines) while (this.#advance(line)) moved = true;
      if (moved) continue;
      const stuck = lines.find((line) => front(line) !== undefined);
      if (stuck === undefined) return this.#batches;
      this.#emitPiece(front(stuck)!);
    }
  }

  /** Hands out the front of a line if nothing keeps it; false if something does, or there is none. */
  #advance(line: Line): boolean {
    const run = front(line);
    if (run === undefined) return false;
    if (run.transaction === 0) {
      this.#emit([run]);
      return true;
    }
    const left = this.#transactions.get(run.transaction)!.filter((one) => one.at >= one.line.out);
    if (left.some((one) => one !== front(one.line))) return false;
    this.#inPieces.delete(run.transaction);
    this.#emit(left);
    return true;
  }

  #emitPiece(run: Run): void {
    this.#inPieces.add(run.transaction);
    this.#emit([run]);
  }

  #emit(runs: readonly Run[]): void {
    for (const { line } of runs) line.out += 1;
    this.#batches.push({ changes: runs.flatMap(({ changes }) => changes), whole: this.#inPieces.size === 0 });
  }
}

function front(line: Line): Run | undefined {
  return line.runs[line.out];
}
