/** A recorded store: what each call becomes in the history, what is refused, and that an honest store is found honest. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Store } from '@quintet/engine';
import {
  checkLinearizable,
  History,
  NotRecordable,
  recordStore,
  renderOperation,
  TestCluster,
} from '../../src/index.ts';

describe('a recorded store', { timeout: 60_000 }, () => {
  let test: TestCluster;
  let history: History;
  let store: Store;
  before(async () => {
    test = await TestCluster.start({ nodes: 2, shards: 4, hangLimitMs: 10_000 });
  });
  after(() => test.close());
  beforeEach(async () => {
    await test.cluster.clear();
    history = new History();
    store = recordStore(test.cluster, history, 1);
  });

  /** Every record in a line: key, operation, result. Versions and windows differ from run to run. */
  const told = (): string[] =>
    history.records().map(({ key, operation, outcome }) => {
      const { version, ...result } = outcome.kind === 'ok' ? outcome.result : { version: undefined };
      const said = outcome.kind === 'ok' ? JSON.stringify(result) + (version === undefined ? '' : ' @') : outcome.kind;
      return `${key}: ${renderOperation(operation).replace(/expiring .*/, 'expiring')} ${said}`;
    });

  const isHonest = (): void => assert.equal(checkLinearizable(history).verdict, 'ok');

  it('records what is one step: releases of locks, limits, reads that give time', async () => {
    const limit = { ttl: 60_000, ttlOnlyIfNew: true };
    await store.put('lock', 'ada');
    assert.equal(await store.deleteIfValue('lock', 'bob'), false);
    assert.equal(await store.getAndExpire('lock', { ttl: 60_000 }), 'ada');
    assert.equal(await store.getAndExpire('lock', { persist: true }), 'ada');
    assert.equal(await store.increment('hits', 1, limit), 1);
    await store.transact(async (tx) => {
      await tx.increment('hits', 2, limit);
      await tx.deleteIfValue('lock', 'ada');
    });
    await store.transaction({
      then: [
        { deleteIfValue: 'lock', value: 'ada' },
        { getAndExpire: 'hits', ttl: 5 },
      ],
    });
    assert.deepEqual(told(), [
      'lock: put "ada" {"applied":true} @',
      'lock: delete if "bob" {"applied":false}',
      'lock: getAndExpire expiring {"value":"ada"}',
      'lock: getAndExpire never {"value":"ada"}',
      'hits: increment by 1 expiring {"number":1}',
      'hits: increment by 2 expiring {"number":3}',
      'lock: delete {"applied":true}',
      'hits: getAndExpire expiring {"value":"3"}',
    ]);
    isHonest();
    await assert.rejects(
      store.update('k', () => 1),
      NotRecordable,
    );
  });

  it('finds a store that releases the lock of another', async () => {
    const dishonest = new Proxy<Store>(test.cluster, {
      get: (cluster, name) => {
        if (name === 'deleteIfValue') return (key: string) => cluster.delete(key);
        const member: unknown = Reflect.get(cluster, name, cluster);
        return typeof member === 'function' ? member.bind(cluster) : member;
      },
    });
    const trusting = recordStore(dishonest, history, 1);
    await trusting.put('lock', 'ada');
    await trusting.deleteIfValue('lock', 'bob');
    assert.equal(checkLinearizable(history).verdict, 'violation');
  });

  it('records every call of one key, and gives back what the store gives', async () => {
    assert.equal((await store.put('k', 'a')).applied, true);
    assert.equal(await store.get('k'), 'a');
    const { version } = (await store.getEntry('k'))!;
    assert.equal((await store.put('k', 'b', { ifVersion: version })).applied, true);
    assert.equal((await store.put('k', 'c', { ifVersion: version })).applied, false);
    assert.equal((await store.put('k', 'c', { ifAbsent: true })).applied, false);
    assert.equal((await store.put('k', 'd', { returnPrevious: true })).previous, 'b');
    assert.equal(await store.getAndPut('k', 'e'), 'd');
    assert.equal(await store.expire('k', 60_000), true);
    assert.equal(await store.getAndDelete('k'), 'e');
    assert.equal(await store.delete('k'), false);
    assert.equal(await store.put('k', 'f', { ifVersion: 0, ttl: 60_000 }).then(({ applied }) => applied), true);
    assert.equal(await store.increment('n', 5), 5);
    assert.equal(await store.increment('n'), 6);
    assert.equal(await store.append('t', 'ü'), 2);
    assert.equal(await store.append('t', 'ber'), 5);
    assert.equal(await store.get('none'), undefined);
    assert.deepEqual(told(), [
      'k: put "a" {"applied":true} @',
      'k: get {"value":"a"}',
      'k: get {"value":"a"} @',
      `k: put "b" if version ${version} {"applied":true} @`,
      `k: put "c" if version ${version} {"applied":false} @`,
      'k: put "c" if absent {"applied":false} @',
      'k: getAndPut "d" {"value":"b"} @',
      'k: getAndPut "e" {"value":"d"}',
      'k: expire expiring {"applied":true}',
      'k: getAndDelete {"value":"e"}',
      'k: delete {"applied":false}',
      'k: put "f" if absent expiring {"applied":true} @',
      'n: increment by 5 {"number":5}',
      'n: increment by 1 {"number":6}',
      't: append "Ã¼" {"length":2}',
      't: append "ber" {"length":5}',
      'none: get {"value":null}',
    ]);
    isHonest();
  });

  it('records calls on many keys key by key', async () => {
    await store.putMany(
      [
        ['a', 1],
        ['b', 2],
      ],
      { ttl: 60_000 },
    );
    assert.deepEqual(await store.getMany(['a', 'x', 'b']), [1, undefined, 2]);
    assert.equal(await store.deleteMany(['a', 'x']), 1);
    assert.equal(await store.deleteMany(['b']), 1);
    assert.equal(await store.deleteMany(['b']), 0);
    const lines = told();
    assert.deepEqual(lines.slice(0, 5).sort(), [
      'a: get {"value":"1"}',
      'a: put "1" expiring {"applied":true}',
      'b: get {"value":"2"}',
      'b: put "2" expiring {"applied":true}',
      'x: get {"value":null}',
    ]);
    // One of two was there: which, the answer does not say.
    assert.deepEqual(lines.slice(5).sort(), [
      'a: delete unknown',
      'b: delete {"applied":false}',
      'b: delete {"applied":true}',
      'x: delete unknown',
    ]);
    isHonest();
  });

  it('records transactions key by key, with what took effect', async () => {
    await store.put('from', 10);
    const { succeeded } = await store.transaction({
      if: [{ key: 'from', exists: true }],
      then: [
        { increment: 'from', by: -3 },
        { increment: 'to', by: 3 },
        { put: 'log', value: 'a', ifAbsent: true },
        { put: 'log', value: 'b', ifAbsent: true },
        { get: 'to' },
        { delete: 'none' },
      ],
      else: [{ put: 'from', value: 100 }],
    });
    assert.equal(succeeded, true);
    await store.transact(async (tx) => {
      const from = (await tx.get<number>('from'))!;
      tx.put('from', from - 1);
      assert.equal(await tx.increment('to'), 4);
      tx.delete('log');
    });
    assert.deepEqual(await store.getMany(['from', 'to', 'log']), [6, 4, undefined]);
    assert.deepEqual(
      told().slice(1, -3).sort(),
      [
        'from: get {"value":"7"}',
        'from: increment by -3 {"number":7}',
        'from: put "6" {"applied":true}',
        'log: delete unknown',
        'log: put "a" {"applied":true}',
        'to: get {"value":"3"}',
        'to: increment by 1 {"number":4}',
        'to: increment by 3 {"number":3}',
      ].sort(),
    );
    isHonest();
  });

  it('forgets what an attempt read that did not come to an end', async () => {
    await store.put('k', 1);
    let attempts = 0;
    await store.transact(async (tx) => {
      await tx.get('k');
      attempts += 1;
      if (attempts === 1) await store.put('k', 2);
      tx.put('k', 3);
    });
    assert.equal(attempts, 2);
    assert.deepEqual(
      told().filter((line) => line.includes('get')),
      ['k: get {"value":"2"}'],
    );
    isHonest();
  });

  it('tells values apart whatever they are, and lengths with them', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await store.put('b', bytes);
    assert.equal(await store.append('b', new Uint8Array([0, 1])), 258);
    assert.deepEqual(await store.get('b'), Uint8Array.of(...bytes, 0, 1));
    for (const value of [{ b: [1, { c: null }], a: 2n }, new Map([['k', new Date(0)]]), null, true]) {
      await store.put('o', value);
      assert.deepEqual(await store.get('o'), value);
    }
    isHonest();
    history.invoke(2, 'o', { kind: 'get' }).ok({ value: '={ a: 2n, b: [ 1, { c: undefined } ] }' });
    assert.equal(checkLinearizable(history).verdict, 'violation');
  });

  it('refuses what the checker cannot judge, before anything is sent', async () => {
    await test.cluster.put('k', 1.5);
    const before = test.cluster.status().shards.map(({ committedSeq }) => committedSeq);
    const refused: readonly (() => Promise<unknown>)[] = [
      () => store.rename('k', 'l'),
      () => store.copy('k', 'l'),
      () => store.clear(),
      () => store.incrementFloat('k', 1),
      () => store.persist('k'),
      () => store.put('k', 1, { keepTtl: true }),
      () => store.put('k', 1, { expiresAt: 1 }),
      () => store.getAndPut('k', 1, { ifAbsent: true }),
      () => store.expire('k', 1000, { when: 'none' }),
      () => store.increment('k', 2n ** 60n),
      () => store.transaction({ then: [{ put: 'k', value: 1 }, { persist: 'k' }] }),
      () => store.transact((tx) => tx.incrementFloat('k', 1)),
    ];
    for (const call of refused) await assert.rejects(call(), NotRecordable, String(call));
    assert.deepEqual(
      test.cluster.status().shards.map(({ committedSeq }) => committedSeq),
      before,
    );
    assert.equal(history.size, 0);
  });

  it('records what an error says of its outcome', async () => {
    const aborted = AbortSignal.abort();
    await assert.rejects(store.put('k', 1, { signal: aborted }), { code: 'ABORTED' });
    await assert.rejects(store.putMany([['k', 1]], { signal: aborted, atomic: true }), { code: 'ABORTED' });
    const inFlight = new AbortController();
    const sent = store.put('k', 2, { signal: inFlight.signal });
    const both = store.transaction({ then: [{ put: 'k', value: 3 }] }, { signal: inFlight.signal });
    inFlight.abort();
    await assert.rejects(sent, { code: 'ABORTED_IN_FLIGHT' });
    await assert.rejects(both, { code: /^ABORTED/ });
    assert.deepEqual(told().slice(0, 3), ['k: put "1" not-applied', 'k: put "1" not-applied', 'k: put "2" unknown']);
    await store.get('k');
    isHonest();
  });
});
