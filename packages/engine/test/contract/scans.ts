/** Contract: iterators, count and clear. */
import assert from 'node:assert/strict';
import { collect, rejects, type Test, throws } from './subject.ts';

const NAMES = Array.from({ length: 1500 }, (_, i) => `user:${i}`);

export function scans(test: Test): void {
  test('entries and keys yield everything exactly once', async (store) => {
    await store.putMany(NAMES.map((name, i) => [name, i] as const));
    for (const pageSize of [1, 7, 256, 65_536]) {
      const keys = await collect(store.keys({ pageSize }));
      assert.deepStrictEqual(keys.toSorted(), NAMES.toSorted());
    }
    const entries = await collect(store.entries<number>());
    assert.equal(entries.length, NAMES.length);
    for (const [key, value] of entries) assert.equal(key, `user:${value}`);
  });

  test('an empty store yields nothing', async (store) => {
    assert.deepStrictEqual(await collect(store.entries()), []);
    assert.equal(await store.count(), 0);
  });

  test('prefix, match, and both', async (store) => {
    await store.putMany(['user:1', 'user:10', 'user:2', 'admin:1', 'üser:1', '*', '[x]'].map((name) => [name, name]));
    const found = async (options: object) => (await collect(store.keys(options))).toSorted();
    assert.deepStrictEqual(await found({ prefix: 'user:' }), ['user:1', 'user:10', 'user:2']);
    assert.deepStrictEqual(await found({ prefix: Buffer.from('ü') }), ['üser:1']);
    assert.deepStrictEqual(await found({ prefix: '' }), (await found({})).toSorted());
    assert.deepStrictEqual(await found({ match: '*:1' }), ['admin:1', 'user:1', 'üser:1']);
    assert.deepStrictEqual(await found({ match: 'user:?' }), ['user:1', 'user:2']);
    assert.deepStrictEqual(await found({ match: 'user:[2-9]' }), ['user:2']);
    assert.deepStrictEqual(await found({ match: '\\*' }), ['*']);
    assert.deepStrictEqual(await found({ match: '\\[x]' }), ['[x]']);
    assert.deepStrictEqual(await found({ match: 'ü*' }), ['üser:1']);
    assert.deepStrictEqual(await found({ prefix: 'user:1', match: '*0' }), ['user:10']);
    assert.deepStrictEqual(await found({ prefix: 'user:', match: 'user:1*' }), ['user:1', 'user:10']);
    assert.deepStrictEqual(await found({ prefix: 'user:', match: 'admin:*' }), []);
    assert.deepStrictEqual(await found({ match: '' }), []);
  });

  test('limit', async (store) => {
    await store.putMany(NAMES.map((name) => [name, 0]));
    for (const limit of [1, 2, 255, 256, 257, 1499, 1500, 9999]) {
      const keys = await collect(store.keys({ limit }));
      assert.equal(new Set(keys).size, Math.min(limit, NAMES.length));
      assert.equal(keys.length, Math.min(limit, NAMES.length));
    }
    assert.equal((await collect(store.keys({ limit: 3, match: '*9' }))).length, 3);
  });

  test('keysAsBytes', async (store) => {
    const key = new Uint8Array([0xff, 0x00, 0xc3]);
    await store.put(key, 'v');
    assert.deepStrictEqual(await collect(store.keys({ keysAsBytes: true })), [key]);
    assert.deepStrictEqual(await collect(store.entries({ keysAsBytes: true })), [[key, 'v']]);
    assert.deepStrictEqual(await collect(store.keys()), [key]);
  });

  test('what is there throughout is yielded exactly once, whatever else comes and goes', async (store) => {
    await store.putMany(NAMES.map((name) => [name, 'stays']));
    await store.putMany(NAMES.map((name) => [`goes:${name}`, 0]));
    const seen: string[] = [];
    let step = 0;
    for await (const [key, value] of store.entries({ pageSize: 16 })) {
      if (value === 'stays' || value === 'changed') seen.push(String(key));
      if (++step % 10 !== 0) continue;
      void store.delete(`goes:user:${step}`);
      void store.put(`comes:${step}`, 1);
      void store.put(`user:${step % 1500}`, 'changed');
    }
    assert.deepStrictEqual(seen.toSorted(), NAMES.toSorted());
  });

  test('leaving early leaves nothing behind', async (store) => {
    await store.putMany(NAMES.map((name) => [name, 0]));
    for await (const key of store.keys({ pageSize: 10 })) {
      assert.ok(key);
      break;
    }
    const iterator = store.entries();
    await iterator.next();
    assert.equal((await iterator.return?.())?.done, true);
    assert.equal((await iterator.next()).done, true);
    const untouched = store.keys();
    assert.equal((await untouched.return?.())?.done, true);
    assert.equal((await untouched.next()).done, true);
  });

  test('next() without awaiting is answered in order', async (store) => {
    await store.putMany([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    const iterator = store.keys({ pageSize: 1 });
    const steps = await Promise.all([1, 2, 3, 4].map(() => iterator.next()));
    assert.deepStrictEqual(
      steps.map(({ done }) => done),
      [false, false, false, true],
    );
  });

  test('an aborted scan stops in the middle of a page', async (store) => {
    await store.putMany(NAMES.map((name) => [name, 0]));
    const controller = new AbortController();
    let seen = 0;
    const scan = async () => {
      for await (const key of store.keys({ signal: controller.signal })) {
        assert.ok(key);
        if (++seen === 5) controller.abort(new Error('enough'));
      }
    };
    const error = await rejects(scan(), 'ABORTED');
    assert.equal((error.cause as Error).message, 'enough');
    assert.equal(seen, 5);
  });

  test('options of scans are checked at once', async (store) => {
    for (const options of [
      { limit: 0 },
      { limit: 1.5 },
      { limit: -1 },
      { pageSize: 0 },
      { pageSize: 65_537 },
      { match: 5 },
      { match: '\ud800' },
      { match: '*'.repeat(1025) },
      { keysAsBytes: 1 },
      { prefx: 'a' },
      { timeoutMs: -1 },
    ]) {
      throws(() => store.entries(options as object), 'INVALID_OPTION');
      throws(() => store.keys(options as object), 'INVALID_OPTION');
    }
    throws(() => store.keys({ prefix: 5 as never }), 'INVALID_KEY');
  });
}
