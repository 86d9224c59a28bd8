import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ValueKind } from '../../src/core/data/operation.ts';
import {
  deadlineAt,
  entrySize,
  hasDeadlineSlot,
  isDead,
  keyBytesAt,
  keyWordAt,
  kindAt,
  markAt,
  markDead,
  sizeAt,
  valueBytesAt,
  versionAt,
  writeDeadline,
  writeHeader,
  writeMark,
  writeVersion,
} from '../../src/core/store/entry.ts';

const FAR = Number.MAX_SAFE_INTEGER;

test('every field keeps its extreme values, and leaves the others alone', () => {
  const words = new Int32Array(16);
  const at = 3;
  for (const keyBytes of [0, 1, 65_535, 65_536]) {
    for (const valueBytes of [0, 1, 512 * 1024 * 1024]) {
      for (const kind of [0, 1, 2] as ValueKind[]) {
        for (const version of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47, 2 ** 48, FAR]) {
          for (const expiresAt of [0, 1, 2 ** 31, 2 ** 32, FAR]) {
            for (const mark of [0, 1, 0x8000, 0xffff]) {
              writeHeader(words, at, keyBytes, valueBytes, kind, version, expiresAt, expiresAt !== 0, mark);
              const expected = [keyBytes, valueBytes, kind, version, expiresAt, mark, expiresAt !== 0];
              assert.deepEqual(fields(words, at), expected);
              assert.equal(sizeAt(words, at), entrySize(keyBytes, valueBytes, expiresAt !== 0));
              assert.equal(keyWordAt(words, at), at + (expiresAt === 0 ? 4 : 6));
            }
          }
        }
      }
    }
  }
});

test('a rewritten field changes nothing else', () => {
  const words = new Int32Array(16);
  const fresh = () => writeHeader(words, 0, 65_536, 77, 2, FAR, 5, true, 0xffff);
  fresh();
  writeVersion(words, 0, 2 ** 40 + 3);
  assert.deepEqual(fields(words, 0), [65_536, 77, 2, 2 ** 40 + 3, 5, 0xffff, true]);
  fresh();
  writeMark(words, 0, 0x1234);
  assert.deepEqual(fields(words, 0), [65_536, 77, 2, FAR, 5, 0x1234, true]);
  fresh();
  writeDeadline(words, 0, 0);
  assert.deepEqual(fields(words, 0), [65_536, 77, 2, FAR, 0, 0xffff, true]);
  fresh();
  assert.equal(isDead(words, 0), false);
  markDead(words, 0);
  assert.equal(isDead(words, 0), true);
  assert.deepEqual(fields(words, 0), [65_536, 77, 2, FAR, 5, 0xffff, true]);
  assert.equal(sizeAt(words, 0), entrySize(65_536, 77, true));
});

test('sizes are rounded up to 8', () => {
  const rows: [number, number, boolean, number][] = [
    [0, 0, false, 16],
    [1, 0, false, 24],
    [16, 64, false, 96],
    [16, 64, true, 104],
    [16, 65, false, 104],
    [65_536, 512 * 1024 * 1024, true, 536_936_472],
  ];
  for (const [keyBytes, valueBytes, deadline, size] of rows) {
    assert.equal(entrySize(keyBytes, valueBytes, deadline), size);
  }
});

function fields(words: Int32Array, at: number): unknown[] {
  return [
    keyBytesAt(words, at),
    valueBytesAt(words, at),
    kindAt(words, at),
    versionAt(words, at),
    deadlineAt(words, at),
    markAt(words, at),
    hasDeadlineSlot(words, at),
  ];
}
