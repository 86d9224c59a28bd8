/** Contract: what is put comes back as what it was. */
import assert from 'node:assert/strict';
import type { Test } from './subject.ts';

const ROUND_TRIPS: Record<string, unknown> = {
  'an empty string': '',
  'ASCII text': 'luis',
  'text beyond ASCII': 'Grüße, 世界 🌍',
  'text with NUL and newlines': 'a\0b\r\nc',
  'a byte order mark': '\ufeffx',
  bytes: new Uint8Array([0, 1, 127, 128, 255]),
  'no bytes': new Uint8Array(0),
  zero: 0,
  'minus zero': -0,
  'an integer': 42,
  'a negative integer': -7,
  'the largest safe integer': Number.MAX_SAFE_INTEGER,
  'an integer beyond the safe ones': 2 ** 53 + 2,
  'a huge number': 1.5e300,
  'the smallest number': 5e-324,
  'a fraction': 0.1,
  NaN: Number.NaN,
  infinity: Number.NEGATIVE_INFINITY,
  true: true,
  null: null,
  'a small bigint': 5n,
  'a bigint of 64 bits': -(2n ** 63n),
  'a huge bigint': 2n ** 200n + 1n,
  'a Date': new Date('2026-11-23T03:04:05.678Z'),
  'a Date before 1970': new Date(-1),
  'a Map': new Map<unknown, unknown>([
    ['a', 1],
    [2, new Map([[{ x: 1 }, 'y']])],
  ]),
  'a Set': new Set([1, 'a', { b: 2 }]),
  'a RegExp': /a+b/gi,
  'a typed array': new Float64Array([1.5, -0, Number.NaN]),
  'an empty object': {},
  'an empty array': [],
  'nested data': { id: 7, tags: ['a', 'é'], at: new Date(0), deep: [{ x: [-0, Number.NaN, undefined, 10n] }] },
  'an object with odd names': { '': 1, ü: 2, constructor: 3, toString: 4, '1': 5 },
  'many shapes': Array.from({ length: 200 }, (_, i) => ({ [`k${i}`]: i, x: [{ [`y${i}`]: -i }] })),
  'bytes inside': { raw: new Uint8Array([1, 2, 200]) },
};

export function values(test: Test): void {
  for (const [name, value] of Object.entries(ROUND_TRIPS)) {
    test(`${name} comes back as it was`, async (store) => {
      const { applied, version } = await store.put('v', value);
      assert.equal(applied, true);
      assert.deepStrictEqual(await store.get('v'), value);
      assert.deepStrictEqual(await store.getEntry('v'), { value, version, expiresAt: undefined });
    });
  }

  test('a Buffer comes back as a plain Uint8Array of its own', async (store) => {
    await store.put('v', Buffer.from('pooled'));
    const back = await store.get<Uint8Array>('v');
    assert.deepStrictEqual(back, new Uint8Array(Buffer.from('pooled')));
    assert.equal(back?.buffer.byteLength, 6);
  });

  test('what a caller does to a value later changes nothing', async (store) => {
    const value = { list: [1] };
    const bytes = new Uint8Array([1]);
    const puts = [store.put('v', value), store.put('b', bytes)];
    value.list.push(2);
    bytes[0] = 9;
    await Promise.all(puts);
    assert.deepStrictEqual(await store.get('v'), { list: [1] });
    assert.deepStrictEqual(await store.get('b'), new Uint8Array([1]));
  });

  test('an absent key reads as undefined everywhere', async (store) => {
    assert.equal(await store.get('none'), undefined);
    assert.equal(await store.getEntry('none'), undefined);
    assert.equal(await store.has('none'), false);
    assert.equal(await store.ttl('none'), undefined);
    assert.equal(await store.getAndDelete('none'), undefined);
    assert.equal(await store.delete('none'), false);
    assert.equal(await store.expire('none', 1000), false);
    assert.equal(await store.persist('none'), false);
  });

  test('a string and its UTF-8 bytes are the same key', async (store) => {
    await store.put('schlüssel', 1);
    assert.equal(await store.get(Buffer.from('schlüssel')), 1);
    assert.equal(await store.delete(new TextEncoder().encode('schlüssel')), true);
    assert.equal(await store.has('schlüssel'), false);
  });

  test('keys may be any bytes, and empty', async (store) => {
    const keys = [new Uint8Array([0xff, 0xfe, 0]), '', '\0', '{tag}a', 'a b\r\n', 'x'.repeat(65_536)];
    for (const [i, key] of keys.entries()) await store.put(key, i);
    for (const [i, key] of keys.entries()) assert.equal(await store.get(key), i);
    assert.equal(await store.count(), keys.length);
  });

  test('a value of 8 MiB comes back whole', async (store) => {
    const text = 'abcdefg\n'.repeat(1024 * 1024);
    const bytes = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 31);
    await Promise.all([store.put('text', text), store.put('bytes', bytes)]);
    assert.ok((await store.get('text')) === text);
    assert.equal(Buffer.compare((await store.get<Uint8Array>('bytes')) ?? Buffer.alloc(0), bytes), 0);
  });

  test('delete, has, getAndDelete, getAndPut', async (store) => {
    await store.put('k', 'one');
    assert.equal(await store.has('k'), true);
    assert.equal(await store.getAndPut('k', { two: 2 }), 'one');
    assert.deepStrictEqual(await store.getAndDelete('k'), { two: 2 });
    assert.equal(await store.has('k'), false);
    assert.equal(await store.getAndPut('k', 3), undefined);
    assert.equal(await store.delete('k'), true);
    assert.equal(await store.delete('k'), false);
  });

  test('append to text, bytes and nothing', async (store) => {
    assert.equal(await store.append('t', 'grü'), 4);
    assert.equal(await store.append('t', 'ße'), 7);
    assert.equal(await store.get('t'), 'grüße');
    assert.equal(await store.append('b', new Uint8Array([1])), 1);
    assert.equal(await store.append('b', new Uint8Array([255])), 2);
    assert.deepStrictEqual(await store.get('b'), new Uint8Array([1, 255]));
  });

  test('text that is no UTF-8 any more reads back as bytes', async (store) => {
    await store.put('t', 'a');
    await store.append('t', new Uint8Array([0xc3]));
    assert.deepStrictEqual(await store.get('t'), new Uint8Array([0x61, 0xc3]));
    await store.append('t', new Uint8Array([0xa9]));
    assert.equal(await store.get('t'), 'aé');
  });
}
