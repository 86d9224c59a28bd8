import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HASH_MAX, hashWords, KEY_BYTES_MAX, PackedKey } from '../../src/core/store/hash.ts';

/** HalfSipHash-c-d straight from the paper, byte by byte, to hold the fast one against. */
function halfSipHash(bytes: Uint8Array, key0: number, key1: number, c: number, d: number): number {
  const v = [key0, key1, 0x6c796765 ^ key0, 0x74656462 ^ key1];
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  const round = () => {
    v[0] = (v[0]! + v[1]!) | 0;
    v[1] = rotate(v[1]!, 5) ^ v[0];
    v[0] = rotate(v[0], 16);
    v[2] = (v[2]! + v[3]!) | 0;
    v[3] = rotate(v[3]!, 8) ^ v[2];
    v[0] = (v[0] + v[3]) | 0;
    v[3] = rotate(v[3], 7) ^ v[0];
    v[2] = (v[2] + v[1]) | 0;
    v[1] = rotate(v[1], 13) ^ v[2];
    v[2] = rotate(v[2], 16);
  };
  const absorb = (word: number) => {
    v[3]! ^= word;
    for (let i = 0; i < c; i++) round();
    v[0]! ^= word;
  };
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    absorb(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
  }
  let last = bytes.length << 24;
  for (let i = whole; i < bytes.length; i++) last |= bytes[i]! << ((i - whole) * 8);
  absorb(last);
  v[2]! ^= 0xff;
  for (let i = 0; i < d; i++) round();
  return (v[1]! ^ v[3]!) >>> 0;
}

const oneByteString = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

test('the reference agrees with the published vectors of HalfSipHash-2-4', () => {
  const expected = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a];
  const input = Uint8Array.from([0, 1, 2]);
  for (const [length, value] of expected.entries()) {
    assert.equal(halfSipHash(input.subarray(0, length), 0x03020100, 0x07060504, 2, 4), value);
  }
});

test('a packed key hashes as HalfSipHash-1-3, cut to 31 bits', () => {
  const packed = new PackedKey();
  fc.assert(
    fc.property(oneByteString, fc.integer(), fc.integer(), (key, key0, key1) => {
      packed.pack(key);
      assert.equal(packed.hash(key0, key1), halfSipHash(Buffer.from(key, 'latin1'), key0, key1, 1, 3) & HASH_MAX);
    }),
  );
});

test('a key inside a chunk hashes and compares the same whatever follows it', () => {
  const packed = new PackedKey();
  fc.assert(
    fc.property(oneByteString, oneByteString, fc.integer(), (key, after, seed) => {
      const bytes = new Uint8Array(256);
      const words = new Int32Array(bytes.buffer);
      packed.pack(key);
      packed.copyTo(words, 5);
      bytes.set(Buffer.from(after, 'latin1'), 20 + key.length);
      assert.equal(hashWords(words, 5, key.length, seed, ~seed), packed.hash(seed, ~seed));
      assert.ok(packed.equals(words, 5));
      if (key.length === 0) return;
      bytes[20 + key.length - 1]! ^= 1;
      assert.ok(!packed.equals(words, 5));
    }),
  );
});

test('keys of every length up to the longest are packed whole', () => {
  const packed = new PackedKey();
  for (const length of [0, 1, 3, 4, 255, 256, 257, 1000, KEY_BYTES_MAX - 1, KEY_BYTES_MAX]) {
    const key = Buffer.from(Array.from({ length }, (_, i) => i % 251)).toString('latin1');
    packed.pack(key);
    assert.equal(Buffer.from(packed.words.buffer).toString('latin1', 0, length), key);
  }
  assert.throws(() => packed.pack('x'.repeat(KEY_BYTES_MAX + 1)), /longer than 65,536/);
});

test('another seed gives another order', () => {
  const packed = new PackedKey();
  packed.pack('some key');
  assert.notEqual(packed.hash(1, 2), packed.hash(1, 3));
  assert.notEqual(packed.hash(1, 2), packed.hash(2, 2));
});
