/** Contract: many keys at one moment, rename, copy. */
import assert from 'node:assert/strict';
import { rejects, type Test } from './subject.ts';

const KEYS = Array.from({ length: 20 }, (_, i) => `key:${i}`);

export function together(test: Test): void {
  test('putMany, getMany and deleteMany at one moment', async (store) => {
    await store.putMany(
      KEYS.map((key, i) => [key, i] as const),
      { atomic: true, ttl: 60_000 },
    );
    assert.deepStrictEqual(await store.getMany(['none', ...KEYS], { snapshot: true }), [undefined, ...KEYS.keys()]);
    assert.ok((await store.ttl('key:3'))! > 50_000);
    assert.equal(await store.deleteMany(['none', ...KEYS.slice(0, 5), 'key:0'], { atomic: true }), 5);
    assert.equal(await store.count(), 15);
  });

  test('one bad entry, and nothing is stored', async (store) => {
    const entries = [
      ['a', 1],
      ['b', undefined],
    ] as [string, unknown][];
    await rejects(store.putMany(entries, { atomic: true }), 'INVALID_VALUE');
    await rejects(store.putMany([['a', 1], 'x'] as never, { atomic: true }), 'INVALID_KEY');
    await rejects(store.deleteMany(['a', 5] as never, { atomic: true }), 'INVALID_KEY');
    assert.equal(await store.count(), 0);
  });

  test('nothing asked, nothing done; too much is refused', async (store) => {
    await store.putMany([], { atomic: true });
    assert.deepStrictEqual(await store.getMany([], { snapshot: true }), []);
    assert.equal(await store.deleteMany(new Set<string>(), { atomic: true }), 0);
    const many = Array.from({ length: 1025 }, (_, i) => `k${i}`);
    await rejects(store.getMany(many, { snapshot: true }), 'TRANSACTION_TOO_LARGE');
    await rejects(store.deleteMany(many, { atomic: true }), 'TRANSACTION_TOO_LARGE');
    const entries = many.map((key) => [key, 1] as const);
    await rejects(store.putMany(entries, { atomic: true }), 'TRANSACTION_TOO_LARGE');
    await rejects(store.putMany(entries, { atomic: 1 as never }), 'INVALID_OPTION');
    await rejects(store.getMany(['a'], { snapshot: 'yes' as never }), 'INVALID_OPTION');
  });

  test('rename keeps value, kind and deadline', async (store) => {
    const expiresAt = Date.now() + 60_000;
    await store.put('from', new Uint8Array([1, 2, 255]), { expiresAt });
    await store.put('to', 'replaced');
    assert.equal(await store.rename('from', 'to'), true);
    const entry = await store.getEntry('to');
    assert.deepStrictEqual([entry?.value, entry?.expiresAt], [new Uint8Array([1, 2, 255]), expiresAt]);
    assert.equal(await store.has('from'), false);
    await store.put('n', 41);
    await store.rename('n', 'm');
    assert.equal(await store.increment('m'), 42);
  });

  test('rename of nothing, onto something, onto itself', async (store) => {
    assert.equal(await store.rename('none', 'to'), false);
    await store.putMany(Object.entries({ a: 1, b: 2 }));
    assert.equal(await store.rename('a', 'b', { ifAbsent: true }), false);
    assert.deepStrictEqual(await store.getMany(['a', 'b']), [1, 2]);
    assert.equal(await store.rename('a', 'a'), true);
    assert.equal(await store.rename('a', 'a', { ifAbsent: true }), false);
    assert.equal(await store.rename('a', 'c', { ifAbsent: true }), true);
    assert.deepStrictEqual(await store.getMany(['a', 'b', 'c']), [undefined, 2, 1]);
    await rejects(store.rename('a', 'b', { ifabsent: true } as object), 'INVALID_OPTION');
    await rejects(store.rename('a', 5 as never), 'INVALID_KEY');
  });

  test('copy, with and without replace', async (store) => {
    const expiresAt = Date.now() + 60_000;
    await store.put('a', { deep: [1] }, { expiresAt });
    assert.equal(await store.copy('a', 'b'), true);
    assert.deepStrictEqual((await store.getEntry('b'))?.value, { deep: [1] });
    assert.equal((await store.getEntry('b'))?.expiresAt, expiresAt);
    await store.put('a', 2);
    assert.equal(await store.copy('a', 'b'), false);
    assert.equal(await store.copy('a', 'b', { replace: true }), true);
    assert.deepStrictEqual(await store.getMany(['a', 'b']), [2, 2]);
    assert.equal(await store.copy('none', 'b', { replace: true }), false);
    await rejects(store.copy('a', 'b', { replace: 1 as never }), 'INVALID_OPTION');
  });

  test('many renames of one key at once: one wins', async (store) => {
    await store.put('k', 'prize');
    const tries = Array.from({ length: 8 }, (_, i) => store.rename('k', `to:${i}`));
    assert.equal((await Promise.all(tries)).filter(Boolean).length, 1);
    assert.equal(await store.count(), 1);
  });
}
