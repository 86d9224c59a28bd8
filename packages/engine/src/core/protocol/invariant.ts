/**
 * Assertions that stay on in production. A violated invariant is a bug in Quintet, never bad input: the machine that detects
 * it throws, its node dies, and the master recovers what it held from the other copies.
 */

/** Thrown by {@link invariant}. Not a KvError: callers are never meant to handle it. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws {@link InvariantViolation} unless `condition` holds. Keep `text` a constant: it is evaluated on every call. */
export function invariant(condition: boolean, text: string): asserts condition {
  if (!condition) throw new InvariantViolation(text);
}
