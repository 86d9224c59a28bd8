/** Contract: watch(). */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { type Change, type Watcher, WatchLagged, type WatchPosition } from '../../src/client/store/store-watch.ts';
import type { Key } from '../../src/index.ts';
import { expired, rejects, type Test, throws } from './subject.ts';

/** The next `count` changes. */
async function take<V, K extends Key>(watcher: Watcher<V, K>, count: number): Promise<Change<V, K>[]> {
  const changes: Change<V, K>[] = [];
  while (changes.length < count) {
    const { done, value } = await watcher.next();
    assert.ok(!done, `ended after ${changes.length} changes`);
    changes.push(value);
  }
  return changes;
}

/** Everything until the error that ends it. */
async function drain(watcher: Watcher): Promise<{ changes: Change[]; error: WatchLagged }> {
  const changes: Change[] = [];
  try {
    for await (const change of watcher) changes.push(change);
  } catch (error) {
    assert.ok(error instanceof WatchLagged, String(error));
    assert.equal(error.code, 'WATCH_LAGGED');
    return { changes, error };
  }
  assert.fail('ended without an error');
}

export function watching(test: Test): void {
  test('every change of a key, in order, decoded', async (store) => {
    await store.put('k', 'before');
    const watcher = store.watch({ key: 'k' });
    await watcher.ready;
    const { version } = await store.put('k', { a: 1 }, { ttl: 60_000 });
    await store.put('other', 1);
    await store.put('k', 5);
    await store.increment('k');
    await store.delete('k');
    await store.delete('k');
    const changes = await take(watcher, 4);
    assert.deepStrictEqual(
      changes.map(({ type, key, value }) => [type, key, value]),
      [
        ['put', 'k', { a: 1 }],
        ['put', 'k', 5],
        ['put', 'k', 6],
        ['delete', 'k', undefined],
      ],
    );
    assert.equal(changes[0]!.version, version);
    assert.ok(changes[0]!.expiresAt! > Date.now() && changes[1]!.expiresAt === undefined);
    assert.equal(changes[0]!.transaction, undefined);
    assert.ok(!('previous' in changes[0]!));
    watcher.close();
  });

  test('a prefix over all shards, with the values before', async (store) => {
    await store.put('p:1', 'old');
    await using watcher = store.watch({ prefix: 'p:', previous: true });
    await watcher.ready;
    await store.put('p:1', 'new');
    await store.putMany(Array.from({ length: 50 }, (_, i) => [`p:x${i}`, i] as const));
    await store.put('q:1', 1);
    await store.delete('p:1');
    const changes = await take(watcher, 52);
    const of = (key: string) =>
      changes.filter((change) => change.key === key).map(({ type, previous }) => [type, previous]);
    assert.deepStrictEqual(of('p:1'), [
      ['put', 'old'],
      ['delete', 'new'],
    ]);
    assert.deepStrictEqual(of('p:x7'), [['put', undefined]]);
    assert.equal(new Set(changes.map(({ key }) => key)).size, 51);
  });

  test('expiry, new deadlines and clear are told', async (store) => {
    await using watcher = store.watch({ key: 'k' });
    await watcher.ready;
    await store.put('k', 'v');
    await store.expire('k', 60_000);
    await store.put('k', 'short', { ttl: 30 });
    const [put, deadline, short] = await take(watcher, 3);
    assert.deepStrictEqual([put!.type, deadline!.type, deadline!.value], ['put', 'put', 'v']);
    assert.ok(deadline!.expiresAt! > Date.now() && short!.value === 'short');
    await expired(store, 'k');
    await store.put('k', 'again', { ifAbsent: true });
    await store.clear();
    const later = await take(watcher, 2);
    const last = later.at(-1)!.type === 'clear' ? later : [...later, ...(await take(watcher, 1))];
    assert.deepStrictEqual(
      last.filter(({ type }) => type !== 'expire').map(({ type, key }) => [type, key]),
      [
        ['put', 'k'],
        ['clear', 'k'],
      ],
    );
  });

  test('the changes of a transaction come together, marked', async (store) => {
    await using watcher = store.watch({ prefix: '' });
    await watcher.ready;
    const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
    const write = (value: number) => store.transaction({ then: keys.map((key) => ({ put: key, value })) });
    const single = async () => {
      for (let i = 0; i < 10; i++) await store.put('single', i);
    };
    await Promise.all([write(1), single(), write(2), write(3), single()]);
    const batches: Change[][] = [];
    let heard = 0;
    for await (const batch of watcher.batches()) {
      batches.push(batch);
      heard += batch.length;
      if (heard === 44) break;
    }
    const together = batches.filter(({ length }) => length > 1);
    assert.equal(together.length, 3);
    assert.equal(new Set(together.map(([first]) => first!.transaction)).size, 3);
    for (const batch of together) {
      assert.deepStrictEqual(batch.map(({ key }) => key).sort(), keys);
      assert.equal(new Set(batch.map(({ transaction, value }) => `${transaction} ${value}`)).size, 1);
    }
    assert.ok(batches.filter(({ length }) => length === 1).every(([change]) => change!.transaction === undefined));
  });

  test('begins when it is made: what is written after is told', async (store) => {
    for (let round = 0; round < 5; round++) {
      void store.put('k', 'before');
      await using watcher = store.watch({ key: 'k' });
      await store.put('k', `after ${round}`);
      for await (const { value } of watcher) if (value === `after ${round}`) break;
    }
  });

  test('goes on from a position that has been through JSON', async (store) => {
    const first = store.watch({ prefix: 'k' });
    assert.equal(first.position === undefined || typeof first.position === 'object', true);
    await first.ready;
    await store.putMany(Array.from({ length: 20 }, (_, i) => [`k${i}`, i] as const));
    const heard = await take(first, 7);
    const from = JSON.parse(JSON.stringify(first.position)) as WatchPosition;
    first.close();
    await store.put('k0', 'while away');
    await using second = store.watch({ prefix: 'k', from });
    assert.deepStrictEqual(second.position, from);
    await store.put('k1', 'last');
    const rest = await take(second, 15);
    const all = [...heard, ...rest].map(({ key, value }) => `${key}=${value}`).sort();
    const expected = [...Array.from({ length: 20 }, (_, i) => `k${i}=${i}`), 'k0=while away', 'k1=last'];
    assert.deepStrictEqual(all, expected.sort());
  });

  test('amid a transaction the position is before it', async (store) => {
    const first = store.watch({ prefix: 'k' });
    await first.ready;
    const then = Array.from({ length: 6 }, (_, i) => ({ put: `k${i}`, value: i }));
    await store.transaction({ then });
    const before = first.position;
    await take(first, 4);
    assert.deepStrictEqual(first.position, before);
    await using second = store.watch({ prefix: 'k', from: before! });
    assert.equal((await take(second, 6)).length, 6);
    await take(first, 2);
    assert.notDeepStrictEqual(first.position, before);
    first.close();
  });

  test('a version of one key to go on from', async (store) => {
    const { version } = await store.put('k', 1);
    await store.put('elsewhere', 1);
    const watcher = store.watch({ key: 'k', fromVersion: version });
    await watcher.ready;
    await store.put('k', 2);
    assert.equal((await take(watcher, 1))[0]!.value, 2);
    const again = store.watch({ key: 'k', fromVersion: version });
    assert.equal((await take(again, 1))[0]!.value, 2, 'it is remembered');
    const absent = store.watch({ key: 'not yet', fromVersion: 0 });
    await absent.ready;
    await store.put('not yet', 'now');
    assert.equal((await take(absent, 1))[0]!.value, 'now');
    for (const one of [watcher, again, absent]) one.close();
  });

  test('a key that was left alone can be watched on although the rest is forgotten', async (store, subject) => {
    const { version } = await store.put('quiet', 1);
    const first = store.watch({ key: 'quiet' });
    await first.ready;
    const from = first.position!;
    first.close();
    await store.putMany(Array.from({ length: 50 }, (_, i) => [`k${i}`, i] as const));
    await subject.forgetChanges();
    const watchers = [store.watch({ key: 'quiet', from }), store.watch({ key: 'quiet', fromVersion: version })];
    // Until it is ready, a look at the key decides: a write before that look may be all that is seen.
    await Promise.all(watchers.map(({ ready }) => ready));
    await store.put('quiet', 2);
    for (const watcher of watchers) assert.equal((await take(watcher, 1))[0]!.value, 2);
    for (const watcher of watchers) watcher.close();
    throws(() => store.watch({ key: 'quiet', from: { ...from, versions: {} } }), 'INVALID_OPTION');
    const gone = await store.put('gone', 1);
    await store.delete('gone');
    await subject.forgetChanges();
    await rejects(store.watch({ key: 'gone', fromVersion: gone.version }).next(), 'WATCH_LAGGED');
  });

  test('a version that nobody remembers, and a position of another cluster: lagged, with no place to go on', async (store, subject) => {
    const { version } = await store.put('never watched', 1);
    await store.put('never watched', 2);
    await subject.forgetChanges();
    const since = await drain(store.watch({ key: 'never watched', fromVersion: version }));
    assert.deepStrictEqual([since.changes, since.error.position], [[], undefined]);
    const from = { cluster: 'another', versions: { 0: 5 } };
    const watcher = store.watch({ prefix: '', from });
    assert.equal((await rejects(watcher.ready, 'WATCH_LAGGED')) instanceof WatchLagged, true);
    assert.equal((await drain(watcher)).error.position, undefined);
    assert.deepStrictEqual(await watcher.next(), { done: true, value: undefined });
  });

  test('a reader that is too slow hears what fitted, then that it lagged, and where to go on', async (store) => {
    const watcher = store.watch({ prefix: 'k', bufferMax: 10 });
    await watcher.ready;
    await store.putMany(Array.from({ length: 30 }, (_, i) => [`k${i}`, i] as const));
    const { changes, error } = await drain(watcher);
    assert.equal(changes.length, 10);
    await using second = store.watch({ prefix: 'k', from: error.position!, bufferMax: 100 });
    const rest = await take(second, 20);
    assert.equal(new Set([...changes, ...rest].map(({ key }) => key)).size, 30);
    assert.deepStrictEqual(await watcher.next(), { done: true, value: undefined });
  });

  test('bytes bound the buffer too, but one change always fits', async (store) => {
    const watcher = store.watch({ key: 'k', bufferBytesMax: 1000 });
    await watcher.ready;
    await store.put('k', 'x'.repeat(5000));
    await store.put('k', 'y');
    const { changes } = await drain(watcher);
    assert.deepStrictEqual(
      changes.map(({ value }) => String(value).length),
      [5000],
    );
  });

  test('close, return and a signal end it and free everything', async (store) => {
    const closed = store.watch({ key: 'k' });
    const waiting = closed.next();
    closed.close();
    closed.close();
    assert.deepStrictEqual(await waiting, { done: true, value: undefined });
    assert.deepStrictEqual(await closed.next(), { done: true, value: undefined });

    const controller = new AbortController();
    const { signal } = controller;
    const left = store.watch({ key: 'k', signal });
    await left.ready;
    await store.put('k', 1);
    for await (const change of left) if (change) break;
    assert.equal(getEventListeners(signal, 'abort').length, 0);

    const aborted = store.watch({ key: 'k', signal });
    const pending = aborted.next();
    const late = aborted.next();
    controller.abort(new Error('enough'));
    assert.equal(((await rejects(pending, 'ABORTED')).cause as Error).message, 'enough');
    assert.deepStrictEqual(await late, { done: true, value: undefined });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await rejects(store.watch({ key: 'k', signal }).next(), 'ABORTED');
    await rejects(store.watch({ key: 'k', signal }).ready, 'ABORTED');
  });

  test('several may wait at a time, for changes or batches', async (store) => {
    await using watcher = store.watch({ prefix: '' });
    const batches = watcher.batches();
    const waiting = [watcher.next(), batches.next(), watcher.next()] as const;
    await store.put('a', 1);
    await store.put('a', 2);
    await store.put('a', 3);
    const [first, second, third] = await Promise.all(waiting);
    assert.deepStrictEqual([first.value?.value, second.value?.[0]?.value, third.value?.value], [1, 2, 3]);
  });

  test('keys as bytes', async (store) => {
    const key = new Uint8Array([0, 255, 7]);
    await using watcher = store.watch({ prefix: new Uint8Array([0, 255]), keysAsBytes: true });
    await watcher.ready;
    await store.put(key, 1);
    assert.deepStrictEqual((await take(watcher, 1))[0]!.key, key);
  });

  test('what cannot be watched throws at once', async (store) => {
    const bad: [options: object, code: Parameters<typeof throws>[1]][] = [
      [{}, 'INVALID_OPTION'],
      [{ key: 'a', prefix: 'a' }, 'INVALID_OPTION'],
      [{ key: 5 }, 'INVALID_KEY'],
      [{ prefix: 'a', fromVersion: 3 }, 'INVALID_OPTION'],
      [{ key: 'a', fromVersion: -3 }, 'INVALID_VERSION'],
      [{ key: 'a', fromVersion: 3, from: { cluster: 'c', versions: {} } }, 'INVALID_OPTION'],
      [{ key: 'a', from: 7 }, 'INVALID_OPTION'],
      [{ key: 'a', from: { cluster: 'c', versions: { x: 1 } } }, 'INVALID_OPTION'],
      [{ key: 'a', bufferMax: 0 }, 'INVALID_OPTION'],
      [{ key: 'a', previous: 1 }, 'INVALID_OPTION'],
      [{ key: 'a', perfix: '' }, 'INVALID_OPTION'],
      [{ key: 'a', signal: 5 }, 'INVALID_OPTION'],
    ];
    for (const [options, code] of bad) throws(() => store.watch(options as never), code);
    throws(() => store.watch(null as never), 'INVALID_OPTION');
  });
}
