/** Reads that the master answers at once, as the thread it runs in asks for them. */
import type { KeyReadOperation, Result } from '@quintet/engine/internal';
import type { Master } from '@quintet/engine/machines';

/** Every other client is of the cluster's own thread, with decoded copies in front of the cache: here a copy is the result itself. */
export function knownTo(master: Master, client: number, operation: KeyReadOperation, now: number): Result | null {
  const clock = (): number => now;
  const { key } = operation;
  const hasCopies = client % 2 === 1 && operation.verb === 'get';
  const copy = hasCopies ? (master.copyAtOnce(key, clock) as Result | undefined) : undefined;
  if (copy !== undefined) return copy;
  const result = master.readAtOnce(operation, clock);
  if (result !== null && hasCopies) master.keepCopy(key, key, result);
  return result;
}
