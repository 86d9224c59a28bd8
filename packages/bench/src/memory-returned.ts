/**
 * Memory that goes back to the system after much was removed: of large values and of many keys, by each way to remove.
 *
 * Run    node --import tsx packages/bench/src/memory-returned.ts
 *        [--only values/flushall,keys/expiry,…] [--values 600] [--keys 5000000] [--json]
 *        (against what is built: pnpm build first; with --conditions=source against the TypeScript)
 *        needs 4 GB of free memory for five million keys.
 * Shows  resident megabytes of a `kvctl serve` of its own for each line: fresh, full, and 5 s after the server held nothing
 *        any more. Of expiry also how long that took from the one deadline of all keys.
 * Target 5 s after the last key is gone within 100 MB of the fresh server.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { printReport, type Row, rounded } from './figures.ts';
import { residentMb } from './load/child.ts';
import { RespPipe } from './load/resp-pipe.ts';
import { ServedCluster } from './load/served-cluster.ts';

const TARGET_MB = 100;
const RETURNED_AFTER_MS = 5000;
/** A server has started threads and compiled code some time after it listens. */
const FRESH_AFTER_MS = 3000;
const POLL_MS = 50;
const REMOVE_BATCH = 1000;

const WAYS = ['flushall', 'del', 'unlink', 'expiry'] as const;
type Way = (typeof WAYS)[number];

interface Load {
  readonly title: string;
  readonly count: number;
  readonly valueBytes: number;
  /** Until all keys expire, from before the first is written: longer than writing them takes. */
  readonly ttlMs: number;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    values: { type: 'string', default: '600' },
    keys: { type: 'string', default: '5000000' },
    json: { type: 'boolean', default: false },
  },
});
const LOADS: Readonly<Record<string, Load>> = {
  values: { title: `${values.values} values of 1 MB`, count: Number(values.values), valueBytes: 1e6, ttlMs: 30_000 },
  keys: { title: `${values.keys} keys of 64 B`, count: Number(values.keys), valueBytes: 64, ttlMs: 180_000 },
};
const ALL = Object.keys(LOADS).flatMap((load) => WAYS.map((way) => `${load}/${way}`));
const cases = values.only?.split(',') ?? ALL;
const unknown = cases.find((name) => !ALL.includes(name));
if (unknown !== undefined) throw new Error(`there is no ${unknown}; known are ${ALL.join(', ')}`);

interface Figures {
  readonly load: string;
  readonly way: Way;
  readonly freshMb: number;
  readonly fullMb: number;
  readonly afterMb: number;
  /** From the last command, or the deadline, until the server held no key. */
  readonly goneMs: number;
}

async function measure(load: Load, way: Way): Promise<Figures> {
  await using server = await ServedCluster.start();
  await using pipe = await RespPipe.connect(server.port);
  await delay(FRESH_AFTER_MS);
  const freshMb = residentMb(server.pid);
  const deadline = Date.now() + load.ttlMs;
  await fill(pipe, load, way === 'expiry' ? ['PXAT', String(deadline)] : []);
  const held = Number(await pipe.ask('DBSIZE'));
  if (held !== load.count) throw new Error(`the server holds ${held} keys of ${load.count}: keys expire too early`);
  const fullMb = residentMb(server.pid);
  if (way === 'expiry') await delay(deadline - Date.now());
  else await remove(pipe, load, way);
  const removedAt = performance.now();
  while ((await pipe.ask('DBSIZE')) !== '0') await delay(POLL_MS);
  const goneMs = performance.now() - removedAt;
  await delay(RETURNED_AFTER_MS);
  return { load: load.title, way, freshMb, fullMb, afterMb: residentMb(server.pid), goneMs };
}

async function fill(pipe: RespPipe, { count, valueBytes }: Load, options: readonly string[]): Promise<void> {
  const value = 'v'.repeat(valueBytes);
  for (let index = 0; index < count; index++) await pipe.send(['SET', keyOf(index), value, ...options]);
  await pipe.answered();
}

async function remove(pipe: RespPipe, { count }: Load, way: Exclude<Way, 'expiry'>): Promise<void> {
  if (way === 'flushall') await pipe.send(['FLUSHALL']);
  else if (way === 'unlink') {
    for (let index = 0; index < count; index++) await pipe.send(['UNLINK', keyOf(index)]);
  } else {
    for (let index = 0; index < count; index += REMOVE_BATCH) {
      const keys = Array.from({ length: Math.min(REMOVE_BATCH, count - index) }, (_, at) => keyOf(index + at));
      await pipe.send(['DEL', ...keys]);
    }
  }
  await pipe.answered();
}

function keyOf(index: number): string {
  return `key:${index}`.padEnd(16, '.');
}

const figures: Figures[] = [];
for (const name of cases) {
  const [load, way] = name.split('/') as [string, Way];
  const measured = await measure(LOADS[load]!, way);
  process.stderr.write(`${name}: ${Object.values(measured).slice(2).map(Math.round).join(' ')}\n`);
  figures.push(measured);
}
const rows = figures.map(({ load, way, freshMb, fullMb, afterMb, goneMs }): Row => {
  const met = afterMb - freshMb <= TARGET_MB ? 'yes' : 'NO';
  return [`${load}, ${way}`, ...[freshMb, fullMb, afterMb].map(rounded), Math.round(goneMs), met];
});
printReport(
  {
    title: 'memory returned to the system',
    rows: [['resident MB', 'fresh', 'full', '5 s after', 'ms until gone', `within ${TARGET_MB} MB`], ...rows],
    figures: { cases: figures },
    target: `within ${TARGET_MB} MB of the fresh server 5 s after the last key is gone`,
    met: figures.every(({ freshMb, afterMb }) => afterMb - freshMb <= TARGET_MB),
  },
  values.json,
);
