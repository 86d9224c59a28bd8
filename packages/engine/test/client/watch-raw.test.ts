/** Raw watches, and positions as text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TypedStore } from '../../src/client/typed/typed-store.ts';
import { ValueKind } from '../../src/core/data/operation.ts';
import { formatPosition, parsePosition, WatchLagged } from '../../src/index.ts';
import { watchRaw } from '../../src/internal.ts';
import { FakeExecutor } from '../contract/fake-executor.ts';
import { throws } from '../contract/subject.ts';

function opened(options: Partial<Parameters<typeof watchRaw>[1]> = {}) {
  const executor = new FakeExecutor();
  let news = 0;
  const watch = watchRaw(executor, { prefix: 'k', ...options }, () => news++);
  return { executor, store: new TypedStore(executor), watch, news: () => news };
}

describe('raw watches', () => {
  it('hold changes as the core tells them until they are taken, and say that there are some', async () => {
    const { store, watch, news } = opened();
    assert.deepEqual([watch.starting, watch.ended, news()], [false, false, 1]);
    await store.put('k', 'grüß');
    await store.transaction({ then: ['k1', 'k2', 'k3'].map((put) => ({ put, value: 1 })) });
    assert.equal(news(), 3);
    assert.ok(watch.heldBytes > 400);
    const before = watch.position;
    const change = watch.takeChange()!;
    assert.deepEqual([change.key, change.kind, change.value], ['k', ValueKind.text, 'gr\u00c3\u00bc\u00c3\u009f']);
    assert.notDeepEqual(watch.position, before);
    const amid = watch.position;
    assert.equal(watch.takeChange()!.key, 'k1');
    assert.deepEqual(watch.position, amid, 'amid a transaction it is before it');
    assert.equal(watch.takeBatch()!.length, 2, 'what is left of it');
    assert.deepEqual([watch.takeBatch(), watch.heldBytes], [undefined, 0]);
    watch.stop();
  });

  it('end when they hold too much, with the position after what was taken by then', async () => {
    const { executor, store, watch } = opened({ bufferMax: 2 });
    for (let i = 0; i < 5; i++) await store.put('k', i);
    assert.equal(executor.watches.size, 0);
    assert.ok(watch.ended && watch.failure instanceof WatchLagged);
    watch.takeBatch();
    const { position } = watch.failure as WatchLagged;
    const again = watchRaw(executor, { prefix: 'k', from: position! }, () => undefined);
    assert.equal(again.takeChange()!.value, '1');
    again.stop();
    again.stop();
    assert.deepEqual(
      [again.ended, again.failure, again.takeChange(), executor.watches.size],
      [true, undefined, undefined, 0],
    );
  });

  it('check what they are asked for, and whom', () => {
    throws(() => opened({ key: 'k' }), 'INVALID_OPTION');
    throws(() => opened({ bufferMax: 0 }), 'INVALID_OPTION');
    const { limits, shards } = new FakeExecutor();
    throws(() => watchRaw({ limits, shards } as never, { prefix: '' }, () => undefined), 'CLOSED');
  });
});

describe('positions as text', () => {
  it('come back as what they were', () => {
    for (const versions of [{}, { 0: 0 }, { 0: 17, 1: 4, 12: Number.MAX_SAFE_INTEGER }]) {
      const position = { cluster: '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed', versions };
      assert.deepEqual(parsePosition(formatPosition(position)), position);
    }
    assert.equal(formatPosition({ cluster: 'c', versions: { 0: 17, 1: 4 } }), 'c:0=17,1=4');
  });

  it('are nothing else', () => {
    for (const text of [
      '',
      'c',
      '17',
      ':0=1',
      'c:0',
      'c:0=',
      'c:=1',
      'c:0=1,',
      'c:0=-1',
      'c:0=9007199254740993',
      'c:0=1;1=2',
    ]) {
      throws(() => parsePosition(text), 'INVALID_OPTION');
    }
  });
});
