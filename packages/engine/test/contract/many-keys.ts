/** Contract: calls on many keys. */
import assert from 'node:assert/strict';
import { rejects, type Test } from './subject.ts';

export function manyKeys(test: Test): void {
  test('putMany, getMany in the order of keys, deleteMany', async (store) => {
    const names = Array.from({ length: 5000 }, (_, i) => `key:${i}`);
    await store.putMany(names.map((name, i) => [name, { i }] as const));
    const asked = ['none', ...names.toReversed(), 'key:7', 'none'];
    const values = await store.getMany<{ i: number }>(asked);
    assert.deepStrictEqual(
      values.map((value) => value?.i),
      [undefined, ...names.map((_, i) => i).toReversed(), 7, undefined],
    );
    assert.equal(await store.deleteMany(['none', ...names.slice(0, 100), 'key:0']), 100);
    assert.equal(await store.count(), 4900);
  });

  test('nothing asked, nothing done', async (store) => {
    await store.putMany([]);
    assert.deepStrictEqual(await store.getMany([]), []);
    assert.equal(await store.deleteMany(new Set<string>()), 0);
  });

  test('any iterable will do', async (store) => {
    await store.putMany(
      new Map<string, unknown>([
        ['a', 1],
        ['b', 2],
      ]),
    );
    const keys = function* () {
      yield 'a';
      yield Buffer.from('b');
    };
    assert.deepStrictEqual(await store.getMany(keys()), [1, 2]);
    assert.deepStrictEqual(await store.getMany(new Set(['b', 'a'])), [2, 1]);
  });

  test('of two puts of one key the last wins', async (store) => {
    await store.putMany(Array.from({ length: 3000 }, (_, i) => [`k${i % 3}`, i] as const));
    assert.deepStrictEqual(await store.getMany(['k0', 'k1', 'k2']), [2997, 2998, 2999]);
  });

  test('200,000 entries through an iterator end well', async (store) => {
    const entries = function* (): Generator<[string, number]> {
      for (let i = 0; i < 200_000; i++) yield [`k${i}`, i];
    };
    await store.putMany(entries());
    assert.equal(await store.count(), 200_000);
    await store.clear();
    assert.equal(await store.count(), 0);
    assert.equal(await store.get('k1'), undefined);
  });

  test('a bad entry fails the call, not the others', async (store) => {
    const entries = [['a', 1], ['b', undefined], ['c', 3], [7, 4], 'x', ['d', 5]] as unknown as [string, number][];
    await rejects(store.putMany(entries), 'INVALID_VALUE');
    assert.deepStrictEqual(await store.getMany(['a', 'b', 'c', 'd']), [1, undefined, 3, 5]);
    await rejects(store.getMany(['a', 5 as never]), 'INVALID_KEY');
    await rejects(store.deleteMany([null as never, 'a']), 'INVALID_KEY');
    assert.equal(await store.has('a'), false);
  });

  test('an iterable that throws fails the call with its own error', async (store) => {
    const broken = function* (): Generator<[string, number]> {
      yield ['a', 1];
      throw new RangeError('no more');
    };
    await assert.rejects(store.putMany(broken()), RangeError);
    assert.equal(await store.get('a'), 1);
  });

  test('what is no iterable of keys is refused', async (store) => {
    for (const keys of ['abc', new Uint8Array(2), 5, null, undefined, {}]) {
      await rejects(store.getMany(keys as never), 'INVALID_KEY');
      await rejects(store.deleteMany(keys as never), 'INVALID_KEY');
      await rejects(store.putMany(keys as never), 'INVALID_KEY');
    }
  });
}
