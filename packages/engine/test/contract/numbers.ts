/** Contract: increments. */
import assert from 'node:assert/strict';
import { rejects, type Test } from './subject.ts';

export function numbers(test: Test): void {
  test('increment counts from nothing', async (store) => {
    assert.equal(await store.increment('k'), 1);
    assert.equal(await store.increment('k', 41), 42);
    assert.equal(await store.increment('k', -43n), -1n);
  });

  test('a counter made by increment reads back as a number', async (store) => {
    await store.increment('k', 3);
    assert.equal(await store.get('k'), 3);
    await store.incrementFloat('f', 0.25);
    assert.equal(await store.get('f'), 0.25);
  });

  test('a number that was put can be incremented and stays a number', async (store) => {
    await store.put('k', 5);
    assert.equal(await store.increment('k', 2), 7);
    assert.equal(await store.get('k'), 7);
    assert.equal(await store.incrementFloat('k', 0.5), 7.5);
    assert.equal(await store.get('k'), 7.5);
  });

  test('decimal text can be incremented and stays text', async (store) => {
    await store.put('k', '10');
    assert.equal(await store.increment('k'), 11);
    assert.equal(await store.get('k'), '11');
  });

  test('by a bigint sums are bigints, exact to 64 bits', async (store) => {
    assert.equal(await store.increment('k', 1n), 1n);
    await store.put('k', String(2n ** 53n));
    assert.equal(await store.increment('k', 1n), 2n ** 53n + 1n);
    assert.equal(await store.increment('k', 2n ** 62n), 2n ** 62n + 2n ** 53n + 1n);
    await store.put('n', Number.MAX_SAFE_INTEGER);
    await store.increment('n', 2n);
    assert.equal(await store.get('n'), 2n ** 53n + 1n);
  });

  test('by a number a sum that is no safe integer is refused and changes nothing', async (store) => {
    const last = Number.MAX_SAFE_INTEGER;
    for (const sign of [1, -1]) {
      await store.put('k', sign * (last - 1));
      assert.equal(await store.increment('k', sign), sign * last);
      await rejects(store.increment('k', sign), 'OVERFLOW');
      await rejects(store.increment('k', sign * last), 'OVERFLOW');
      assert.equal(await store.get('k'), sign * last);
      const beyond = String(BigInt(sign) * (2n ** 53n + 7n));
      await store.put('k', beyond);
      await rejects(store.increment('k', 0), 'OVERFLOW');
      assert.equal(await store.get('k'), beyond);
      assert.equal(await store.increment('k', sign * -8), sign * last);
    }
  });

  test('a sum beyond 64 bits is refused and changes nothing', async (store) => {
    await store.put('k', '9223372036854775807');
    await rejects(store.increment('k', 1n), 'OVERFLOW');
    assert.equal(await store.get('k'), '9223372036854775807');
  });

  test('floats', async (store) => {
    assert.equal(await store.incrementFloat('k', 10.5), 10.5);
    assert.equal(await store.incrementFloat('k', -0.1), 10.4);
    assert.equal(await store.incrementFloat('k', 1e300), 1e300);
    await store.put('t', '1e2');
    assert.equal(await store.incrementFloat('t', 1), 101);
    assert.equal(await store.incrementFloat('d', 0.1), 0.1);
    assert.equal(await store.incrementFloat('d', 0.2), 0.3);
    assert.equal(await store.incrementFloat('d', -0.31), -0.01);
    assert.equal(await store.incrementFloat('d', 0.01), 0);
    await store.put('m', Number.MAX_VALUE);
    await rejects(store.incrementFloat('m', Number.MAX_VALUE), 'OVERFLOW');
  });

  test('what is no number is refused and stays', async (store) => {
    for (const value of ['text', '', ' 1', '1 ', '0x10', { a: 1 }, [1], true, new Date(0)]) {
      await store.put('k', value);
      await rejects(store.increment('k'), 'NOT_A_NUMBER');
      await rejects(store.incrementFloat('k', 1), 'NOT_A_NUMBER');
      assert.deepStrictEqual(await store.get('k'), value);
    }
    await store.put('k', '1.5');
    await rejects(store.increment('k'), 'NOT_A_NUMBER');
  });

  test('errors that come with an answer name the key', async (store) => {
    await store.put('greeting', 'hello');
    const error = await rejects(store.increment('greeting'), 'NOT_A_NUMBER');
    assert.match(error.message, /"greeting"/);
  });

  test('increments keep the deadline', async (store) => {
    await store.put('k', 1, { ttl: 60_000 });
    await store.increment('k');
    const left = await store.ttl('k');
    assert.ok(left !== undefined && left > 50_000 && left <= 60_000, `${left}`);
  });

  for (const by of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2n ** 63n, '1', null]) {
    test(`increment by ${typeof by} ${String(by)} is refused`, async (store) => {
      await rejects(store.increment('k', by as number), 'INVALID_OPTION');
      assert.equal(await store.has('k'), false);
    });
  }

  test('incrementFloat by what is no finite number is refused', async (store) => {
    for (const by of [Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, undefined]) {
      await rejects(store.incrementFloat('k', by as number), 'INVALID_OPTION');
    }
  });

  test('a structured value cannot be appended to', async (store) => {
    await store.put('k', { a: 1 });
    await rejects(store.append('k', 'x'), 'WRONG_KIND');
    assert.deepStrictEqual(await store.get('k'), { a: 1 });
  });

  test('a number that is appended to becomes text', async (store) => {
    await store.put('k', 5);
    await store.append('k', '0 apples');
    assert.equal(await store.get('k'), '50 apples');
    await store.put('k', 5);
    await store.append('k', '0');
    assert.equal(await store.get('k'), '50');
  });
}
