/**
 * The longest single call of every kind while a store grows, churns, is walked and shrinks: nothing here may rehash.
 *
 * Run  node --expose-gc --conditions=source --import tsx packages/bench/src/store-pauses.ts [keys]
 *
 * A call counts as the lesser of wall time and processor time, so that being preempted by another process is not counted;
 * a call in which the garbage collector ran is listed apart. The young generation is made large so that this is rare.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { keyOf, newStore, shuffled, textOf } from './store-keys.ts';

const keys = Number(process.argv[2] ?? 1_000_000);

interface Call {
  readonly at: number;
  readonly ms: number;
}

const collections: { start: number; end: number }[] = [];
const observer = new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    collections.push({ start: startTime, end: startTime + duration });
  }
});
observer.observe({ entryTypes: ['gc'] });

/** The twenty longest calls by name. */
const longest = new Map<string, Call[]>();
const totals = new Map<string, number>();

function timed(name: string, act: () => void): void {
  const cpu = process.cpuUsage();
  const at = performance.now();
  act();
  const wall = performance.now() - at;
  totals.set(name, (totals.get(name) ?? 0) + 1);
  if (wall < 0.02) return;
  const { user, system } = process.cpuUsage(cpu);
  const calls = longest.get(name) ?? [];
  calls.push({ at, ms: Math.min(wall, (user + system) / 1000) });
  calls.sort((a, b) => b.ms - a.ms);
  calls.length = Math.min(calls.length, 20);
  longest.set(name, calls);
}

const store = newStore();
const order = shuffled(keys, 1);
const values = Array.from({ length: 128 }, (_, bytes) => textOf(bytes, bytes));
const yieldToObserver = () => new Promise((resolve) => setTimeout(resolve, 20));

function each(name: string, seed: number, act: (key: string, i: number) => void): Promise<unknown> {
  const shuffle = shuffled(keys, seed);
  for (let i = 0; i < keys; i++) {
    const key = keyOf(order[shuffle[i]!]!);
    timed(name, () => act(key, i));
  }
  return yieldToObserver();
}

await each('insert', 1, (key, i) => store.put(key, values[64]!, 0, i + 1, 0));
await each('get', 2, (key) => store.get(key));
await each('update, same size', 3, (key, i) => store.put(key, values[64]!, 0, i + 1, 0));
for (let round = 0; round < 3; round++) {
  await each('update, other size', 4 + round, (key, i) => store.put(key, values[(i * 31) % 128]!, 0, i + 1, 0));
}
for (let cursor = 0; cursor >= 0; ) {
  timed('walk, page of 100', () => {
    cursor = store.walk(cursor, 100, 1e6, false, () => {});
  });
}
await each('touch', 8, (key, i) => store.touch(key, i >> 10));
await each('deadline given', 9, (key, i) => store.setDeadline(key, i + 1, 1e6 + i));
for (let more = true; more; ) {
  timed('reclaim', () => {
    more = store.reclaim();
  });
}
await each('remove', 10, (key) => store.remove(key));

console.log(`${keys} keys; the longest single call in ms, apart from garbage collection`);
for (const [name, total] of totals) {
  const calls = longest.get(name) ?? [];
  const [collected, own] = [true, false].map((wanted) =>
    calls.filter(({ at, ms }) => wanted === collections.some(({ start, end }) => start < at + ms && end > at)),
  );
  const show = (list: Call[]) => (list[0]?.ms.toFixed(3) ?? '< 0.02').padStart(9);
  const second = (own![1]?.ms.toFixed(3) ?? '-').padStart(9);
  console.log(
    `${name.padEnd(20)}${String(total).padStart(9)} calls  longest ${show(own!)}  next ${second}  with GC ${show(collected!)}`,
  );
}
observer.disconnect();
