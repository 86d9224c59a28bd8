/** Contract: what needed a script or several calls elsewhere: limits, locks, reads that give time. */
import assert from 'node:assert/strict';
import { rejects, type Test } from './subject.ts';

/** Far enough that nothing expires meanwhile. */
const LATER_MS = 60_000;

export function oneStep(test: Test): void {
  // ---- increment with a time to live --------------------------------------------------------------------------

  test('increment with ttlOnlyIfNew: the first begins the time, the others do not prolong it', async (store) => {
    const terms = { ttl: LATER_MS, ttlOnlyIfNew: true };
    assert.equal(await store.increment('hits', 1, terms), 1);
    const first = await store.getEntry('hits');
    const left = first!.expiresAt! - Date.now();
    assert.ok(left > LATER_MS / 2 && left <= LATER_MS + 1, `${left}`);
    assert.equal(await store.increment('hits', 2, { ttl: 10 * LATER_MS, ttlOnlyIfNew: true }), 3);
    assert.equal((await store.getEntry('hits'))!.expiresAt, first!.expiresAt);
    await store.expire('hits', new Date(1));
    assert.equal(await store.increment('hits', 1, terms), 1, 'it counts anew when its time is over');
  });

  test('increment with ttl: every one gives the time anew; without it the deadline stays', async (store) => {
    await store.increment('k', 1n, { ttl: LATER_MS });
    const first = (await store.getEntry('k'))!.expiresAt!;
    assert.equal(await store.increment('k'), 2);
    assert.equal((await store.getEntry('k'))!.expiresAt, first);
    assert.equal(await store.increment('k', 1, { ttl: 10 * LATER_MS }), 3);
    assert.ok((await store.getEntry('k'))!.expiresAt! > first + LATER_MS);
    await store.put('p', 5);
    await store.increment('p', 1, { ttl: LATER_MS, ttlOnlyIfNew: true });
    assert.equal(await store.ttl('p'), Number.POSITIVE_INFINITY, 'what was there is not new');
  });

  test('a limiter of many callers at once lets through as many as it says', async (store) => {
    const hits = Array.from({ length: 50 }, () => store.increment('limit', 1, { ttl: LATER_MS, ttlOnlyIfNew: true }));
    assert.deepStrictEqual((await Promise.all(hits)).filter((count) => count <= 20).length, 20);
  });

  test('increment: options that are none are refused and nothing is added', async (store) => {
    await rejects(store.increment('k', 1, { ttl: 0 }), 'INVALID_OPTION');
    await rejects(store.increment('k', 1, { ttlOnlyIfNew: true }), 'INVALID_OPTION');
    await rejects(store.increment('k', 1, { ttl: 5, ttlOnlyIfNew: 1 as never }), 'INVALID_OPTION');
    await rejects(store.increment('k', 1, { expiresAt: 5 } as never), 'INVALID_OPTION');
    assert.equal(await store.has('k'), false);
  });

  // ---- getAndExpire -------------------------------------------------------------------------------------------

  test('getAndExpire answers the value and sets, moves or removes its deadline', async (store) => {
    assert.equal(await store.getAndExpire('k', { ttl: LATER_MS }), undefined);
    await store.put('k', { a: 1 });
    assert.deepStrictEqual(await store.getAndExpire('k', { ttl: LATER_MS }), { a: 1 });
    assert.ok((await store.ttl('k'))! <= LATER_MS);
    const expiresAt = Date.now() + 2 * LATER_MS;
    assert.deepStrictEqual(await store.getAndExpire('k', { expiresAt }), { a: 1 });
    assert.equal((await store.getEntry('k'))!.expiresAt, expiresAt);
    assert.deepStrictEqual(await store.getAndExpire('k', { persist: true }), { a: 1 });
    assert.equal(await store.ttl('k'), Number.POSITIVE_INFINITY);
    assert.deepStrictEqual(await store.getAndExpire('k', { persist: true }), { a: 1 });
    assert.deepStrictEqual(await store.getAndExpire('k', { expiresAt: 1 }), { a: 1 }, 'a deadline that has passed');
    assert.equal(await store.has('k'), false);
  });

  test('getAndExpire takes exactly one of ttl, expiresAt and persist', async (store) => {
    await store.put('k', 1);
    for (const options of [{}, { persist: false }, { ttl: 1, persist: true }, { ttl: 1, expiresAt: 1 }, undefined]) {
      await rejects(store.getAndExpire('k', options as never), 'INVALID_OPTION');
    }
    await rejects(store.getAndExpire('k', { ttl: -1 }), 'INVALID_OPTION');
    await rejects(store.getAndExpire('k', { persist: 'yes' as never }), 'INVALID_OPTION');
    assert.equal(await store.ttl('k'), Number.POSITIVE_INFINITY);
  });

  // ---- deleteIfValue ------------------------------------------------------------------------------------------

  test('deleteIfValue deletes what has the value, of the same kind, and nothing else', async (store) => {
    assert.equal(await store.deleteIfValue('lock', 'ada'), false);
    await store.put('lock', 'ada', { ifAbsent: true, ttl: LATER_MS });
    assert.equal(await store.deleteIfValue('lock', 'bob'), false);
    assert.equal(await store.deleteIfValue('lock', 'adA'), false);
    assert.equal(await store.deleteIfValue('lock', Buffer.from('ada')), false);
    assert.equal(await store.get('lock'), 'ada');
    assert.equal(await store.deleteIfValue('lock', 'ada'), true);
    assert.equal(await store.deleteIfValue('lock', 'ada'), false);
    for (const value of [5, '', { deep: [1, { b: 2 }] }, new Uint8Array([0, 255]), true]) {
      await store.put('k', value);
      assert.equal(await store.deleteIfValue('k', '5'), false);
      assert.equal(await store.deleteIfValue('k', value), true);
      assert.equal(await store.has('k'), false);
    }
  });

  test('deleteIfValue: of many who release a lock at once one does', async (store) => {
    await store.put('lock', 'ada');
    const released = await Promise.all(Array.from({ length: 20 }, () => store.deleteIfValue('lock', 'ada')));
    assert.equal(released.filter(Boolean).length, 1);
  });

  test('deleteIfValue refuses what could not have been stored', async (store) => {
    await rejects(store.deleteIfValue('k', undefined), 'INVALID_VALUE');
    await rejects(store.deleteIfValue('k', 'x'.repeat(16 * 1024 * 1024 + 1)), 'VALUE_TOO_LARGE');
    await rejects(store.deleteIfValue('k', 'x', { ifVersion: 1 } as never), 'INVALID_OPTION');
  });

  // ---- everywhere ---------------------------------------------------------------------------------------------

  test('as steps of a transaction, over any keys', async (store) => {
    await store.putMany(Object.entries({ lock: 'ada', session: 's', other: 'bob' }));
    const { results } = await store.transaction({
      then: [
        { increment: 'hits', ttl: LATER_MS, ttlOnlyIfNew: true },
        { increment: 'hits', by: 2, ttl: 9 * LATER_MS, ttlOnlyIfNew: true },
        { getAndExpire: 'session', ttl: LATER_MS },
        { getAndExpire: 'none', persist: true },
        { deleteIfValue: 'lock', value: 'ada' },
        { deleteIfValue: 'lock', value: 'ada' },
        { deleteIfValue: 'other', value: 'ada' },
      ],
    });
    assert.deepStrictEqual(results, [1, 3, 's', undefined, true, false, false]);
    assert.ok((await store.ttl('hits'))! <= LATER_MS);
    assert.ok((await store.ttl('session'))! <= LATER_MS);
    assert.deepStrictEqual(await store.getMany(['hits', 'lock', 'other']), [3, undefined, 'bob']);
  });

  test('in transact(): seen by its own reads, done when it ends', async (store) => {
    await store.putMany(Object.entries({ lock: 'ada', session: 's' }));
    await store.transact(async (tx) => {
      assert.equal(await tx.increment('hits', 1, { ttl: LATER_MS, ttlOnlyIfNew: true }), 1);
      assert.equal(await tx.getAndExpire('session', { ttl: LATER_MS }), 's');
      assert.ok((await tx.getEntry('session'))!.expiresAt! > Date.now());
      assert.equal(await tx.deleteIfValue('lock', 'bob'), false);
      assert.equal(await tx.deleteIfValue('lock', 'ada'), true);
      assert.equal(await tx.has('lock'), false);
      await assert.rejects(() => tx.getAndExpire('session', { when: 'some' } as never), { code: 'INVALID_OPTION' });
    });
    assert.ok((await store.ttl('hits'))! <= LATER_MS && (await store.ttl('session'))! <= LATER_MS);
    assert.equal(await store.has('lock'), false);
  });

  test('watchers hear of a put, a new deadline as a put, a delete', async (store) => {
    await store.put('k', 'v');
    await using watcher = store.watch({ key: 'k', previous: true });
    await watcher.ready;
    await store.deleteIfValue('k', 'w');
    await store.getAndExpire('k', { persist: true });
    await store.getAndExpire('k', { ttl: LATER_MS });
    await store.deleteIfValue('k', 'v');
    await store.increment('k', 1, { ttl: LATER_MS });
    const changes = [await watcher.next(), await watcher.next(), await watcher.next()].map(({ value }) => value!);
    assert.deepStrictEqual(
      changes.map(({ type, value, previous }) => [type, value, previous]),
      [
        ['put', 'v', 'v'],
        ['delete', undefined, 'v'],
        ['put', 1, undefined],
      ],
    );
    assert.ok(changes[0]!.expiresAt! > Date.now() && changes[2]!.expiresAt! > Date.now());
  });
}
