/**
 * Heap a node needs for long values, as a multiple of the value: the least before the first with which one dies. Each try is
 * in a process of its own: a string that does not fit ends it.
 *
 * Run    node --import tsx packages/bench/src/heap-cost.ts
 *        [--mib 32] [--json]                       (against the built engine: pnpm build first)
 * Shows  for each operation and kind of value the multiple that is needed besides 32 MiB for all else, against what
 *        check-options.ts gives (`valueHeapMb`).
 * Target no more is needed than is given.
 */
import { spawnSync } from 'node:child_process';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as threads from 'node:worker_threads';
import type { Cluster as ClusterType, Value } from '@quintet/engine';
import { printReport, readNumbers, rounded } from './figures.ts';

const MIB = 1024 * 1024;
/** MiB of a heap for all but values: the least nodeHeapMb. */
const BASE_MB = 32;
/** Of check-options.ts, for values of 32 MiB: 3 x max(64 MiB, two values) of records, and six values beside them. */
const GIVEN = 12;
/** Downwards: below what it needs a heap that is collected more often may hold out by luck. */
const TRIED = [GIVEN, 6, 4, 3, 2, 1, 0];
const KINDS = ['two-byte', 'structured', 'bytes', 'latin1'] as const;
const OPERATIONS = ['put', 'get', 'many', 'transaction', 'append', 'watch with previous'] as const;
type Kind = (typeof KINDS)[number];
type Operation = (typeof OPERATIONS)[number];

function madeValue(kind: Kind, bytes: number): Value {
  switch (kind) {
    case 'latin1':
      return 'x'.repeat(bytes);
    case 'two-byte':
      return 'é'.repeat(bytes / 2);
    case 'bytes':
      return Buffer.alloc(bytes, 200);
    case 'structured':
      return { text: 'é'.repeat(bytes / 2 - 64) };
  }
}

const AT_ONCE = [0, 1, 2, 3, 4, 5];

async function load(cluster: ClusterType, operation: Operation, value: Value): Promise<unknown> {
  switch (operation) {
    case 'put':
      return cluster.put('k', value);
    case 'get':
      return Promise.all(AT_ONCE.map(() => cluster.get('k')));
    case 'many':
      return cluster.putMany(AT_ONCE.map((at): [string, Value] => [`k${at}`, value]));
    case 'transaction':
      return cluster.transaction({ then: [{ get: 'k' }, { delete: 'k' }] });
    case 'append':
      return Promise.all(AT_ONCE.map(() => cluster.append('k', 'x').catch(refused)));
    case 'watch with previous': {
      const watcher = cluster.watch({ key: 'k', previous: true });
      await watcher.ready;
      await Promise.all(AT_ONCE.map(() => cluster.put('k', value)));
      return watcher.return?.();
    }
  }
}

function refused(error: { code?: string }): void {
  if (error.code !== 'WRONG_KIND') throw error;
}

/** In a process of its own: exits with 0 if no node died. */
async function attempt(operation: Operation, kind: Kind, bytes: number, heapMb: number): Promise<void> {
  const workers = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof threads.Worker };
  workers.Worker = class extends workers.Worker {
    constructor(file: string | URL, options: threads.WorkerOptions = {}) {
      super(file, { ...options, resourceLimits: { ...options.resourceLimits, maxOldGenerationSizeMb: heapMb } });
    }
  };
  syncBuiltinESMExports();
  const { Cluster } = await import('@quintet/engine');
  const cluster = await Cluster.start({ nodes: 2, shards: 1, maxValueBytes: bytes, hangLimitMs: 60_000 });
  cluster.on('node-down', () => process.exit(1));
  await cluster.put('k', madeValue(kind, bytes - 64));
  await load(cluster, operation, madeValue(kind, bytes - 64));
  await cluster.close();
}

function survives(operation: Operation, kind: Kind, mib: number, multiple: number): boolean {
  const heapMb = Math.round(BASE_MB + multiple * mib);
  const job = ['--import', 'tsx', fileURLToPath(import.meta.url), '--attempt', operation, kind, `${mib}`, `${heapMb}`];
  return spawnSync(process.execPath, job, { stdio: 'ignore', timeout: 120_000 }).status === 0;
}

/** The least multiple before the first with which somebody dies; Infinity if what is given is too little. */
function needed(operation: Operation, kind: Kind, mib: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const multiple of TRIED) {
    if (!survives(operation, kind, mib, multiple)) break;
    least = multiple;
  }
  return least;
}

if (process.argv[2] === '--attempt') {
  const [operation, kind, mib, heapMb] = process.argv.slice(3) as [Operation, Kind, string, string];
  await attempt(operation, kind, Number(mib) * MIB, Number(heapMb));
} else {
  const { numbers, json } = readNumbers({ mib: 32 });
  const figures: Record<string, number> = {};
  for (const kind of KINDS) {
    for (const operation of OPERATIONS) {
      const multiple = needed(operation, kind, numbers.mib);
      figures[`${operation}, ${kind}`] = multiple;
      if (!json) console.error(`${operation}, ${kind}: ${multiple}`);
    }
  }
  const worst = Math.max(...Object.values(figures));
  printReport(
    {
      title: `heap for values of ${numbers.mib} MiB, as a multiple of the value (${GIVEN} are given)`,
      rows: Object.entries(figures).map(([name, multiple]): [string, number] => [name, rounded(multiple)]),
      figures,
      target: `no more than ${GIVEN}`,
      met: worst <= GIVEN,
    },
    json,
  );
}
