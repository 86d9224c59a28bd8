/**
 * ChaosControl: faults on purpose, for those who asked for them when they started the cluster.
 *
 * Owns      the permission, the names of nodes, the checks of durations.
 * Does not  do anything to a node itself (runtime/threads/faults.ts).
 */
import { KvError } from '../../core/protocol/errors.ts';
import type { Seat } from '../../core/protocol/ids.ts';
import type { Faults } from '../../runtime/runtime.ts';
import { invalidOption } from '../store/call-options.ts';
import type { Chaos } from './cluster-api.ts';

/** Longest hang or delay: longer ones are slips of the unit. */
const MS_MAX = 3_600_000;

export interface ChaosParts {
  readonly allowed: boolean;
  readonly faults: Faults;
  /** The seat of a node's name. @throws {KvError} UNKNOWN_NODE, CLOSED */
  seatOf(node: string): Seat;
}

export class ChaosControl implements Chaos {
  readonly #parts: ChaosParts;

  constructor(parts: ChaosParts) {
    this.#parts = parts;
  }

  kill(node: string): void {
    this.#inject(node, (faults, seat) => faults.kill(seat));
  }

  crash(node: string): void {
    this.#inject(node, (faults, seat) => faults.crash(seat));
  }

  exit(node: string): void {
    this.#inject(node, (faults, seat) => faults.exit(seat));
  }

  exhaustMemory(node: string): void {
    this.#inject(node, (faults, seat) => faults.exhaustMemory(seat));
  }

  hang(node: string, ms: number): void {
    this.#inject(node, (faults, seat) => faults.hang(seat, checkMs(ms)));
  }

  slow(node: string, ms: number): void {
    this.#inject(node, (faults, seat) => faults.slow(seat, checkMs(ms)));
  }

  #inject(node: string, fault: (faults: Faults, seat: Seat) => boolean): void {
    const { allowed, faults, seatOf } = this.#parts;
    if (!allowed) throw new KvError('CHAOS_DISABLED');
    if (!fault(faults, seatOf(node))) throw new KvError('UNKNOWN_NODE', `${node} is not up just now`);
  }
}

function checkMs(ms: number): number {
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= MS_MAX)) {
    throw invalidOption('ms', `from 0 to ${MS_MAX}`, ms);
  }
  return ms;
}
