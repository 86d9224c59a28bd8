/**
 * PlantedBug: a protocol bug put into the shipped core for one run, without a line in the core itself.
 *
 * Owns      the seam: a method of a core class is replaced on its prototype and put back afterwards.
 * Does not  list bugs: the other files of this folder do, one for each part of the core.
 * Invariant PB1  a patch names a method that exists: a rename in the core fails here, loudly, instead of planting nothing.
 * Why       patched prototypes, not flags: what ships has no branch that only tests take, and what is tested is what ships.
 */
import type { Internals } from './internals.ts';

export interface PlantedBug {
  readonly name: string;
  /** The rule left out: a paragraph of protocol.md (with ! if it is marked so there), or another promise. */
  readonly rule: string;
  plant(patch: Patch): void;
}

/** A method with its `this`: what a replacement is given and gives. */
export type MethodOf<I, K extends keyof I> = I[K] extends (...args: infer A) => infer R
  ? (this: I, ...args: A) => R
  : never;

export class Patch {
  private readonly undo: (() => void)[] = [];

  /** Replaces a method, private ones included; `make` is given the original. */
  method<I, K extends keyof I & string>(
    insides: Internals<I>,
    name: K,
    make: (original: MethodOf<I, K>) => MethodOf<I, K>,
  ): void {
    const before = descriptorOf(insides, name);
    this.replace(insides, name, before, { ...before, value: make(before.value as MethodOf<I, K>) });
  }

  /** Replaces a getter. */
  getter<I, K extends keyof I & string>(
    insides: Internals<I>,
    name: K,
    make: (original: (this: I) => I[K]) => (this: I) => I[K],
  ): void {
    const before = descriptorOf(insides, name);
    this.replace(insides, name, before, { ...before, get: make(before.get as (this: I) => I[K]) });
  }

  restore(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
  }

  private replace<I>({ of }: Internals<I>, name: string, before: PropertyDescriptor, after: PropertyDescriptor): void {
    Object.defineProperty(of.prototype, name, after);
    this.undo.push(() => Object.defineProperty(of.prototype, name, before));
  }
}

function descriptorOf<I>({ of }: Internals<I>, name: string): PropertyDescriptor {
  const descriptor = Object.getOwnPropertyDescriptor(of.prototype, name);
  if (descriptor === undefined) throw new Error(`a bug cannot be planted: ${of.name} has no ${name} (any more)`);
  return descriptor;
}

/** Runs something with a bug planted, or with none. */
export function withBug<T>(bug: PlantedBug | null, act: () => T): T {
  const patch = new Patch();
  try {
    bug?.plant(patch);
    return act();
  } finally {
    patch.restore();
  }
}
