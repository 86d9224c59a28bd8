/** A progress bar on stderr, only where somebody looks at it. */
const WIDTH = 30;
const EVERY_MS = 200;

export class Progress {
  private readonly total: number;
  private readonly begun = performance.now();
  private shownAt = 0;
  private done = 0;

  constructor(total: number) {
    this.total = total;
  }

  step(): void {
    this.done += 1;
    if (!process.stderr.isTTY || performance.now() - this.shownAt < EVERY_MS) return;
    this.shownAt = performance.now();
    const filled = Math.round((this.done / this.total) * WIDTH);
    const perMinute = Math.round((this.done / (this.shownAt - this.begun)) * 60_000);
    const bar = '='.repeat(filled).padEnd(WIDTH);
    process.stderr.write(`\r[${bar}] ${this.done}/${this.total} seeds, ${perMinute} a minute `);
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
