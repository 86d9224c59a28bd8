/** When an entry was last used: what counts as a use, and that its mark is told and kept exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collidingKeys, storeAndClock } from './fixture.ts';

test('reading a value, writing, touching and a new deadline are uses; looking is none', () => {
  const { store, clock } = storeAndClock();
  store.put('key', 'value', 0, 1, 0);
  const idleAfter = (act: () => void): number => {
    store.touch('key');
    clock.tick += 5;
    act();
    return store.idleMs('key');
  };
  for (const look of [
    () => store.head('key'),
    () => store.peek('key'),
    () => store.idleMs('key'),
    () => store.hashOf('key'),
    () => store.walk(0, 10, 100, false, () => {}),
    () => store.touch('another'),
  ]) {
    assert.equal(idleAfter(look), 5000, `${look}`);
  }
  for (const use of [
    () => store.get('key'),
    () => store.touch('key'),
    () => store.touchHash(store.hashOf('key')),
    () => store.put('key', 'VALUE', 0, 2, 0),
    () => store.put('key', 'a longer value', 0, 3, 0),
    () => store.setDeadline('key', 4, 99),
    () => store.setDeadline('key', 5, 100),
    () => store.setDeadline('key', 6, 0),
  ]) {
    assert.equal(idleAfter(use), 0, `${use}`);
  }
  store.audit();
});

test('a mark has 24 bits beside the highest version, and survives moves', () => {
  const { store, clock } = storeAndClock();
  const version = Number.MAX_SAFE_INTEGER;
  for (const tick of [0, 0xffff, 0x1_0000, 0xab_cdef, 0xff_ffff]) {
    clock.tick = tick;
    store.put('key', 'value', 3, version, 7);
    clock.tick = (tick + 3) & 0xff_ffff;
    assert.equal(store.idleMs('key'), 3000);
    assert.deepEqual(store.peek('key'), { value: 'value', kind: 3, version, expiresAt: 7 });
    for (let i = 0; i < 2000; i++) store.put(`filler ${i}`, 'x'.repeat(i % 50), 0, 1, 0);
    while (store.reclaim());
    assert.equal(store.idleMs('key'), 3000);
    store.audit();
  }
  assert.equal(store.idleMs('absent'), 0);
});

test('a walk shows marks, and a put may be given one', () => {
  const { store, clock } = storeAndClock();
  clock.tick = 0x12_3456;
  store.put('key', 'value', 0, 1, 0);
  clock.tick += 10;
  let shown = -1;
  store.walk(0, 10, 100, true, ({ mark }) => {
    shown = mark;
  });
  assert.equal(shown, 0x12_3456);
  for (const value of ['other', 'a longer value']) {
    store.put('key', value, 0, 2, 0, shown);
    assert.equal(store.idleMs('key'), 10_000);
  }
});

test('a use that changes the mark is told once, by the hash', () => {
  const { store, clock } = storeAndClock();
  store.put('key', '', 0, 1, 0);
  clock.tick = 5;
  for (const use of [() => store.get('key'), () => store.touch('key')]) {
    clock.tick++;
    use();
    assert.equal(store.takeUse(), store.hashOf('key'));
    assert.equal(store.takeUse(), -1, 'it is taken once');
    use();
    assert.equal(store.takeUse(), -1, 'the second use in a tick changes nothing');
  }
  clock.tick++;
  store.get('key');
  store.get('key');
  assert.equal(store.takeUse(), -1, 'it is that of the last');
  for (const miss of [() => store.get('absent'), () => store.touch('absent')]) {
    clock.tick++;
    store.get('key');
    miss();
    assert.equal(store.takeUse(), -1, 'a miss uses nothing');
  }
});

test('touchHash marks all entries of that hash', () => {
  const { store, clock } = storeAndClock();
  const [one, other] = collidingKeys(store);
  store.put(one, '', 0, 1, 0);
  store.put(other, '', 0, 1, 0);
  clock.tick = 6;
  store.touchHash(store.hashOf(one));
  assert.deepEqual([store.idleMs(one), store.idleMs(other)], [0, 0]);
  store.touchHash(12345);
});
