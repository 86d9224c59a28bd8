/**
 * What others on this machine cost us: milliseconds the main thread could have run and was not let, since its start.
 * A limit in milliseconds is meant for a machine that is ours; on a shared one this is taken off first.
 */
import { readFileSync } from 'node:fs';

/** 0 where the system does not tell (it is Linux that does). */
export function starvedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
