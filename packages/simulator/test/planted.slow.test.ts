/** The simulator can fail: bugs planted in the shipped core are found. All of them: `pnpm simulate --planted`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patch, PLANTED_BUGS, runSeed, SeedPool } from '../src/index.ts';

/** One of each part, each seen by another checker. */
const HUNTED = {
  'acknowledged-before-the-replica-has-it': ['in-sync', 'accepted-answers', 'prefix', 'one-primary'],
  'requests-evaluated-twice': ['exactly-once'],
  'tombstone-forgotten-in-catch-up': ['store-equals-log'],
  'direct-reads-beside-writes': ['program-order', 'values', 'linearizable'],
  'held-never-tried-again': ['liveness'],
  'sealed-of-any-epoch': ['assertion'],
  'install-of-one-shard-dropped': ['all-or-nothing'],
  'transaction-told-apart': ['watch-transactions'],
  'last-copy-not-waited-for': ['hangs', 'in-sync'],
} as const;
const SEEDS_MAX = 300;

test('nine planted bugs are found, each by its checker', async () => {
  const pool = new SeedPool();
  const hunt = async ([name, checkers]: [string, readonly string[]]): Promise<void> => {
    const found = await pool.hunt(name, SEEDS_MAX);
    assert.ok(found !== null, `${name} was not found`);
    assert.ok(
      checkers.includes(found.report.failure!.checker),
      `${name} was found by ${found.report.failure!.checker}`,
    );
  };
  try {
    await Promise.all(Object.entries(HUNTED).map(hunt));
  } finally {
    await pool.close();
  }
});

test('every bug can be planted, and leaves nothing behind', () => {
  assert.ok(PLANTED_BUGS.length >= 110);
  assert.equal(new Set(PLANTED_BUGS.map(({ name }) => name)).size, PLANTED_BUGS.length);
  const before = runSeed('11').report.traceHash;
  for (const bug of PLANTED_BUGS) {
    const patch = new Patch();
    bug.plant(patch);
    patch.restore();
  }
  assert.equal(runSeed('11').report.traceHash, before);
});
