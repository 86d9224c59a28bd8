/**
 * The longest single call of every kind while a store grows, churns, is walked and shrinks: nothing here may rehash.
 *
 * Run  node --conditions=source --import tsx packages/bench/src/store-pauses.ts [keys] [lives]
 *
 * The same life is lived several times. The store is deterministic: the n-th call does the same work in every life, so the
 * least of its durations is what that work takes, and the rest is collections, preemption and neighbours. Shown are the
 * longest of these least durations, and for comparison the longest call of all.
 */
import { keyOf, newStore, shuffled, textOf } from './store-keys.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const lives = Number(process.argv[3] ?? 3);

interface Calls {
  /** Per call, the least duration over the lives so far, in ms. */
  readonly least: Float32Array;
  count: number;
  longest: number;
}

const calls = new Map<string, Calls>();
const order = shuffled(keys, 1);
const values = Array.from({ length: 128 }, (_, bytes) => textOf(bytes, bytes));

function callsOf(name: string): Calls {
  const found = calls.get(name) ?? { least: new Float32Array(keys * 3).fill(Infinity), count: 0, longest: 0 };
  calls.set(name, found);
  return found;
}

function timed(into: Calls, act: () => void): void {
  const begin = process.hrtime.bigint();
  act();
  const ms = Number(process.hrtime.bigint() - begin) / 1e6;
  into.least[into.count] = Math.min(into.least[into.count]!, ms);
  into.longest = Math.max(into.longest, ms);
  into.count++;
}

function each(name: string, seed: number, act: (key: string, i: number) => void): void {
  const into = callsOf(name);
  const turn = shuffled(keys, seed);
  for (let i = 0; i < keys; i++) {
    const key = keyOf(order[turn[i]!]!);
    timed(into, () => act(key, i));
  }
}

function repeat(name: string, act: () => boolean): void {
  const into = callsOf(name);
  for (let more = true; more; ) {
    timed(into, () => {
      more = act();
    });
  }
}

function live(): void {
  for (const each of calls.values()) each.count = 0;
  const store = newStore();
  each('insert', 1, (key, i) => store.put(key, values[64]!, 0, i + 1, 0));
  each('get', 2, (key) => store.get(key));
  each('update, same size', 3, (key, i) => store.put(key, values[64]!, 0, i + 1, 0));
  for (let round = 0; round < 2; round++) {
    each('update, other size', 4 + round, (key, i) => store.put(key, values[(i * 31) % 128]!, 0, i + 1, 0));
  }
  let cursor = 0;
  repeat('walk, page of 100', () => {
    cursor = store.walk(cursor, 100, 1e6, false, () => {});
    return cursor >= 0;
  });
  each('touch', 8, (key) => store.touch(key));
  each('deadline given', 9, (key, i) => store.setDeadline(key, i + 1, 1e6 + i));
  repeat('due, 256 of 4096', () => store.due(3e6, 256, 4096).length > 0);
  repeat('reclaim', () => store.reclaim());
  each('remove', 10, (key) => store.remove(key));
  store.release();
}

for (let i = 0; i < lives; i++) live();
console.log(`${keys} keys, ${lives} lives; ms${' '.repeat(33)}median     99.99 %     longest   (longest with noise)`);
for (const [name, { least, count, longest }] of calls) {
  const sorted = least.subarray(0, count).sort();
  const at = (part: number) => sorted[Math.min(count - 1, Math.floor(count * part))]!.toFixed(4).padStart(12);
  console.log(
    `${name.padEnd(20)}${String(count).padStart(9)} calls${at(0.5)}${at(0.9999)}${at(1)}${longest.toFixed(1).padStart(12)}`,
  );
}
