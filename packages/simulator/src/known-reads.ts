/** Reads that the master answers at once, as the thread it runs in asks for them. */
import { type KeyReadOperation, type Result, ValueKind } from '@quintet/engine/internal';
import type { Master } from '@quintet/engine/machines';
import { check } from './violation.ts';

/** Every other client is of the cluster's own thread, with decoded copies in front of the cache: here a copy is the result itself. */
export function knownTo(master: Master, client: number, operation: KeyReadOperation, now: number): Result | null {
  const clock = (): number => now;
  const { key } = operation;
  const hasCopies = client % 2 === 1 && operation.verb === 'get';
  const copy = hasCopies ? (master.copyAtOnce(key, clock) as Result | undefined) : undefined;
  if (copy !== undefined) return copy;
  const isBytes = client % 4 === 2 && operation.verb === 'get';
  const shown = isBytes ? showTo(master, key, clock) : undefined;
  const result = master.readAtOnce(operation, clock);
  if (shown !== undefined) {
    const wanted = result?.kind === ValueKind.structured ? null : (result?.value ?? null);
    check(shown === wanted, 'values', () => `${key}: shown in place ${shown}, answered ${wanted}`);
  }
  if (result !== null && hasCopies) master.keepCopy(key, key, result);
  return result;
}

/** A client of the server reads from bytes to bytes. */
function showTo(master: Master, key: string, clock: () => number): string | null {
  const value = master.showAtOnce({ bytes: Buffer.from(key, 'latin1'), from: 0, length: key.length }, 2 ** 16, clock);
  if (value === null) return null;
  const { words, at, length } = value;
  return Buffer.from(words.buffer, words.byteOffset + 4 * at, length).toString('latin1');
}
