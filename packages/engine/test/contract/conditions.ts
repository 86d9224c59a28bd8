/** Contract: conditional writes and versions. */
import assert from 'node:assert/strict';
import { rejects, type Test } from './subject.ts';

export function conditions(test: Test): void {
  test('ifAbsent applies once', async (store) => {
    const first = await store.put('k', 1, { ifAbsent: true });
    const second = await store.put('k', 2, { ifAbsent: true });
    assert.equal(first.applied, true);
    assert.deepStrictEqual(second, { applied: false, version: first.version });
    assert.equal(await store.get('k'), 1);
  });

  test('ifPresent applies only to what is there', async (store) => {
    assert.deepStrictEqual(await store.put('k', 1, { ifPresent: true }), { applied: false, version: 0 });
    await store.put('k', 1);
    assert.equal((await store.put('k', 2, { ifPresent: true })).applied, true);
    assert.equal(await store.get('k'), 2);
  });

  test('conditions given as false or undefined are none', async (store) => {
    const options = { ifAbsent: false, ifPresent: false, keepTtl: false, returnPrevious: false };
    assert.equal((await store.put('k', 1, options)).applied, true);
    assert.equal((await store.put('k', 2, { ...options, ttl: undefined } as object)).applied, true);
  });

  test('ifVersion compares and sets', async (store) => {
    const { version } = await store.put('k', 1);
    const swapped = await store.put('k', 2, { ifVersion: version });
    assert.equal(swapped.applied, true);
    assert.ok(swapped.version > version, 'versions grow');
    assert.deepStrictEqual(await store.put('k', 3, { ifVersion: version }), {
      applied: false,
      version: swapped.version,
    });
    assert.equal(await store.get('k'), 2);
  });

  test('ifVersion 0 means absent', async (store) => {
    assert.equal((await store.put('k', 1, { ifVersion: 0 })).applied, true);
    assert.equal((await store.put('k', 2, { ifVersion: 0 })).applied, false);
  });

  test('of many compare-and-sets at once exactly one wins', async (store) => {
    const { version } = await store.put('k', 'start');
    const tries = Array.from({ length: 50 }, (_, i) => store.put('k', i, { ifVersion: version }));
    const winners = (await Promise.all(tries)).map(({ applied }, i) => (applied ? i : -1)).filter((i) => i >= 0);
    assert.equal(winners.length, 1);
    assert.equal(await store.get('k'), winners[0]);
  });

  test('delete with ifVersion', async (store) => {
    const { version } = await store.put('k', 1);
    assert.equal(await store.delete('k', { ifVersion: version + 1 }), false);
    assert.equal(await store.delete('k', { ifVersion: version }), true);
    assert.equal(await store.delete('k', { ifVersion: version }), false);
  });

  test('returnPrevious tells what was there, applied or not', async (store) => {
    const first = await store.put('k', { a: 1 }, { returnPrevious: true });
    assert.equal(first.previous, undefined);
    const second = await store.put('k', 'b', { returnPrevious: true });
    assert.deepStrictEqual(second.previous, { a: 1 });
    const refused = await store.put('k', 'c', { returnPrevious: true, ifAbsent: true });
    assert.deepStrictEqual(refused, { applied: false, version: second.version, previous: 'b' });
    assert.equal(await store.getAndPut('k', 'c', { ifAbsent: true }), 'b');
    assert.equal(await store.get('k'), 'b');
  });

  test('conditions that exclude each other are refused', async (store) => {
    await rejects(store.put('k', 1, { ifAbsent: true, ifPresent: true }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { ifAbsent: true, ifVersion: 1 }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { ifPresent: true, ifVersion: 0 }), 'INVALID_OPTION');
    assert.equal(await store.has('k'), false);
  });

  for (const version of [-1, 1.5, Number.NaN, 2 ** 53, '1', 1n, null, {}]) {
    test(`a version that is ${typeof version} ${String(version)} is refused`, async (store) => {
      await rejects(store.put('k', 1, { ifVersion: version as number }), 'INVALID_VERSION');
      await rejects(store.delete('k', { ifVersion: version as number }), 'INVALID_VERSION');
    });
  }
}
