/** Contract: transaction(): conditions, steps, all or nothing. */
import assert from 'node:assert/strict';
import type { TransactionStep } from '../../src/client/store/store-transactions.ts';
import { rejects, type Test } from './subject.ts';

/** Keys of several shards, whatever their number. */
const KEYS = Array.from({ length: 12 }, (_, i) => `key:${i}`);

export function transactions(test: Test): void {
  test('conditions that hold: then; that do not: else', async (store) => {
    const take = (who: string) =>
      store.transaction({
        if: [{ key: 'seat', exists: false }],
        then: [{ put: 'seat', value: who }, { increment: 'taken' }],
        else: [{ get: 'seat' }],
      });
    const first = await take('ada');
    assert.equal(first.succeeded, true);
    assert.equal(first.succeeded && first.results[0].applied, true);
    assert.equal(first.results[1], 1);
    assert.deepStrictEqual(await take('bob'), { succeeded: false, results: ['ada'] });
    assert.deepStrictEqual(await store.getMany(['seat', 'taken']), ['ada', 1]);
  });

  test('every step answers as its method does', async (store) => {
    await store.putMany(Object.entries({ a: 'x', n: 5, gone: 1, t: 'v' }));
    const done = await store.transaction({
      then: [
        { put: 'p', value: { deep: [1] } },
        { put: 'a', value: 'y', returnPrevious: true },
        { get: 'p' },
        { has: 'none' },
        { delete: 'gone' },
        { delete: 'none' },
        { increment: 'n', by: 3 },
        { incrementFloat: 'f', by: 0.5 },
        { append: 'a', suffix: 'z' },
        { expire: 't', ttl: 60_000 },
        { persist: 'a' },
        { getEntry: 't' },
        { increment: 'n', by: 2n ** 53n },
        { increment: 'n', by: -(2n ** 53n) },
      ],
    });
    assert.ok(done.succeeded);
    const [put, swapped, got, ...rest] = done.results;
    assert.ok(put.applied && put.version > 0);
    assert.equal(swapped.previous, 'x');
    assert.deepStrictEqual(got, { deep: [1] });
    assert.deepStrictEqual(rest.slice(0, 8), [false, true, false, 8, 0.5, 2, true, false]);
    assert.deepStrictEqual(done.results.slice(12), [2n ** 53n + 8n, 8n]);
    const entry = done.results[11];
    assert.ok(entry !== undefined && entry.value === 'v' && entry.expiresAt! > Date.now());
    assert.equal(entry.version, (await store.getEntry('t'))?.version);
    assert.deepStrictEqual(await store.getMany(['p', 'a', 'gone', 'n', 'f']), [{ deep: [1] }, 'yz', undefined, 8, 0.5]);
  });

  test('conditions: existence, version, equality of value and kind', async (store) => {
    const { version } = await store.put('k', { a: 1 });
    await store.put('n', 5);
    const holds = async (...conditions: object[]) =>
      (await store.transaction({ if: conditions as never, then: [{ get: 'k' }] })).succeeded;
    assert.equal(await holds(), true);
    assert.equal(await holds({ key: 'k', exists: true }, { key: 'none', exists: false }), true);
    assert.equal(await holds({ key: 'k', exists: true }, { key: 'none', exists: true }), false);
    assert.equal(await holds({ key: 'k', version }, { key: 'none', version: 0 }), true);
    assert.equal(await holds({ key: 'k', version: version + 1 }), false);
    assert.equal(await holds({ key: 'k', equals: { a: 1 } }, { key: 'n', equals: 5 }), true);
    assert.equal(await holds({ key: 'k', version, equals: { a: 2 } }), false);
    assert.equal(await holds({ key: 'n', equals: '5' }), false, 'a number is no text');
    assert.equal(await holds({ key: 'none', equals: 5 }), false);
  });

  test('steps of many shards are seen all or not at all', async (store) => {
    await store.putMany(KEYS.map((key) => [key, 0] as const));
    const write = async (turns: number) => {
      for (let i = 1; i <= turns; i++) await store.transaction({ then: KEYS.map((key) => ({ put: key, value: i })) });
    };
    const read = async (turns: number) => {
      for (let i = 0; i < turns; i++) {
        const seen = await store.getMany(KEYS, { snapshot: true });
        assert.equal(new Set(seen).size, 1, String(seen));
      }
    };
    await Promise.all([write(20), write(20), read(30), read(30)]);
  });

  test('a step that fails undoes them all, with its error', async (store) => {
    await store.putMany(Object.entries({ text: 'abc', number: 1, object: {} }));
    const fails = (step: TransactionStep) =>
      store.transaction({ then: [{ put: 'other', value: 1 }, { increment: 'number' }, step] });
    await rejects(fails({ increment: 'text' }), 'NOT_A_NUMBER');
    await rejects(fails({ incrementFloat: 'text', by: 1 }), 'NOT_A_NUMBER');
    await rejects(fails({ append: 'object', suffix: 'x' }), 'WRONG_KIND');
    await rejects(fails({ increment: 'number', by: 2n ** 63n - 1n }), 'OVERFLOW');
    await rejects(fails({ increment: 'number', by: Number.MAX_SAFE_INTEGER }), 'OVERFLOW');
    assert.deepStrictEqual(await store.getMany(['other', 'number']), [undefined, 1]);
  });

  test('a step whose own condition does not hold stops nothing', async (store) => {
    await store.put('k', 1);
    const { results } = await store.transaction({
      then: [{ put: 'k', value: 2, ifAbsent: true }, { put: 'l', value: 2, ifAbsent: true }, { delete: 'none' }],
    });
    assert.deepStrictEqual(
      results.map((result) => (typeof result === 'boolean' ? result : result.applied)),
      [false, true, false],
    );
    assert.deepStrictEqual(await store.getMany(['k', 'l']), [1, 2]);
  });

  test('nothing to do is done', async (store) => {
    assert.deepStrictEqual(await store.transaction({}), { succeeded: true, results: [] });
    const checked = await store.transaction({ if: [{ key: 'k', exists: true }] });
    assert.deepStrictEqual(checked, { succeeded: false, results: [] });
  });

  test('too many keys or bytes are refused before anything is sent', async (store) => {
    const steps = Array.from({ length: 1024 }, (_, i) => ({ put: `k${i}`, value: i }));
    assert.equal((await store.transaction({ then: steps })).results.length, 1024);
    assert.equal(await store.count(), 1024);
    await rejects(
      store.transaction({ if: [{ key: 'one more', exists: false }], then: steps }),
      'TRANSACTION_TOO_LARGE',
    );
    const value = 'x'.repeat(3 * 1024 * 1024);
    const large = ['a', 'b', 'c'].map((key) => ({ put: key, value }));
    await rejects(store.transaction({ then: large }), 'TRANSACTION_TOO_LARGE');
    assert.equal(await store.has('a'), false);
    const step = { put: 'a', value: 1 };
    const many = Array.from({ length: 16_384 }, () => step);
    await rejects(store.transaction({ if: [{ key: 'a', exists: false }], then: many }), 'TRANSACTION_TOO_LARGE');
    assert.equal((await store.transaction({ then: many })).results.length, 16_384);
  });

  test('what is wrong with a condition or a step is told with its place', async (store) => {
    const bad: [spec: object, code: Parameters<typeof rejects>[1], says: RegExp][] = [
      [{ iff: [] }, 'INVALID_OPTION', /iff, did you mean if\?/],
      [{ then: {} }, 'INVALID_OPTION', /then must be an array/],
      [{ then: [{ put: 'k', valeu: 1 }] }, 'INVALID_OPTION', /valeu, did you mean value\?.*then\[0\]/],
      [{ then: [{ get: 'k' }, { put: 'k', value: undefined }] }, 'INVALID_VALUE', /then\[1\]/],
      [{ then: [{ put: 'k', value: 1, delete: 'k' }] }, 'INVALID_OPTION', /put and delete/],
      [{ then: [{ key: 'k' }] }, 'INVALID_OPTION', /one of put/],
      [{ then: ['get'] }, 'INVALID_OPTION', /a step must be an object/],
      [{ then: [{ put: 'k', value: 1, ttl: -1 }] }, 'INVALID_OPTION', /ttl/],
      [{ else: [{ get: 5 }] }, 'INVALID_KEY', /else\[0\]/],
      [{ if: [{ key: 'k' }] }, 'INVALID_OPTION', /needs exists, version or equals/],
      [{ if: [{ key: 'k', exists: true, version: 1 }] }, 'INVALID_OPTION', /exclude/],
      [{ if: [{ key: 'k', exists: false, equals: 1 }] }, 'INVALID_OPTION', /absent/],
      [{ if: [{ key: 'k', exists: 1 }] }, 'INVALID_OPTION', /exists/],
      [{ if: [{ key: 'k', version: -1 }] }, 'INVALID_VERSION', /if\[0\]/],
      [{ if: [{ key: 'k', equals: () => 1 }] }, 'INVALID_VALUE', /function/],
    ];
    for (const [spec, code, says] of bad) {
      const error = await rejects(store.transaction({ then: [{ put: 'x', value: 1 }], ...spec }), code);
      assert.match(error.message, says);
    }
    await rejects(store.transaction({ then: [] }, { timeout: 1 } as object), 'INVALID_OPTION');
    assert.equal(await store.count(), 0);
  });

  test('giving up', async (store, subject) => {
    subject.stall(250);
    const then = KEYS.map((key) => ({ put: key, value: 1 }));
    await rejects(store.transaction({ then }, { timeoutMs: 20 }), 'TIMEOUT', 'TIMEOUT_IN_FLIGHT');
    await rejects(store.getMany(KEYS, { snapshot: true, timeoutMs: 20 }), 'TIMEOUT');
    const signal = AbortSignal.timeout(20);
    await rejects(store.transaction({ then }, { signal }), 'ABORTED', 'ABORTED_IN_FLIGHT');
    await rejects(store.transaction({ then }, { signal }), 'ABORTED');
    await store.transaction({ then: KEYS.map((key) => ({ put: key, value: 2 })) });
    assert.deepStrictEqual(new Set(await store.getMany(KEYS)), new Set([2]));
  });
}
