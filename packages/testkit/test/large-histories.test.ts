/**
 * Histories as long as a chaos run makes them: honest ones pass, one wrong answer among thousands is found and shown
 * in a few lines, and what the shrinker calls a contradiction never is one in an honest history.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLinearizableInParallel } from '../src/check-parallel.ts';
import { checkLinearizable } from '../src/linearizability.ts';
import type { OperationRecord } from '../src/operation.ts';
import { Prng } from '../src/prng.ts';
import { shrink } from '../src/shrink.ts';
import { recordHonestly, type Workload } from './support/honest-store.ts';
import { spoil } from './support/spoil.ts';
import { chaosMix, contendedMix, registerMix, wildMix } from './support/workloads.ts';

const MIXES: Record<string, Workload['draw']> = { registerMix, contendedMix, chaosMix, wildMix };

function history(seed: string, draw: Workload['draw'], versions: number, operations = 1000): OperationRecord[] {
  return recordHonestly(new Prng(seed), { clients: 8, operations, draw, unknown: 0.01, notApplied: 0.01, versions });
}

/** Changes the value of one late read of a unique value to one that was overwritten long before. */
function plantStaleRead(records: readonly OperationRecord[]): OperationRecord[] {
  const reads = records.filter(({ operation, outcome }) => operation.kind === 'get' && outcome.kind === 'ok');
  const early = reads[Math.floor(reads.length * 0.3)];
  const late = reads[Math.floor(reads.length * 0.8)];
  assert.ok(early !== undefined && late !== undefined && early.outcome.kind === 'ok');
  const stale = { ...late, outcome: early.outcome };
  return records.map((record) => (record === late ? stale : record));
}

for (const [name, draw] of Object.entries(MIXES)) {
  for (const versions of [0, 1]) {
    test(`${name}, versions ${versions}: honest histories pass`, () => {
      const records = history(`${name} ${versions}`, draw, versions);
      for (const method of ['any', 'search'] as const)
        assert.equal(checkLinearizable(records, { method }).verdict, 'ok');
    });
  }
}

for (const [name, draw] of Object.entries({ registerMix, chaosMix })) {
  for (const method of ['any', 'search'] as const) {
    test(`${name}, ${method}: a planted stale read is found and shown in a few lines`, () => {
      const planted = plantStaleRead(history(`${name} stale`, draw, 0, 4000));
      const { verdict, violations } = checkLinearizable(planted, { method });
      assert.equal(verdict, 'violation');
      const shown = violations[0]?.operations ?? [];
      assert.ok(shown.length >= 2 && shown.length <= 6, violations[0]?.text);
    });
  }
}

test('an acknowledged increment that is lost among thousands is found', () => {
  const records = history('lost increment', contendedMix, 0, 4000);
  const increments = records.filter(
    ({ operation, outcome }) => operation.kind === 'increment' && outcome.kind === 'ok',
  );
  const victim = increments[Math.floor(increments.length / 2)];
  assert.ok(victim?.outcome.kind === 'ok');
  const result = { number: (victim.outcome.result.number ?? 0) + 1 };
  const spoiled = records.map((record) =>
    record === victim ? { ...victim, outcome: { kind: 'ok' as const, result } } : record,
  );
  const { verdict, violations } = checkLinearizable(spoiled);
  assert.equal(verdict, 'violation');
  assert.ok((violations[0]?.operations.length ?? 99) <= 6, violations[0]?.text);
});

test('fully versioned histories: spoiled answers are found, but for versions that could have been', () => {
  let found = 0;
  for (let run = 0; run < 40; run++) {
    const spoiled = spoil(new Prng(run), history(`spoiled ${run}`, chaosMix, 1, 500), [0.5, 1]);
    const { verdict } = checkLinearizable(spoiled, { shrinkMs: 2000 });
    assert.notEqual(verdict, 'unknown', `run ${run}`);
    if (verdict === 'violation') found++;
  }
  assert.ok(found >= 30, `only ${found} of 40`);
});

test('no window of an honest history is called a contradiction', () => {
  for (let run = 0; run < 150; run++) {
    const prng = new Prng(`window ${run}`);
    const draw = prng.pick([chaosMix, wildMix, contendedMix]);
    const records = recordHonestly(prng, {
      clients: 1 + prng.below(6),
      operations: 20 + prng.below(60),
      draw,
      unknown: prng.pick([0, 0.1, 0.3]),
      versions: prng.pick([0, 0.5, 1]),
    });
    const position = prng.pick(records).invokedAt;
    const found = shrink(records, position, performance.now() + 1000);
    assert.equal(found, null, `run ${run}: ${JSON.stringify(found)}`);
  }
});

test('the parallel check agrees with the sequential one', async () => {
  const records: OperationRecord[] = [];
  for (let key = 0; key < 30; key++) {
    const draw = key % 2 === 0 ? chaosMix : registerMix;
    const own = recordHonestly(new Prng(key), {
      clients: 4,
      operations: 1500,
      draw,
      unknown: 0.01,
      versions: key % 3,
      key: `key-${key}`,
    });
    records.push(...(key % 10 < 2 ? plantStaleRead(own) : own));
  }
  for (const method of ['any', 'search'] as const) {
    const alone = checkLinearizable(records, { method });
    const together = await checkLinearizableInParallel(records, { method, threads: 2 });
    const keysOf = ({ violations }: typeof alone) => violations.map(({ key }) => key).sort();
    assert.equal(alone.verdict, 'violation');
    assert.deepEqual(keysOf(alone), ['key-0', 'key-1', 'key-10', 'key-11', 'key-20', 'key-21'].sort());
    assert.deepEqual(keysOf(together), keysOf(alone));
    assert.deepEqual(
      [together.verdict, together.keys, together.operations, together.keysSearched],
      [alone.verdict, alone.keys, alone.operations, alone.keysSearched],
    );
  }
});
