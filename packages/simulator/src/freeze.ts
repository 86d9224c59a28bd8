/** Freezes what was sent: a receiver that changes it, which in real life has a clone, throws. */
export function deepFreeze(value: unknown): void {
  // The bytes of a put that was received cannot be frozen.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}
