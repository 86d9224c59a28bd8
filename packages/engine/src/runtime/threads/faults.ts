/**
 * faults: the worker's side of chaos: ways for a thread to come to grief on command.
 */
import type { Fault } from './control.ts';

export function doFault(fault: Exclude<Fault, { fault: 'slow' }>): void {
  switch (fault.fault) {
    case 'crash':
      throw new Error('crashed on command');
    case 'exit':
      process.exit(1);
      break;
    case 'exhaust-memory':
      exhaustMemory();
      break;
    case 'hang':
      pause(fault.ms);
      break;
  }
}

/** Blocks this thread, without burning a core that the other nodes need. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Numbers in a cell: 256 KiB of doubles, which V8 neither moves nor looks through. */
const LOAD = 32 * 1024;

interface Cell {
  readonly next: Cell | null;
  readonly load: readonly number[];
}

/**
 * Allocations without end. Never one big one: Node grants a dying heap only 16 MiB more, and an allocation beyond that (a Map
 * that rehashes) aborts the whole process instead of ending this worker. Nor tiny ones: marking millions of objects takes
 * longer than the hang limit.
 */
function exhaustMemory(): never {
  let cells: Cell | null = null;
  for (let i = 0; ; i++) cells = { next: cells, load: new Array<number>(LOAD).fill(i + 0.5) };
}
