/**
 * TerminalProgress: one line on stderr that is written over and over, and nothing at all where stderr is no terminal.
 */

import type { Fault } from '@quintet/testkit';
import type { Tally } from './caller.ts';
import type { Progress } from './run.ts';

export class TerminalProgress implements Progress {
  readonly #wanted: number;
  readonly #shown = process.stderr.isTTY === true;
  #phase = 'starting';
  #last = '';
  #done = 0;
  #operations = 0;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  phase(name: string): void {
    this.#phase = name;
    this.#draw();
  }

  fault({ kind, node }: Fault, done: number): void {
    this.#last = `${kind} ${node}`;
    this.#done = done;
    this.#draw();
  }

  tally({ operations }: Tally): void {
    this.#operations = operations;
    this.#draw();
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }

  #draw(): void {
    if (!this.#shown) return;
    const line = `${this.#phase}: ${this.#done}/${this.#wanted} faults, ${this.#operations} calls  ${this.#last}`;
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }
}
