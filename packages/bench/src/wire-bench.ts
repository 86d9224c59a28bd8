/**
 * What one hop of a put costs: encode, postMessage to another thread, decode there. CPU of both threads per put, which
 * other work on the machine disturbs less than wall time, and puts per second with a few batches in flight.
 *
 *   node --conditions=source --import tsx packages/bench/src/wire-bench.ts [puts per run]
 */
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RequestMessage } from '@quintet/engine/internal';
import { FORMS, type Form } from './wire-forms.ts';

const PUTS = Number(process.argv[2] ?? 400_000);
const BATCHES = [1, 16, 128, 1024];
/** Batches in flight at once. */
const AHEAD = 4;
/** Shards a node is primary of in the default cluster. */
const SHARDS = 2;
const ROUNDS = 3;

function requests(count: number): RequestMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 'request',
    shard: i % SHARDS,
    epoch: 7,
    request: 1_000_000 + Math.floor(i / SHARDS),
    operation: {
      verb: 'put',
      key: `key:${String(i).padStart(12, '0')}`,
      value: `${i}`.padStart(64, 'v'),
      kind: 0,
      ifVersion: -1,
      ttl: 0,
      deadline: 0,
      previous: false,
    },
    committedSeq: 999_000,
    pressure: false,
    watched: 0,
  }));
}

/** Node 20 takes no .ts worker, so the worker registers tsx itself. */
function startReceiver(): Worker {
  const tsx = import.meta.resolve('tsx/esm/api');
  const receiver = new URL('./wire-receiver.ts', import.meta.url).href;
  const boot = `import('${tsx}').then(({ register }) => { register(); return import('${receiver}'); })`;
  return new Worker(boot, { eval: true, execArgv: ['--conditions=source'] });
}

interface Cost {
  readonly cpuNs: number;
  readonly perSecond: number;
}

async function measure(worker: Worker, form: Form, batch: readonly RequestMessage[], puts: number): Promise<Cost> {
  worker.postMessage({ form: form.name });
  await once(worker, 'message');
  const batches = Math.ceil(puts / batch.length);
  let sent = 0;
  let heard = 0;
  const cpu = process.cpuUsage();
  const from = performance.now();
  await new Promise<void>((resolve) => {
    const post = (): void => {
      sent += 1;
      worker.postMessage(form.encode(batch));
    };
    const onHeard = (count: number): void => {
      heard += count;
      if (sent < batches) post();
      else if (heard === batches * batch.length) {
        worker.off('message', onHeard);
        resolve();
      }
    };
    worker.on('message', onHeard);
    for (let i = 0; i < Math.min(AHEAD, batches); i++) post();
  });
  const { user, system } = process.cpuUsage(cpu);
  const done = batches * batch.length;
  return { cpuNs: ((user + system) * 1000) / done, perSecond: (done / (performance.now() - from)) * 1000 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const worker = startReceiver();
console.log(`node ${process.version}, load ${loadavg()[0]?.toFixed(1)}, ${PUTS} puts a run, median of ${ROUNDS}`);
console.log('batch   form      CPU ns/put   x wire    puts/s');
for (const size of BATCHES) {
  const batch = requests(size);
  const puts = Math.min(PUTS, size * 200_000);
  const costs = new Map<string, Cost[]>(FORMS.map(({ name }) => [name, []]));
  for (const form of FORMS) await measure(worker, form, batch, puts / 2);
  // Round by round, not form by form: what else runs on the machine then disturbs all forms alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const form of FORMS) costs.get(form.name)?.push(await measure(worker, form, batch, puts));
  }
  const wireCpu = median(costs.get('wire')?.map(({ cpuNs }) => cpuNs) ?? []);
  for (const { name } of FORMS) {
    const cpuNs = median(costs.get(name)?.map((cost) => cost.cpuNs) ?? []);
    const perSecond = median(costs.get(name)?.map((cost) => cost.perSecond) ?? []);
    const cells = [String(size).padEnd(7), name.padEnd(9), cpuNs.toFixed(0).padStart(10)];
    console.log(...cells, (cpuNs / wireCpu).toFixed(2).padStart(8), Math.round(perSecond).toString().padStart(9));
  }
}
await worker.terminate();
