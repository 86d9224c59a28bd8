/**
 * What expiry costs: keys whose deadlines are spread evenly over a minute, asked for every 10 ms of pretended time.
 *
 * Run  node --conditions=source --import tsx packages/bench/src/store-deadlines.ts [keys]
 *
 * "by age" gives deadlines in the order of writing (one TTL for all), "at random" any deadline to any key, which is the
 * worst case: something is due in every chunk all the time.
 */
import { keyOf, newStore, shuffled, textOf } from './store-keys.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const MINUTE = 60_000;
const START = 1_700_000_000_000;
const TURN_MS = 10;

function run(title: string, deadlineOf: (i: number) => number): void {
  const store = newStore();
  const value = textOf(1, 64);
  for (let i = 0; i < keys; i++) store.put(keyOf(i), value, 0, i + 1, START + deadlineOf(i));
  let cpuDue = 0n;
  let cpuRemove = 0n;
  let longest = 0;
  let reported = 0;
  let calls = 0;
  let overdueMost = 0;
  for (let now = 0; now <= MINUTE + 1000; now += TURN_MS) {
    for (let left = 10; left > 0; left--) {
      const begin = process.hrtime.bigint();
      const due = store.due(START + now, 256, 4096);
      const taken = process.hrtime.bigint() - begin;
      for (const key of due) store.remove(key);
      cpuRemove += process.hrtime.bigint() - begin - taken;
      cpuDue += taken;
      calls++;
      reported += due.length;
      longest = Math.max(longest, Number(taken) / 1e6);
      if (due.length < 256) break;
    }
    overdueMost = Math.max(overdueMost, store.size - (keys - Math.floor((keys * Math.min(now, MINUTE)) / MINUTE)));
  }
  const perKey = (total: bigint) => `${(Number(total) / keys).toFixed(0)} ns per key`;
  const share = ((Number(cpuDue) / 1e6 / MINUTE) * 100).toFixed(2);
  console.log(`${title}: ${reported} reported in ${calls} calls, ${store.size} left, at most ${overdueMost} overdue`);
  console.log(`  due ${perKey(cpuDue)} = ${share} % of a core over the minute, longest call ${longest.toFixed(3)} ms`);
  console.log(`  remove ${perKey(cpuRemove)}; ${store.reservedBytes} bytes left`);
}

const random = shuffled(keys, 1);
run('by age   ', (i) => Math.floor((i * MINUTE) / keys));
run('at random', (i) => Math.floor((random[i]! * MINUTE) / keys));
