/**
 * The checker against the oracle: thousands of small random histories, honest ones and spoiled ones.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLinearizable } from '../src/linearizability.ts';
import type { OperationRecord } from '../src/operation.ts';
import { Prng } from '../src/prng.ts';
import { renderOperations } from '../src/render.ts';
import { isLinearizableByBruteForce } from './support/brute-force.ts';
import { recordHonestly, type Workload } from './support/honest-store.ts';
import { spoil } from './support/spoil.ts';
import { registerMix, wildMix } from './support/workloads.ts';

const RUNS = Number(process.env.ORACLE_RUNS ?? 3000);

function agree(name: string, records: readonly OperationRecord[], method: 'any' | 'search'): boolean {
  const expected = isLinearizableByBruteForce(records);
  const { verdict, violations } = checkLinearizable(records, { method, shrinkMs: 1000 });
  assert.equal(verdict, expected ? 'ok' : 'violation', `${name} (${method})\n${renderOperations(records)}`);
  for (const { operations, past } of violations) {
    const isShown = isLinearizableByBruteForce(weakenAllBut(records, operations, past));
    assert.equal(isShown, false, `${name}: what is shown is no contradiction\n${renderOperations(operations)}`);
  }
  return expected;
}

/** What is shown as recorded, what is past too, and the rest of unknown outcome. */
function weakenAllBut(records: readonly OperationRecord[], shown: readonly OperationRecord[], past: number) {
  return records
    .filter(({ outcome }) => outcome.kind !== 'not-applied')
    .map((record): OperationRecord => {
      if (shown.includes(record) || record.returnedAt <= past) return record;
      return { ...record, returnedAt: Number.POSITIVE_INFINITY, outcome: { kind: 'unknown' } };
    });
}

function compare(seed: string, draw: Workload['draw']): { ok: number; violation: number } {
  const counts = { ok: 0, violation: 0 };
  for (let run = 0; run < RUNS; run++) {
    const prng = new Prng(`${seed} ${run}`);
    const workload: Workload = {
      clients: 1 + prng.below(4),
      operations: 2 + prng.below(6),
      draw,
      unknown: prng.pick([0, 0.2, 0.5]),
      notApplied: prng.pick([0, 0.1]),
      versions: prng.pick([0, 0.5, 1]),
    };
    const honest = recordHonestly(prng, workload);
    const spoiled = spoil(prng, honest);
    for (const method of ['any', 'search'] as const) {
      assert.ok(agree(`${seed} ${run} honest`, honest, method), `${seed} ${run}: the honest store is not honest`);
      counts[agree(`${seed} ${run} spoiled`, spoiled, method) ? 'ok' : 'violation']++;
    }
  }
  return counts;
}

test('the checker agrees with the oracle on all kinds of operations', () => {
  const counts = compare('wild', wildMix);
  assert.ok(counts.violation > RUNS / 3 && counts.ok > RUNS / 10, JSON.stringify(counts));
});

test('both paths agree with the oracle on registers of unique values', () => {
  const counts = compare('register', registerMix);
  assert.ok(counts.violation > RUNS / 3 && counts.ok > RUNS / 10, JSON.stringify(counts));
});
