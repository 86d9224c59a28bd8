/** The simulator on the shipped core: many seeds, no violation; one seed, always the same trace. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Report, runSeed, SeedPool } from '../src/index.ts';

/** Beginning here; `pnpm simulate` begins at 1, so that the two do not look at the same. */
const FIRST_SEED = 1_000_000;
const SEEDS = 300;

test(`${SEEDS} seeds: nothing bad with faults on, all well after healing`, async () => {
  const pool = new SeedPool();
  const reports: Report[] = [];
  try {
    await pool.run(FIRST_SEED, SEEDS, (report) => reports.push(report) > 0);
  } finally {
    await pool.close();
  }
  const failed = reports.filter(({ failure }) => failure !== null);
  const texts = failed.map(
    ({ seed, failure }) => `pnpm simulate --seed ${seed}\n${failure!.checker}: ${failure!.text}`,
  );
  assert.equal(texts.join('\n\n'), '');
  assert.equal(reports.length, SEEDS);
  const deaths = reports.reduce((sum, { figures }) => sum + figures.deaths, 0);
  const joins = reports.reduce((sum, { figures }) => sum + figures.joins, 0);
  assert.ok(deaths > SEEDS && joins > SEEDS, `the seeds hurt enough: ${deaths} deaths, ${joins} joins`);
});

test('a seed gives the same trace every time, other seeds give others', () => {
  const hashes = ['7', '8', '9'].map((seed) => runSeed(seed).report.traceHash);
  assert.deepEqual(
    hashes,
    ['7', '8', '9'].map((seed) => runSeed(seed).report.traceHash),
  );
  assert.equal(new Set(hashes).size, 3);
});
