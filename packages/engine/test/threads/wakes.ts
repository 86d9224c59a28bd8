/** How often the threads of this process wake, by Linux's count of voluntary context switches. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const WINDOW_MS = 500;

function switches(): number {
  const counts = readdirSync('/proc/self/task').map((task) => {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  });
  return counts.reduce((total, count) => total + count, 0);
}

/**
 * Watches window after window until one has fewer than `limit` wakes a second, for `patienceMs` at most: nodes come to rest half a
 * second after their last work, and there is no event for it. Returns the rate of the last window.
 */
export async function wakesPerSecondAtRest(limit: number, patienceMs: number): Promise<number> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const [from, before] = [performance.now(), switches()];
    await delay(WINDOW_MS);
    const rate = Math.round(((switches() - before) * 1000) / (performance.now() - from));
    if (rate < limit || performance.now() >= deadline) return rate;
  }
}
