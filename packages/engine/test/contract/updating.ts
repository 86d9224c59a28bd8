/** Contract: update(): one entry changed by a function of its value. */
import assert from 'node:assert/strict';
import { KEEP } from '../../src/index.ts';
import { rejects, type Test } from './subject.ts';

export function updating(test: Test): void {
  test('the function is given the value, and what it returns is stored and returned', async (store) => {
    const add =
      (item: string) =>
      (cart: string[] = []) => [...cart, item];
    assert.deepStrictEqual(await store.update('cart', add('apple')), ['apple']);
    assert.deepStrictEqual(await store.update('cart', async (cart: string[] | undefined) => add('pear')(cart)), [
      'apple',
      'pear',
    ]);
    assert.deepStrictEqual(await store.get('cart'), ['apple', 'pear']);
  });

  test('undefined deletes, KEEP changes nothing', async (store) => {
    const { version } = await store.put('k', 1);
    assert.equal(await store.update('k', () => KEEP), 1);
    assert.equal((await store.getEntry('k'))!.version, version);
    assert.equal(await store.update('none', () => KEEP), undefined);
    assert.equal(await store.update('k', () => undefined), undefined);
    assert.equal(await store.update('none', () => undefined), undefined);
    assert.equal(await store.count(), 0);
  });

  test('updates at once are all counted', async (store) => {
    const updates = Array.from({ length: 8 }, () => store.update<number>('k', (n = 0) => n + 1, { retries: 1000 }));
    assert.deepStrictEqual((await Promise.all(updates)).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(await store.get('k'), 8);
  });

  test('who wrote meanwhile makes it run again, and CONFLICT after so many times', async (store) => {
    await store.put('k', 'a');
    let runs = 0;
    const write = async (value: string | undefined): Promise<string> => {
      if (++runs === 1) await store.put('k', 'b');
      return `${value}!`;
    };
    assert.equal(await store.update('k', write), 'b!');
    assert.equal(runs, 2);
    const lose = async (): Promise<string> => {
      await store.put('k', 'mine');
      return 'yours';
    };
    await rejects(store.update('k', lose, { retries: 2 }), 'CONFLICT');
    assert.equal(await store.get('k'), 'mine');
  });

  test('the deadline stays unless one is given', async (store) => {
    await store.put('k', 1, { ttl: 60_000 });
    const { expiresAt } = (await store.getEntry('k'))!;
    await store.update<number>('k', (n = 0) => n + 1);
    assert.equal((await store.getEntry('k'))!.expiresAt, expiresAt);
    await store.update<number>('k', (n = 0) => n + 1, { expiresAt: expiresAt! + 1000 });
    assert.equal((await store.getEntry('k'))!.expiresAt, expiresAt! + 1000);
    await store.update('new', () => 1, { ttl: 60_000 });
    assert.ok((await store.ttl('new'))! <= 60_000);
  });

  test('what the function throws ends it, and nothing is written', async (store) => {
    await store.put('k', 1);
    await assert.rejects(
      store.update('k', () => {
        throw new Error('no');
      }),
      /no/,
    );
    assert.equal(await store.get('k'), 1);
  });

  test('arguments that are none are refused', async (store) => {
    await rejects(store.update('k', 5 as never), 'INVALID_OPTION');
    await rejects(
      store.update('k', () => 1, { ifVersion: 1 } as never),
      'INVALID_OPTION',
    );
    await rejects(
      store.update('k', () => KEEP, { ttl: 0 }),
      'INVALID_OPTION',
    );
    await rejects(
      store.update('k', () => KEEP, { ttl: 1, expiresAt: 1 }),
      'INVALID_OPTION',
    );
    await rejects(
      store.update('k', () => (() => 1) as never),
      'INVALID_VALUE',
    );
    assert.equal(await store.has('k'), false);
  });
}
