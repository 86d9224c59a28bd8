/** The read cache alone: its index against a Map, its bytes against its budget, and what accepted answers do to its entries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newPut,
  type Operation,
  PLAIN_PUT,
  type PutTerms,
  ValueKind,
  type WriteOperation,
} from '../../src/core/data/operation.ts';
import { itemsResult, plainResult, type Result, Status, valueResult } from '../../src/core/data/result.ts';
import { CacheIndex, NO_CELL } from '../../src/core/master/read-cache/cache-index.ts';
import { NOWHERE, ReadCache } from '../../src/core/master/read-cache/read-cache.ts';
import { Call } from '../../src/core/master/shard/call.ts';
import { BufferMemory } from '../../src/runtime/memory/buffer-memory.ts';
import { seeded } from './seeded.ts';

const SINK = { onResult: () => {}, onError: () => {} };
const SHARD = 3;
const SLOT = 7;

function newCache(bytesMax = 1024 * 1024): ReadCache {
  return new ReadCache({ shards: 4, bytesMax, hashSeed: 99, memory: new BufferMemory() });
}

function stored(value: string, version = 1, expiresAt = 0): Result {
  return valueResult(Status.ok, version, value, ValueKind.text, expiresAt);
}

function fill(cache: ReadCache, key: string, value: string, version = 1, expiresAt = 0): void {
  cache.fill(SHARD, SLOT, key, stored(value, version, expiresAt));
}

function write(cache: ReadCache, operation: WriteOperation, result: Result): void {
  cache.onWrite(new Call(SHARD, operation, SINK, SLOT), result);
}

function put(cache: ReadCache, key: string, value: string, version: number, terms: Partial<PutTerms> = {}): void {
  write(cache, newPut(key, value, ValueKind.text, { ...PLAIN_PUT, ...terms }), plainResult(Status.ok, version));
}

/** What a read of a key is answered; undefined = it is not in the cache. */
function read(cache: ReadCache, key: string): Result | undefined {
  const place = cache.find(key);
  return place === NOWHERE ? undefined : cache.answerAt(place, false);
}

test('an index finds what was added and not removed, whatever the hashes', () => {
  const random = seeded(1);
  const index = new CacheIndex();
  const known = new Map<number, number>();
  const find = (hash: number, place: number): number => {
    let cell = index.first(hash);
    while (cell !== NO_CELL && index.placeAt(cell) !== place) cell = index.next(cell, hash);
    return cell;
  };
  for (let step = 0; step < 20_000; step++) {
    const place = random(400);
    // Few hashes, near one another and at the end of the table: long runs that wrap around.
    const hash = known.get(place) ?? [0, 1, 2, 0x7fffffff, 0x7ffffffe][random(5)]!;
    const cell = find(hash, place);
    assert.equal(cell !== NO_CELL, known.has(place), `step ${step}, place ${place}`);
    if (cell === NO_CELL) {
      while (!index.hasRoom) index.grow();
      index.add(hash, place);
      known.set(place, hash);
    } else {
      index.remove(cell);
      known.delete(place);
    }
    assert.equal(index.size, known.size);
  }
  for (const [place, hash] of known) assert.notEqual(find(hash, place), NO_CELL);
});

test('what was read is answered as its tail would: value, kind, version, deadline; stat without the value', () => {
  const cache = newCache(16 * 1024 * 1024);
  for (const key of ['', 'k', 'key:12', '\xff\x00\x80', 'x'.repeat(65_536)]) {
    for (const value of ['', 'v', '\x00\xff', 'y'.repeat(65_535)]) {
      const kind = ValueKind.structured;
      const result = valueResult(Status.ok, 2 ** 45, value, kind, 2 ** 44);
      write(cache, { verb: 'delete', key, ifVersion: -1, previous: false }, plainResult(Status.ok, 0));
      cache.fill(SHARD, SLOT, key, result);
      const answer = read(cache, key);
      assert.ok(answer?.value === value, `key of ${key.length}, value of ${value.length}`);
      assert.deepEqual({ ...answer, value }, { ...result });
      const place = cache.find(key);
      assert.equal(cache.answerAt(place, true).value, String(value.length));
      assert.deepEqual([cache.shardAt(place), cache.slotAt(place), cache.expiresAt(place)], [SHARD, SLOT, 2 ** 44]);
    }
  }
});

test('absent keys, values of 64 KiB, blocks and refusals are not kept', () => {
  const cache = newCache();
  cache.fill(SHARD, SLOT, 'a', plainResult(Status.absent, 0));
  fill(cache, 'b', 'x'.repeat(64 * 1024));
  assert.equal(cache.size, 0);
  fill(cache, 'c', 'small');
  put(cache, 'c', 'x'.repeat(64 * 1024), 2);
  assert.equal(read(cache, 'c'), undefined);
  fill(cache, 'd', 'small');
  const block = { length: 4, bytes: new Uint8Array(4), text: () => 'text', take: () => false };
  write(cache, newPut('d', block, ValueKind.text, PLAIN_PUT), plainResult(Status.ok, 2));
  assert.equal(read(cache, 'd'), undefined);
});

test('a plain put overwrites what was read since the last write, and nothing else', () => {
  const cache = newCache();
  put(cache, 'k', 'one', 1);
  assert.equal(read(cache, 'k'), undefined, 'what nobody has read is not kept');
  fill(cache, 'k', 'one', 1);
  put(cache, 'k', 'two', 2);
  put(cache, 'k', 'three', 3);
  assert.equal(read(cache, 'k'), undefined, 'written twice, never read: forgotten');
  fill(cache, 'k', 'three', 3);
  put(cache, 'k', 'four', 4);
  assert.deepEqual(read(cache, 'k'), stored('four', 4));
  put(cache, 'k', 'longer than the room that four had', 5);
  assert.deepEqual(read(cache, 'k'), stored('longer than the room that four had', 5));
  put(cache, 'k', 'short', 6);
  assert.deepEqual(read(cache, 'k'), stored('short', 6));
});

test('a put that was refused changes nothing', () => {
  const cache = newCache();
  fill(cache, 'k', 'old', 4);
  for (const status of [Status.conditionFailed, Status.outOfMemory, Status.valueTooLarge] as const) {
    write(cache, newPut('k', 'new', ValueKind.text, { ...PLAIN_PUT, ifVersion: 1 }), plainResult(status, 4));
    assert.deepEqual(read(cache, 'k'), stored('old', 4));
  }
});

test('an increment leaves its number', () => {
  const cache = newCache();
  cache.fill(SHARD, SLOT, 'n', valueResult(Status.ok, 1, '41', ValueKind.number, 500));
  write(cache, { verb: 'increment', key: 'n', by: '1' }, valueResult(Status.ok, 2, '42', ValueKind.number, 500));
  assert.deepEqual(read(cache, 'n'), valueResult(Status.ok, 2, '42', ValueKind.number, 500));
});

test('every other write of its key forgets an entry, and of no other key', () => {
  const kind = ValueKind.text;
  const done = valueResult(Status.ok, 9, '7', kind, 0);
  const key = 'k';
  const writes: [WriteOperation, Result][] = [
    [newPut(key, 'v', kind, { ...PLAIN_PUT, ttl: 50 }), plainResult(Status.ok, 9)],
    [newPut(key, 'v', kind, { ...PLAIN_PUT, ttl: -1 }), plainResult(Status.ok, 9)],
    [newPut(key, 'v', kind, { ...PLAIN_PUT, deadline: 5000 }), plainResult(Status.ok, 9)],
    [{ verb: 'delete', key, ifVersion: -1, previous: false }, plainResult(Status.ok, 0)],
    [{ verb: 'append', key, value: 'v', kind }, done],
    [{ verb: 'set-range', key, offset: 1, value: 'v' }, done],
    [{ verb: 'set-bit', key, offset: 1, bit: 1 }, done],
    [{ verb: 'expire', key, ttl: 50, deadline: 0, when: 'always' }, plainResult(Status.ok, 9)],
    [{ verb: 'install', key: '', effects: [{ type: 'remove', key, cause: 'delete' }] }, plainResult(Status.ok, 9)],
    [
      {
        ...{ verb: 'transaction', key: '', conditions: [], otherwise: [], lenient: false },
        then: [newPut(key, 'v', kind, PLAIN_PUT)],
      },
      itemsResult(Status.ok, 0, [plainResult(Status.ok, 9)]),
    ],
  ];
  for (const [operation, result] of writes) {
    const cache = newCache();
    fill(cache, 'k', 'old');
    fill(cache, 'other', 'stays');
    write(cache, operation, result);
    assert.equal(read(cache, 'k'), undefined, operation.verb);
    assert.deepEqual(read(cache, 'other'), stored('stays'), operation.verb);
  }
});

test("the primary's own removals, a clear, and the end of a shard forget", () => {
  const cache = newCache();
  const both = (): void => {
    fill(cache, 'k', 'old');
    cache.fill(1, SLOT, 'elsewhere', stored('stays'));
  };
  const check = (why: string): void => {
    assert.equal(read(cache, 'k'), undefined, why);
    assert.deepEqual(read(cache, 'elsewhere'), stored('stays'), why);
  };
  for (const cause of ['expire', 'evict'] as const) {
    both();
    cache.onOwnRecord(SHARD, { type: 'remove', key: 'k', cause });
    check(cause);
  }
  both();
  write(cache, { verb: 'clear', key: '' }, plainResult(Status.ok, 0));
  check('clear');
  both();
  cache.forgetShard(SHARD);
  check('lost or reset');
  both();
  assert.deepEqual(read(cache, 'k'), stored('old'), 'filled again');
});

test('it never takes more than its budget, and keeps what was read last', () => {
  for (const bytesMax of [0, 500, 2_000, 10_000, 300_000]) {
    const random = seeded(bytesMax + 1);
    const cache = newCache(bytesMax);
    for (let step = 0; step < 8_000; step++) {
      const key = `key:${random(3_000)}`;
      fill(cache, key, 'v'.repeat(random(120)), step);
      if (random(3) === 0) put(cache, `key:${random(3_000)}`, 'w'.repeat(random(300)), step);
      if (random(50) === 0) cache.forgetShard(SHARD);
      assert.ok(cache.bytes <= bytesMax, `${cache.bytes} of ${bytesMax}`);
    }
    assert.equal(cache.size > 0, bytesMax >= 2_000);
    fill(cache, 'last', 'value', 9_000);
    assert.deepEqual(read(cache, 'last'), bytesMax >= 2_000 ? stored('value', 9_000) : undefined);
  }
});

test('against a Map: every answer is the last value of its key', () => {
  const random = seeded(5);
  const cache = newCache(40_000);
  const known = new Map<string, Result>();
  let hits = 0;
  for (let step = 1; step <= 50_000; step++) {
    const key = `k${random(300)}`;
    const value = `${step}${'.'.repeat(random(90))}`;
    const entry = known.get(key);
    switch (random(6)) {
      case 0:
        put(cache, key, value, step);
        known.set(key, stored(value, step));
        break;
      case 1: {
        const operation: Operation = { verb: 'append', key, value, kind: ValueKind.text };
        write(cache, operation, valueResult(Status.ok, step, String(value.length), ValueKind.text, 0));
        known.set(key, stored((entry?.value ?? '') + value, step));
        break;
      }
      case 2:
        cache.onOwnRecord(SHARD, { type: 'remove', key, cause: 'evict' });
        known.delete(key);
        break;
      default: {
        const result = read(cache, key);
        if (result === undefined) cache.fill(SHARD, SLOT, key, entry ?? plainResult(Status.absent, 0));
        else {
          hits += 1;
          assert.deepEqual(result, entry);
        }
      }
    }
  }
  assert.ok(hits > 1_000, `${hits} hits`);
});

test('a decoded copy ends with the entry it is of, however that ends', () => {
  const ends: [string, (cache: ReadCache) => void][] = [
    ['overwritten', (cache) => put(cache, 'k', 'new', 2)],
    ['forgotten', (cache) => write(cache, { verb: 'append', key: 'k', value: 'v', kind: ValueKind.text }, stored('4'))],
    ['removed', (cache) => cache.onOwnRecord(SHARD, { type: 'remove', key: 'k', cause: 'evict' })],
    ['its shard ended', (cache) => cache.forgetShard(SHARD)],
    [
      'driven out',
      (cache) => {
        for (let at = 0; at < 2_000; at++) fill(cache, `key:${at}`, 'v'.repeat(100));
      },
    ],
    ['closed', (cache) => cache.close()],
  ];
  for (const [how, end] of ends) {
    const cache = newCache(400_000);
    fill(cache, 'k', 'old');
    cache.keepCopy('K', 'k', 'decoded');
    assert.equal(cache.copyOf('K')?.value, 'decoded');
    if (how === 'driven out') for (let at = 0; at < 3_000; at++) fill(cache, `more:${at}`, 'v'.repeat(100));
    end(cache);
    assert.equal(cache.copyOf('K'), undefined, how);
    fill(cache, 'k', 'again', 3);
    cache.keepCopy('K', 'k', 'decoded again');
    assert.equal(cache.copyOf('K')?.value, how === 'closed' ? cache.copyOf('K')?.value : 'decoded again', how);
  }
});

for (const [mib, least, most] of [
  [8, 5_000, (8 * 1024 * 1024) / 4 / 160],
  [64, 20_000, 32_768],
] as const) {
  test(`of ${mib} MiB copies are so many and so heavy at most, and one that makes way leaves its entry as it is`, () => {
    const cache = newCache(mib * 1024 * 1024);
    for (let at = 0; at < 60_000; at++) {
      fill(cache, `key:${at}`, 'v');
      cache.keepCopy(`key:${at}`, `key:${at}`, 'v');
      assert.ok(cache.bytes <= cache.bytesMax);
    }
    let kept = 0;
    for (let at = 0; at < 60_000; at++) if (cache.copyOf(`key:${at}`) !== undefined) kept += 1;
    assert.ok(kept > least && kept <= most, `${kept} copies`);
    const found = Array.from({ length: 100 }, (_, at) => read(cache, `key:${59_999 - at}`));
    assert.ok(found.every((result) => result?.value === 'v'));
  });
}

test('once there is no room for copies most are refused before their entry is looked for', () => {
  const cache = newCache(8 * 1024 * 1024);
  for (let at = 0; at < 20_000; at++) fill(cache, `key:${100_000 + at}`, 'v');
  for (let at = 0; at < 15_000; at++) cache.keepCopy(`key:${100_000 + at}`, `key:${100_000 + at}`, 'v');
  let looks = 0;
  const find = cache.find.bind(cache);
  cache.find = (key) => {
    looks += 1;
    return find(key);
  };
  for (let at = 16_000; at < 16_310; at++) cache.keepCopy(`key:${100_000 + at}`, `key:${100_000 + at}`, 'v');
  assert.equal(looks, 10);
  let kept = 0;
  for (let at = 16_000; at < 16_310; at++) if (cache.copyOf(`key:${100_000 + at}`) !== undefined) kept += 1;
  assert.equal(kept, 10);
});
