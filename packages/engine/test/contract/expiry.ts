/** Contract: time to live. */
import assert from 'node:assert/strict';
import { expired, rejects, type Test } from './subject.ts';

/** Far enough for a slow machine, near enough for a test. */
const SOON_MS = 40;

function isAbout(actual: number | undefined, expected: number): void {
  assert.ok(
    actual !== undefined && actual <= expected && actual > expected - 5_000,
    `${actual}, not about ${expected}`,
  );
}

export function expiry(test: Test): void {
  test('an entry is gone after its ttl', async (store) => {
    await store.put('k', 1, { ttl: SOON_MS });
    assert.equal(await store.get('k'), 1);
    await expired(store, 'k');
    assert.equal(await store.get('k'), undefined);
    assert.equal(await store.has('k'), false);
    assert.equal((await store.put('k', 2, { ifAbsent: true })).applied, true);
  });

  test('ttl tells what is left, Infinity without a deadline', async (store) => {
    await store.put('k', 1, { ttl: 60_000 });
    isAbout(await store.ttl('k'), 60_000);
    await store.put('k', 1);
    assert.equal(await store.ttl('k'), Number.POSITIVE_INFINITY);
  });

  test('expiresAt as a number or a Date', async (store) => {
    const expiresAt = Date.now() + 60_000;
    await store.put('a', 1, { expiresAt });
    await store.put('b', 1, { expiresAt: new Date(expiresAt) });
    assert.equal((await store.getEntry('a'))?.expiresAt, expiresAt);
    assert.equal((await store.getEntry('b'))?.expiresAt, expiresAt);
  });

  test('a deadline in the past removes at once', async (store) => {
    await store.put('k', 1);
    await store.put('k', 2, { expiresAt: Date.now() - 1000 });
    assert.equal(await store.get('k'), undefined);
    await store.put('k', 1);
    assert.equal(await store.expire('k', new Date(1)), true);
    assert.equal(await store.has('k'), false);
  });

  test('a put clears the deadline unless keepTtl', async (store) => {
    await store.put('k', 1, { ttl: 60_000 });
    await store.put('k', 2, { keepTtl: true });
    isAbout(await store.ttl('k'), 60_000);
    await store.put('k', 3);
    assert.equal(await store.ttl('k'), Number.POSITIVE_INFINITY);
    await store.put('new', 1, { keepTtl: true });
    assert.equal(await store.ttl('new'), Number.POSITIVE_INFINITY);
  });

  test('expire and persist', async (store) => {
    await store.put('k', 'v');
    assert.equal(await store.persist('k'), false);
    assert.equal(await store.expire('k', 60_000), true);
    isAbout(await store.ttl('k'), 60_000);
    assert.equal(await store.persist('k'), true);
    assert.equal(await store.ttl('k'), Number.POSITIVE_INFINITY);
    assert.equal(await store.expire('k', new Date(Date.now() + 30_000)), true);
    isAbout(await store.ttl('k'), 30_100);
    assert.equal(await store.get('k'), 'v');
  });

  test('a new deadline is a new version', async (store) => {
    const { version } = await store.put('k', 1);
    await store.expire('k', 60_000);
    const entry = await store.getEntry('k');
    assert.ok(entry !== undefined && entry.version > version);
    assert.equal((await store.put('k', 2, { ifVersion: version })).applied, false);
  });

  test('expire when: none, some, later, sooner', async (store) => {
    await store.put('k', 1);
    assert.equal(await store.expire('k', 1000, { when: 'some' }), false);
    assert.equal(await store.expire('k', 60_000, { when: 'later' }), false);
    assert.equal(await store.expire('k', 60_000, { when: 'none' }), true);
    assert.equal(await store.expire('k', 70_000, { when: 'none' }), false);
    assert.equal(await store.expire('k', 50_000, { when: 'later' }), false);
    assert.equal(await store.expire('k', 70_000, { when: 'later' }), true);
    assert.equal(await store.expire('k', 80_000, { when: 'sooner' }), false);
    assert.equal(await store.expire('k', 40_000, { when: 'sooner' }), true);
    assert.equal(await store.expire('k', 90_000, { when: 'always' }), true);
    isAbout(await store.ttl('k'), 90_000);
  });

  test('putMany with a ttl', async (store) => {
    await store.putMany(Object.entries({ a: 1, b: 2 }), { ttl: 60_000 });
    isAbout(await store.ttl('a'), 60_000);
    isAbout(await store.ttl('b'), 60_000);
  });

  for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 1e300]) {
    test(`a ttl of ${typeof ttl} ${String(ttl)} is refused`, async (store) => {
      await rejects(store.put('k', 1, { ttl: ttl as number }), 'INVALID_OPTION');
      await rejects(store.putMany([['k', 1]], { ttl: ttl as number }), 'INVALID_OPTION');
      await rejects(store.expire('k', ttl as number), 'INVALID_OPTION');
      assert.equal(await store.has('k'), false);
    });
  }

  test('deadlines that are none, and two at once, are refused', async (store) => {
    await rejects(store.put('k', 1, { expiresAt: new Date(Number.NaN) }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { expiresAt: '2030-01-01' as never }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { expiresAt: 0 }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { ttl: 1, expiresAt: Date.now() }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { ttl: 1, keepTtl: true }), 'INVALID_OPTION');
    await rejects(store.expire('k', 1000, { when: 'maybe' as never }), 'INVALID_OPTION');
  });
}
