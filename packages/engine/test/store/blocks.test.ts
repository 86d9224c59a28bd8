/** Blocks in a store: whatever their memory looks like, they come out as they were put, and never change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_BYTES_MIN, type Block } from '../../src/core/data/block.ts';
import { createBudget } from '../../src/core/store/budget.ts';
import { BlockWriter } from '../../src/runtime/memory/value-block.ts';
import { newStore } from './fixture.ts';

const LENGTH = BLOCK_BYTES_MIN + 5;

function bytesOf(seed: number, length = LENGTH): Buffer {
  return Buffer.alloc(length, Buffer.from(Array.from({ length: 251 }, (_, at) => (at * seed + 1) & 255)));
}

/** As it arrives on a node: its memory is nobody's. */
function received(bytes: Buffer, keyBytes: number): Block {
  const writer = new BlockWriter(bytes.length, keyBytes, 0);
  writer.write(bytes, 0, bytes.length);
  const block = writer.finish();
  let free = true;
  return {
    length: block.length,
    bytes: block.bytes,
    text: () => block.text(),
    take: () => {
      const taken = free;
      free = false;
      return taken;
    },
  };
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

test('a block is stored where it lies, under keys of any length, with and without a deadline', () => {
  for (const expiresAt of [0, 1_800_000_000_000]) {
    for (const keyBytes of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1000]) {
      const store = newStore();
      const key = 'k'.repeat(keyBytes);
      const bytes = bytesOf(keyBytes + 1);
      const block = received(bytes, keyBytes);
      store.put(key, block, 0, 7, expiresAt);
      store.audit();
      assert.equal(block.take(), false, 'the memory is the store’s');
      const entry = store.get(key, true)!;
      assert.equal(entry.block!.bytes.buffer, block.bytes.buffer, 'not copied');
      assert.ok(sameBytes(entry.block!.bytes, bytes), `key of ${keyBytes} bytes, deadline ${expiresAt}`);
      assert.deepEqual([entry.value, entry.version, entry.expiresAt], ['', 7, expiresAt]);
      assert.ok(store.get(key)!.value === bytes.toString('latin1'));
      assert.ok(sameBytes(block.bytes, bytes));
    }
  }
});

test('a block whose memory does not fit, or is not free, is copied', () => {
  const bytes = bytesOf(3);
  const store = newStore();
  const taken = received(bytes, 3);
  taken.take();
  const cases: readonly [string, Block][] = [
    ['key', taken],
    ['longer key', received(bytes, 3)],
    ['k', received(bytes, 4)],
  ];
  for (const [key, block] of cases) {
    store.put(key, block, 1, 1, 5);
    assert.ok(sameBytes(store.get(key, true)!.block!.bytes, bytes), key);
    assert.ok(sameBytes(block.bytes, bytes), key);
  }
  assert.notEqual(store.get('key', true)!.block!.bytes.buffer, taken.bytes.buffer);
  store.audit();
});

test('what was lent out never changes: not when replaced, given a deadline, removed, or when all is cleared', () => {
  const budget = createBudget();
  const store = newStore(budget);
  const bytes = bytesOf(5);
  const changes: readonly [string, () => void][] = [
    ['replaced by a block', () => store.put('key', received(bytesOf(7), 3), 0, 2, 0)],
    ['replaced by a string', () => store.put('key', bytesOf(9).toString('latin1'), 0, 2, 0)],
    ['replaced by a short string', () => store.put('key', 'short', 0, 2, 0)],
    ['given a deadline', () => store.setDeadline('key', 2, 1_800_000_000_000)],
    ['patched', () => store.patch('key', 5, 'other', 0, 2)],
    ['made longer', () => store.patch('key', LENGTH, 'other', 0, 2)],
    ['removed', () => store.remove('key')],
    ['cleared', () => store.clear()],
  ];
  for (const [name, change] of changes) {
    for (const value of [received(bytes, 3), bytes.toString('latin1')]) {
      store.put('key', value, 0, 1, 0);
      const { block } = store.get('key', true)!;
      change();
      store.audit();
      assert.ok(sameBytes(block!.bytes, bytes), name);
    }
  }
  store.release();
  assert.equal(budget.reserved, 0);
});

test('what was lent out does not change either for a value just too short to be a block, which takes as many bytes', () => {
  const large = bytesOf(3, BLOCK_BYTES_MIN);
  const short = 'x'.repeat(BLOCK_BYTES_MIN - 1);
  for (const value of [received(large, 3), large.toString('latin1')]) {
    const store = newStore();
    store.put('key', value, 0, 1, 0);
    const { block } = store.get('key', true)!;
    store.put('key', short, 0, 2, 0);
    store.audit();
    assert.ok(sameBytes(block!.bytes, large));
    assert.ok(store.get('key')!.value === short);
  }
});

test('a value nobody else has is patched where it lies, and has room to grow; one that is shared is copied once', () => {
  const store = newStore();
  const bytes = bytesOf(3);
  store.put('key', received(bytes, 3), 0, 1, 9);
  const adopted = store.get('key', true)!.block!;
  store.patch('key', LENGTH, 'abc', 1, 2);
  const reserved = store.reservedBytes;
  for (let version = 3; version < 100; version++) store.patch('key', LENGTH + 3, 'x'.repeat(1000), 1, version);
  assert.equal(store.reservedBytes, reserved, 'not copied again');
  store.audit();
  assert.ok(sameBytes(adopted.bytes, bytes));
  const { value, kind, version, expiresAt } = store.get('key')!;
  assert.ok(value === `${bytes.toString('latin1')}abc${'x'.repeat(1000)}`);
  assert.deepEqual([kind, version, expiresAt], [1, 99, 9]);
  assert.equal(store.part('key', LENGTH + 1, 4), 'bcxx');
});

test('only large values are blocks, and only for who asks', () => {
  const store = newStore();
  store.put('below', 'x'.repeat(BLOCK_BYTES_MIN - 1), 0, 1, 0);
  store.put('at', 'x'.repeat(BLOCK_BYTES_MIN), 0, 2, 0);
  assert.equal(store.get('below', true)!.block, undefined);
  assert.equal(store.get('at', true)!.block!.length, BLOCK_BYTES_MIN);
  assert.equal(store.get('at')!.block, undefined);
  assert.equal(store.get('at')!.value.length, BLOCK_BYTES_MIN);
});
