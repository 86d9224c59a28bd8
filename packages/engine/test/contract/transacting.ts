/** Contract: transact(): a function whose reads and writes take effect at one moment. */
import assert from 'node:assert/strict';
import type { Transaction } from '../../src/client/store/store-transactions.ts';
import { rejects, type Test } from './subject.ts';

export function transacting(test: Test): void {
  test('returns what the function returns, and writes what it wrote', async (store) => {
    await store.putMany(Object.entries({ a: 10, b: 0 }));
    const moved = await store.transact(async (tx) => {
      const [a = 0, b = 0] = await tx.getMany<number>(['a', 'b']);
      tx.put('a', a - 3);
      tx.put('b', b + 3);
      return 3;
    });
    assert.equal(moved, 3);
    assert.deepStrictEqual(await store.getMany(['a', 'b']), [7, 3]);
    assert.equal(await store.transact(() => 'no promise needed'), 'no promise needed');
  });

  test('own writes are seen by own reads, and by nobody else before the end', async (store) => {
    await store.put('k', 'old', { ttl: 60_000 });
    await store.transact(async (tx) => {
      tx.put('new', { a: 1 });
      assert.deepStrictEqual(await tx.get('new'), { a: 1 });
      assert.equal((await tx.getEntry('new'))?.version, 0);
      assert.equal(await store.get('new'), undefined);
      assert.equal(await tx.append('k', '!'), 4);
      assert.equal(await tx.get('k'), 'old!');
      assert.ok((await tx.getEntry('k'))!.expiresAt! > Date.now());
      assert.equal(await tx.persist('k'), true);
      assert.equal((await tx.getEntry('k'))?.expiresAt, undefined);
      tx.delete('k');
      assert.equal(await tx.has('k'), false);
      assert.equal(await tx.increment('k', 5), 5);
      assert.equal(await tx.incrementFloat('k', 0.5), 5.5);
      assert.equal(await tx.expire('none', 1000), false);
      tx.put('k', 'kept', { ttl: 60_000 });
      tx.put('k', 'last', { keepTtl: true });
    });
    const entry = await store.getEntry('k');
    assert.ok(entry?.value === 'last' && entry.expiresAt! > Date.now());
    assert.deepStrictEqual(await store.get('new'), { a: 1 });
  });

  test('what was read and changed meanwhile makes it run again', async (store) => {
    await store.put('k', 1);
    let runs = 0;
    const result = await store.transact(async (tx) => {
      const k = (await tx.get<number>('k'))!;
      if (++runs < 4) await store.put('k', k * 10);
      tx.put('copy', k);
      return k;
    });
    assert.deepStrictEqual([runs, result, await store.get('copy')], [4, 1000, 1000]);
  });

  test('a key that was absent and came is a conflict too', async (store) => {
    let runs = 0;
    const seen = await store.transact(async (tx) => {
      const there = await tx.has('k');
      if (++runs === 1) await store.put('k', 1);
      tx.put('seen', there);
      return there;
    });
    assert.deepStrictEqual([runs, seen], [2, true]);
  });

  test('a read alone is checked with the others: no write skew, no torn snapshot', async (store) => {
    await store.putMany(Object.entries({ ada: 'on call', bob: 'on call' }));
    const leave = (who: string) =>
      store.transact(async (tx) => {
        const others = await tx.getMany(['ada', 'bob']);
        if (others.filter((state) => state === 'on call').length > 1) tx.put(who, 'off');
      });
    await Promise.all([leave('ada'), leave('bob')]);
    const states = await store.getMany(['ada', 'bob']);
    assert.equal(states.filter((state) => state === 'on call').length, 1);
    let runs = 0;
    const pair = await store.transact(async (tx) => {
      const first = await tx.get('x');
      if (++runs === 1) await store.putMany(Object.entries({ x: 1, y: 1 }), { atomic: true });
      return [first, await tx.get('y')];
    });
    assert.deepStrictEqual([runs, pair], [2, [1, 1]]);
  });

  test('writes without reads never conflict', async (store) => {
    let runs = 0;
    await store.transact(async (tx) => {
      runs++;
      tx.put('k', 'mine');
      tx.delete('gone');
      await store.putMany(Object.entries({ k: 'theirs', gone: 1 }));
    });
    assert.equal(runs, 1);
    assert.deepStrictEqual(await store.getMany(['k', 'gone']), ['mine', undefined]);
  });

  test('an error of the function ends it and nothing is written', async (store) => {
    await store.put('k', 1);
    const aborted = store.transact(async (tx) => {
      tx.put('k', 2);
      await tx.get('other');
      throw new RangeError('changed my mind');
    });
    await assert.rejects(aborted, RangeError);
    assert.equal(await store.get('k'), 1);
    await rejects(
      store.transact((tx) => tx.put('k', undefined)),
      'INVALID_VALUE',
    );
    await store.put('text', 'abc');
    await rejects(
      store.transact((tx) => tx.increment('text')),
      'NOT_A_NUMBER',
    );
  });

  test('a sum is what was added, and one beyond its range is not written', async (store) => {
    await store.putMany(Object.entries({ n: Number.MAX_SAFE_INTEGER - 1, big: 1 }));
    const sums = await store.transact(async (tx) => {
      const last = await tx.increment('n');
      await rejects(tx.increment('n'), 'OVERFLOW');
      return [last, await tx.increment('big', 2n ** 53n), await tx.increment('big', 2n)];
    });
    assert.deepStrictEqual(sums, [Number.MAX_SAFE_INTEGER, 2n ** 53n + 1n, 2n ** 53n + 3n]);
    assert.deepStrictEqual(await store.getMany(['n', 'big']), [Number.MAX_SAFE_INTEGER, 2n ** 53n + 3n]);
  });

  test('an error of a function that was misled by others makes it run again', async (store) => {
    await store.putMany(Object.entries({ a: 5, b: 5 }));
    let runs = 0;
    const sum = await store.transact(async (tx) => {
      const a = (await tx.get<number>('a'))!;
      if (++runs === 1) await store.putMany(Object.entries({ a: 2, b: 8 }), { atomic: true });
      const b = (await tx.get<number>('b'))!;
      if (a + b !== 10) throw new Error('the total must be 10');
      return a + b;
    });
    assert.deepStrictEqual([runs, sum], [2, 10]);
  });

  test('CONFLICT after so many retries', async (store) => {
    let runs = 0;
    await store.put('k', 0);
    const never = store.transact(
      async (tx) => {
        runs++;
        tx.put('copy', await tx.get('k'));
        await store.increment('k');
      },
      { retries: 3 },
    );
    await rejects(never, 'CONFLICT');
    assert.equal(runs, 4);
    assert.equal(await store.has('copy'), false);
  });

  test('increments of many at once add up', async (store) => {
    const add = () =>
      store.transact(
        async (tx) => {
          tx.put('sum', ((await tx.get<number>('sum')) ?? 0) + 1);
        },
        { retries: 1000 },
      );
    await Promise.all(Array.from({ length: 12 }, add));
    assert.equal(await store.get('sum'), 12);
  });

  test('calls on tx that are not awaited are part of it; later ones are refused', async (store) => {
    let kept: Transaction | undefined;
    await store.transact((tx) => {
      kept = tx;
      void tx.increment('a');
      void tx.increment('a');
    });
    assert.equal(await store.get('a'), 2);
    await rejects(kept!.get('a'), 'INVALID_OPTION');
    assert.throws(() => kept!.put('a', 5), /over/);
    assert.equal(await store.get('a'), 2);
  });

  test('one inside of another is refused, bad arguments too', async (store) => {
    await rejects(
      store.transact(() => store.transact(() => 1)),
      'INVALID_OPTION',
    );
    await rejects(store.transact('get' as never), 'INVALID_OPTION');
    for (const retries of [-1, 1.5, '3', 1001]) {
      await rejects(
        store.transact(() => 1, { retries: retries as number }),
        'INVALID_OPTION',
      );
    }
    assert.equal(await store.transact(() => 1, { retries: 0 }), 1);
  });

  test('signal and timeout hold for the whole of it', async (store) => {
    const controller = new AbortController();
    const aborted = store.transact(
      async (tx) => {
        await tx.get('k');
        controller.abort(new Error('enough'));
        await tx.get('l');
      },
      { signal: controller.signal },
    );
    await rejects(aborted, 'ABORTED');
    const slow = store.transact(
      async (tx) => {
        const k = await tx.get<number>('k');
        await store.increment('k');
        tx.put('copy', k ?? 0);
      },
      { timeoutMs: 60, retries: 1000 },
    );
    await rejects(slow, 'TIMEOUT', 'TIMEOUT_IN_FLIGHT');
  });
}
