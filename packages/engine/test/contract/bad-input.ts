/** Contract: what cannot be stored, asked or understood is refused with a clear error, before anything is sent. */
import assert from 'node:assert/strict';
import { rejects, type Test } from './subject.ts';

class Point {
  x = 1;
}
const cycle: { self?: unknown } = {};
cycle.self = { list: [cycle] };

/** Values and what the error's text must say. */
const UNSTORABLE: [name: string, value: unknown, says: RegExp][] = [
  ['undefined', undefined, /undefined/],
  ['a function', () => 1, /function/],
  ['a symbol', Symbol('s'), /symbol/],
  ['a promise', Promise.resolve(1), /Promise/],
  ['an instance of a class', new Point(), /Point/],
  ['an Error', new Error('e'), /Error/],
  ['a WeakMap', new WeakMap(), /WeakMap/],
  ['a boxed number', Object(5), /Number/],
  ['a function inside', { a: [{ b: () => 1 }] }, /value\.a\[0\]\.b is a function/],
  ['a symbol in a Map', new Map([['k', Symbol('s')]]), /symbol/],
  ['a class inside a Set', new Set([new Point()]), /Point/],
  ['a cycle', cycle, /contains itself/],
  ['very deep data', Array.from({ length: 2000 }).reduce((inner) => [inner], [] as unknown), /deep/],
  ['a lone surrogate', 'a\ud800b', /surrogate/],
  ['a lone surrogate inside', { a: '\udfff' }, /value\.a has a lone surrogate/],
  ['a name with a lone surrogate', { '\ud800': 1 }, /surrogate/],
  ['a property named __proto__', JSON.parse('{"__proto__": 1}'), /__proto__/],
];

export function badInput(test: Test): void {
  for (const [name, value, says] of UNSTORABLE) {
    test(`${name} cannot be stored`, async (store) => {
      const error = await rejects(store.put('k', value), 'INVALID_VALUE');
      assert.match(error.message, says);
      await rejects(store.getAndPut('k', value), 'INVALID_VALUE');
      await rejects(store.putMany([['k', value]]), 'INVALID_VALUE');
      assert.equal(await store.has('k'), false);
    });
  }

  test('keys that are none', async (store) => {
    for (const key of [undefined, null, 5, {}, [], Symbol('k'), new Uint16Array(2), new ArrayBuffer(2), '\ud800']) {
      const bad = key as never;
      await rejects(store.get(bad), 'INVALID_KEY');
      await rejects(store.getEntry(bad), 'INVALID_KEY');
      await rejects(store.has(bad), 'INVALID_KEY');
      await rejects(store.put(bad, 1), 'INVALID_KEY');
      await rejects(store.delete(bad), 'INVALID_KEY');
      await rejects(store.getAndPut(bad, 1), 'INVALID_KEY');
      await rejects(store.getAndDelete(bad), 'INVALID_KEY');
      await rejects(store.increment(bad), 'INVALID_KEY');
      await rejects(store.incrementFloat(bad, 1), 'INVALID_KEY');
      await rejects(store.append(bad, 'x'), 'INVALID_KEY');
      await rejects(store.expire(bad, 1), 'INVALID_KEY');
      await rejects(store.persist(bad), 'INVALID_KEY');
      await rejects(store.ttl(bad), 'INVALID_KEY');
    }
  });

  test('a key over the limit, measured in bytes', async (store) => {
    await store.put('x'.repeat(65_536), 1);
    await rejects(store.put('x'.repeat(65_537), 1), 'KEY_TOO_LARGE');
    await rejects(store.get('ü'.repeat(32_769)), 'KEY_TOO_LARGE');
  });

  test('a value over the limit, put or appended', async (store) => {
    const limit = 16 * 1024 * 1024;
    const most = 'x'.repeat(limit);
    await rejects(store.put('k', `${most}x`), 'VALUE_TOO_LARGE');
    await rejects(store.put('k', new Uint8Array(limit + 1)), 'VALUE_TOO_LARGE');
    await rejects(store.put('k', { most }), 'VALUE_TOO_LARGE');
    assert.equal((await store.put('k', most)).applied, true);
    await rejects(store.append('k', 'x'), 'VALUE_TOO_LARGE');
    assert.ok((await store.get('k')) === most);
  });

  test('what cannot be appended', async (store) => {
    for (const suffix of [5, {}, null, undefined, ['a']]) {
      await rejects(store.append('k', suffix as never), 'INVALID_VALUE');
    }
    await rejects(store.append('k', '\ud800'), 'INVALID_VALUE');
  });

  test('unknown options, with a hint', async (store) => {
    const error = await rejects(store.put('k', 1, { ifabsent: true } as object), 'INVALID_OPTION');
    assert.match(error.message, /ifabsent, did you mean ifAbsent\?/);
    const odd = { colour: 'blue' } as object;
    await rejects(store.get('k', odd), 'INVALID_OPTION');
    await rejects(store.getEntry('k', odd), 'INVALID_OPTION');
    await rejects(store.has('k', odd), 'INVALID_OPTION');
    await rejects(store.delete('k', { ttl: 5 } as object), 'INVALID_OPTION');
    await rejects(store.getAndPut('k', 1, odd), 'INVALID_OPTION');
    await rejects(store.getAndDelete('k', odd), 'INVALID_OPTION');
    await rejects(store.getMany(['k'], odd), 'INVALID_OPTION');
    await rejects(store.putMany([['k', 1]], { ifAbsent: true } as object), 'INVALID_OPTION');
    await rejects(store.deleteMany(['k'], odd), 'INVALID_OPTION');
    await rejects(store.increment('k', 1, odd), 'INVALID_OPTION');
    await rejects(store.incrementFloat('k', 1, odd), 'INVALID_OPTION');
    await rejects(store.append('k', 'x', odd), 'INVALID_OPTION');
    await rejects(store.expire('k', 1, odd), 'INVALID_OPTION');
    await rejects(store.persist('k', odd), 'INVALID_OPTION');
    await rejects(store.ttl('k', odd), 'INVALID_OPTION');
    await rejects(store.count(odd), 'INVALID_OPTION');
    await rejects(store.clear(odd), 'INVALID_OPTION');
    assert.equal(await store.count(), 0);
  });

  test('options that are no object', async (store) => {
    for (const options of [5000, 'EX', null, true]) {
      await rejects(store.put('k', 1, options as never), 'INVALID_OPTION');
      await rejects(store.get('k', options as never), 'INVALID_OPTION');
    }
    await rejects(store.put('k', 1, { ifAbsent: 'yes' as never }), 'INVALID_OPTION');
    await rejects(store.put('k', 1, { returnPrevious: 1 as never }), 'INVALID_OPTION');
  });
}
