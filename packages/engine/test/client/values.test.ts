/** Any value that is accepted comes back as it was; any key and text survives; damaged values stay readable. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeKey, encodeKey } from '../../src/client/codec/keys.ts';
import { decodeValue, encodeValue, kindOf } from '../../src/client/codec/values.ts';
import { ValueKind } from '../../src/core/data/operation.ts';
import { isAscii, oneByteToBytes, oneByteToText, textToOneByte } from '../../src/runtime/memory/one-byte.ts';

const LIMIT = 1 << 24;

function roundTrip(value: unknown): unknown {
  const kind = kindOf(value);
  const stored = encodeValue(value, kind, LIMIT);
  assert.ok(
    [...stored].every((char) => char.charCodeAt(0) < 256),
    'one byte per character',
  );
  return decodeValue(stored, kind);
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const structured = fc.anything({
  key: text.filter((name) => name !== '__proto__'),
  values: [
    text,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
  ],
  withMap: true,
  withSet: true,
  withTypedArray: true,
  maxDepth: 4,
});

describe('values', () => {
  it('what V8 could not make one string of is refused as any value or key that is too long', () => {
    const text = '\u{e9}'.repeat(2 ** 28); // in UTF-8, 24 bytes more than V8's longest string
    const tooLarge = { code: 'VALUE_TOO_LARGE' };
    assert.throws(() => encodeValue(text, ValueKind.text, 511 * 2 ** 20), tooLarge);
    assert.throws(() => encodeValue(new Uint8Array(2 ** 29), ValueKind.bytes, 511 * 2 ** 20), tooLarge);
    assert.throws(() => encodeValue({ text }, ValueKind.structured, 511 * 2 ** 20), tooLarge);
    assert.throws(() => encodeKey(text, 65_536), { code: 'KEY_TOO_LARGE' });
    assert.throws(() => encodeKey(new Uint8Array(2 ** 29), 65_536), { code: 'KEY_TOO_LARGE' });
  });

  it('structured values come back as they were', () => {
    const storable = structured.filter((value) => value !== undefined);
    fc.assert(
      fc.property(storable, (value) => assert.deepStrictEqual(roundTrip(value), value)),
      { numRuns: 2000 },
    );
  });

  it('numbers come back as they were, as decimal text if finite', () => {
    fc.assert(
      fc.property(fc.double(), (value) => assert.ok(Object.is(roundTrip(value), value))),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => Object.is(roundTrip(value), value)));
    assert.equal(kindOf(5), ValueKind.number);
    assert.equal(encodeValue(-1.5, ValueKind.number, LIMIT), '-1.5');
    assert.deepStrictEqual([-0, Number.NaN, Number.POSITIVE_INFINITY].map(kindOf), [2, 2, 2]);
  });

  it('text and bytes come back as they were', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (value) => roundTrip(value) === value));
    fc.assert(fc.property(fc.uint8Array(), (value) => assert.deepStrictEqual(roundTrip(value), value)));
  });

  it('text is UTF-8, and ASCII is handed through as it is', () => {
    for (const value of ['', 'a'.repeat(31), 'a'.repeat(33), 'ü', `${'a'.repeat(40)}é`, '\x7f', '\x80', '🌍']) {
      const encoded = textToOneByte(value)!;
      assert.equal(encoded, Buffer.from(value).toString('latin1'));
      assert.equal(isAscii(value), encoded.length === value.length);
      assert.equal(oneByteToText(encoded), value);
    }
  });

  it('numbers that increments made come back exactly', () => {
    const stored: [string, unknown][] = [
      ['9007199254740992', 2 ** 53],
      ['9007199254740993', 2n ** 53n + 1n],
      ['-9223372036854775808', -(2 ** 63)],
      ['9223372036854775807', 2n ** 63n - 1n],
      ['10000000000000000000000', 1e22],
      ['0.0000005', 5e-7],
      ['5 apples', '5 apples'],
    ];
    for (const [text, value] of stored) assert.deepStrictEqual(decodeValue(text, ValueKind.number), value);
  });

  it('what others damaged reads back as bytes', () => {
    assert.deepStrictEqual(decodeValue('a\xff', ValueKind.text), new Uint8Array([0x61, 0xff]));
    const packed = encodeValue({ a: 1 }, ValueKind.structured, LIMIT);
    assert.deepStrictEqual(decodeValue(packed.slice(0, -1), ValueKind.structured), oneByteToBytes(packed.slice(0, -1)));
    assert.deepStrictEqual(decodeValue(`${packed}x`, ValueKind.structured), oneByteToBytes(`${packed}x`));
    assert.deepStrictEqual(decodeValue('', ValueKind.structured), new Uint8Array(0));
  });

  it('a value packed after a failed one is not touched by it', () => {
    const bad = { list: [1, 2, { f: () => 1 }] };
    assert.throws(() => roundTrip(bad));
    assert.deepStrictEqual(roundTrip({ list: [1, 2, { f: 3 }] }), { list: [1, 2, { f: 3 }] });
  });

  it('decoded bytes share no memory with anything', () => {
    const { inner } = roundTrip({ inner: new Uint8Array([1, 2]) }) as { inner: Uint8Array };
    assert.equal(inner.constructor, Uint8Array);
    assert.equal(inner.buffer.byteLength, 2);
  });

  it('msgpack is plain: others can read it', () => {
    assert.equal(encodeValue([-0], ValueKind.structured, LIMIT), '\x91\xcb\x80\0\0\0\0\0\0\0');
    assert.equal(encodeValue([null, true, 1], ValueKind.structured, LIMIT), '\x93\xc0\xc3\x01');
  });
});

describe('keys', () => {
  it('a string and its bytes are one key, and come back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (key) => {
        const encoded = encodeKey(key, LIMIT);
        assert.equal(encodeKey(Buffer.from(key), LIMIT), encoded);
        assert.equal(decodeKey(encoded), key);
      }),
    );
  });
});
