/**
 * Memory under churn: reserved bytes and RSS against live bytes, over rounds that change every value's size, and rounds
 * that delete a random half and insert as many others.
 *
 * Run  node --expose-gc --conditions=source --import tsx packages/bench/src/store-memory.ts [keys] [rounds]
 *
 * RSS is counted from before the store was made, and nothing else allocates meanwhile: keys and values are made first and
 * orders are shuffled in place.
 */
import { keyOf, megabytes, newStore, rssBytes, shuffle, textOf } from './store-keys.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const rounds = Number(process.argv[3] ?? 100);

const VALUES = Array.from({ length: 128 }, (_, bytes) => textOf(bytes, bytes));
const KEYS = Array.from({ length: keys * 2 }, (_, i) => keyOf(i));
/** The first half are in the store, the others are not. */
const members = new Uint32Array(keys * 2).map((_, i) => i);
const inside = members.subarray(0, keys);
const outside = members.subarray(keys);

const store = newStore();
const baseline = rssBytes();
let worstReserved = 0;
let worstRss = 0;
let writes = 0;

/** The size of a value changes with every write to its key. */
function put(key: number): void {
  store.put(KEYS[key]!, VALUES[16 + ((key * 31 + writes) % 96)]!, 0, ++writes, 0);
  if (writes % 1000 === 0) worstReserved = Math.max(worstReserved, store.reservedBytes / store.liveBytes);
}

function remove(key: number): void {
  store.remove(KEYS[key]!);
  if (++writes % 1000 === 0) worstReserved = Math.max(worstReserved, store.reservedBytes / store.liveBytes);
}

/** Runs one round; prints it now and then. */
function round(title: string, number: number, act: () => void): void {
  const before = writes;
  const begin = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(begin);
  const rss = (process.memoryUsage.rss() - baseline) / store.liveBytes;
  worstRss = Math.max(worstRss, rss);
  if (number % 10 !== 0 && number !== 1) return;
  const ns = (((user + system) * 1000) / (writes - before)).toFixed(0);
  const sizes = `live ${megabytes(store.liveBytes)} MB  reserved ${megabytes(store.reservedBytes)} MB`;
  const ratios = `reserved/live ${(store.reservedBytes / store.liveBytes).toFixed(3)}  rss/live ${rss.toFixed(3)}`;
  console.log(`${title.padEnd(9)} ${String(number).padStart(3)}  ${sizes}  ${ratios}  ${ns} ns of CPU per write`);
}

function summary(title: string): void {
  console.log(`${title}: worst reserved/live ${worstReserved.toFixed(3)}, worst rss/live ${worstRss.toFixed(3)}\n`);
  worstReserved = 0;
  worstRss = 0;
}

round('fill', 1, () => inside.forEach(put));
worstReserved = 0;
worstRss = 0;

for (let number = 1; number <= rounds; number++) {
  shuffle(inside, number);
  round('overwrite', number, () => inside.forEach(put));
}
summary('every value overwritten with one of another size');

for (let number = 1; number <= rounds / 4; number++) {
  shuffle(inside, number);
  shuffle(outside, number);
  const half = keys >> 1;
  round('half', number, () => {
    for (let i = 0; i < half; i++) remove(inside[i]!);
    for (let i = 0; i < half; i++) {
      const leaving = inside[i]!;
      inside[i] = outside[i]!;
      outside[i] = leaving;
      put(inside[i]!);
    }
  });
}
summary('a random half deleted, another inserted');

for (const key of inside) remove(key);
console.log(
  `all deleted: reserved ${store.reservedBytes} bytes, RSS ${megabytes(rssBytes() - baseline)} MB above the start`,
);
