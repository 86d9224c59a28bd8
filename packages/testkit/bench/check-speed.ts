/**
 * How fast histories are decided. Run from the workspace root:
 *
 *   node --conditions=source --import tsx packages/testkit/bench/check-speed.ts [name ...]
 *
 * Each line: the case, operations, verdict, seconds, configurations visited, peak memory so far.
 */

import { checkLinearizable, checkLinearizableInParallel, type LinearizabilityReport, Prng } from '../src/index.ts';
import type { OperationRecord } from '../src/operation.ts';
import { recordHonestly, type Workload } from '../test/support/honest-store.ts';
import { spoil } from '../test/support/spoil.ts';
import { CONTENDED, chaosMix, contendedMix, registerMix, wildMix } from '../test/support/workloads.ts';

type Case = () => { records: OperationRecord[]; threads?: number };

function spread(keys: number, workload: Omit<Workload, 'key'>): OperationRecord[] {
  const prng = new Prng('check-speed');
  const records: OperationRecord[] = [];
  for (let key = 0; key < keys; key++) {
    for (const record of recordHonestly(prng.fork(`key ${key}`), { ...workload, key: `key-${key}` }))
      records.push(record);
  }
  return records;
}

function spoiledLate(workload: Workload): OperationRecord[] {
  const prng = new Prng('check-speed spoiled');
  return spoil(prng, recordHonestly(prng, workload), [0.95, 0.96]);
}

const register: Workload = { clients: 8, operations: 1000, draw: registerMix, unknown: 0.01, versions: 0 };
const bare: Workload = { ...CONTENDED, versions: 0 };
const chaos: Workload = { clients: 8, operations: 10_000, draw: chaosMix, unknown: 0.01, versions: 1 };

const CASES: Record<string, Case> = {
  'register, 1000 keys x 1000': () => ({ records: spread(1000, register) }),
  'register, 1000 keys x 1000, versions': () => ({ records: spread(1000, { ...register, versions: 1 }) }),
  'register, 1 key x 1000000': () => ({ records: spread(1, { ...register, operations: 1_000_000 }) }),
  'register, 1000 keys x 1000, 2 threads': () => ({ records: spread(1000, register), threads: 2 }),
  'contended cas+incr, versions': () => ({ records: spread(1, CONTENDED) }),
  'contended cas+incr, versions, 10 % unknown': () => ({ records: spread(1, { ...CONTENDED, unknown: 0.1 }) }),
  'contended cas+incr, half versions': () => ({ records: spread(1, { ...CONTENDED, versions: 0.5 }) }),
  'contended cas+incr, no versions': () => ({ records: spread(1, bare) }),
  'contended cas+incr, versions, 32 clients': () => ({ records: spread(1, { ...CONTENDED, clients: 32 }) }),
  'contended cas+incr, versions, spoiled': () => ({ records: spoiledLate(CONTENDED) }),
  'contended cas+incr, no versions, spoiled': () => ({ records: spoiledLate(bare) }),
  'chaos mix, versions': () => ({ records: spread(1, chaos) }),
  'chaos mix, no versions': () => ({ records: spread(1, { ...chaos, versions: 0 }) }),
  'chaos mix, no versions, 5 % unknown': () => ({ records: spread(1, { ...chaos, versions: 0, unknown: 0.05 }) }),
  'chaos mix, versions, spoiled': () => ({ records: spoiledLate(chaos) }),
  'chaos mix, no versions, spoiled': () => ({ records: spoiledLate({ ...chaos, versions: 0 }) }),
  'wild mix (repeated values), no versions': () => ({ records: spread(1, { ...chaos, draw: wildMix, versions: 0 }) }),
  'contended, 100 keys x 10000, versions, 2 threads': () => ({
    records: spread(100, { ...CONTENDED, draw: contendedMix }),
    threads: 2,
  }),
};

function line(name: string, report: LinearizabilityReport): string {
  const seconds = (report.elapsedMs / 1000).toFixed(2);
  const megabytes = Math.round(process.memoryUsage().rss / 1_048_576);
  return [
    name.padEnd(50),
    String(report.operations).padStart(8),
    report.verdict.padEnd(9),
    `${seconds} s`.padStart(9),
    String(report.steps).padStart(10),
    `${megabytes} MB`.padStart(8),
  ].join('  ');
}

const wanted = process.argv.slice(2);
for (const [name, make] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const { records, threads } = make();
  const report =
    threads === undefined ? checkLinearizable(records) : await checkLinearizableInParallel(records, { threads });
  console.log(line(name, report));
  for (const { text } of report.violations) console.log(text);
}
