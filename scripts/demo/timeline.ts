/**
 * The timeline: a line for every 250 ms with a bar for the records written (or read) in it, and beside it what happened
 * to the cluster. Printed as it happens.
 */

export interface Slot {
  ms: number;
  records: number;
  marks: string[];
}

const SLOT_MS = 250;
const BAR_WIDTH = 32;
/** Records that one full block of a bar stands for. */
const PER_BLOCK = 500;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export class Timeline {
  readonly slots: Slot[] = [];
  readonly #print: (line: string) => void;
  readonly #beganAt: number;
  #printed = 0;
  #last = { at: 0, records: 0 };

  constructor(beganAt: number, print: (line: string) => void) {
    this.#beganAt = beganAt;
    this.#print = print;
  }

  /** So many records in all, at that time. What came since the last sample is spread over the slots in between. */
  sample(at: number, records: number): void {
    const from = Math.max(0, this.#last.at - this.#beganAt);
    const to = Math.max(from + 1, at - this.#beganAt);
    for (let begin = from; begin < to; ) {
      const end = Math.min(to, (Math.floor(begin / SLOT_MS) + 1) * SLOT_MS);
      this.#slot(begin).records += ((records - this.#last.records) * (end - begin)) / (to - from);
      begin = end;
    }
    this.#last = { at, records };
    this.#flush(Math.floor(to / SLOT_MS));
  }

  mark(at: number, text: string): void {
    this.#slot(Math.max(this.#printed * SLOT_MS, at - this.#beganAt)).marks.push(text);
  }

  finish(): void {
    this.#flush(this.slots.length);
  }

  #slot(ms: number): Slot {
    const index = Math.floor(ms / SLOT_MS);
    while (this.slots.length <= index) this.slots.push({ ms: this.slots.length * SLOT_MS, records: 0, marks: [] });
    return this.slots[index]!;
  }

  /** Prints the slots before `index`: those no sample will change any more. */
  #flush(index: number): void {
    for (; this.#printed < Math.min(index, this.slots.length); this.#printed += 1) {
      const { ms, records, marks } = this.slots[this.#printed]!;
      const time = `${(ms / 1_000).toFixed(2)}s`.padStart(7);
      const count = Math.round(records).toLocaleString('en-US').padStart(7);
      this.#print(`${time} ${count} ${bar(records).padEnd(BAR_WIDTH)}  ${marks.join('  ')}`.trimEnd());
    }
  }
}

export function bar(records: number): string {
  const eighths = Math.round((records * 8) / PER_BLOCK);
  const blocks = Math.floor(eighths / 8);
  if (blocks >= BAR_WIDTH) return `${'█'.repeat(BAR_WIDTH - 1)}▶`;
  return '█'.repeat(blocks) + EIGHTHS[eighths % 8]!;
}

export const LEGEND = `   time records (each █ = ${PER_BLOCK})`;
